import asyncio
import contextlib
import time
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import AlreadyEnqueued

from prescriptions import tasks

AT_ONCE = 4
# A job that is told to end finishes the reminder it has in hand.
ENDS_WITHIN = 2  # seconds


class Command(BaseCommand):
    help = "Send reminders and do what is done by night, until stopped. Runs beside the web."

    def handle(self, *args: Any, **options: Any) -> None:
        # A login that could step over the walls between clinics must not do a single job.
        call_command("check", databases=["default"], stdout=StringIO())
        with app.replace_connector(DjangoConnector().get_worker_connector()):
            asyncio.run(_work())


async def _work() -> None:
    async with app.open_async():
        # At once, not at the next full minute: something may have waited for a worker.
        with contextlib.suppress(AlreadyEnqueued):
            await tasks.remind.configure().defer_async(timestamp=int(time.time()))
        await app.run_worker_async(
            concurrency=AT_ONCE,
            shutdown_graceful_timeout=ENDS_WITHIN,
            delete_jobs="successful",
        )
