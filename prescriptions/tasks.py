"""What the worker does. Jobs hold numbers of clinics, nothing else: the queue has no walls."""

import logging
import time
from contextlib import closing, suppress

from django.core.mail import get_connection
from django.core.management import call_command
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from clinics.tenancy import clinic_ids
from prescriptions import delivery, digest
from prescriptions.fhir import bulk
from prescriptions.monitoring.actions import end_idle_timers as end_idle_timers_of

log = logging.getLogger(__name__)

# A job that fails is tried five times, then parked for somebody to look at; the next minute makes
# another. Meanwhile the others go on.
FAILED = RetryStrategy(max_attempts=4, wait=60)
# How long a clinic has the word before the next one gets it.
TURN = 20  # seconds


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="remind", priority=1)
def remind(timestamp: int) -> None:
    """Each minute: write down what is due and have it sent, clinic by clinic."""
    for clinic_id in clinic_ids():
        try:
            delivery.write_due(clinic_id)
            _have_sent(clinic_id)
        except Exception:  # what is wrong with one clinic must not silence the others
            log.exception("the reminders of clinic %s could not be written", clinic_id)


@app.task(pass_context=True, retry=FAILED)
def send(context: JobContext, clinic_id: int) -> None:
    """Send what waits in one clinic; several may do so at once, each takes other reminders."""
    until = time.monotonic() + TURN
    with closing(get_connection()) as mail:
        while not context.should_abort() and delivery.send_one(clinic_id, mail):
            if time.monotonic() > until:
                # A slow mail server of one clinic must not keep the others waiting.
                _have_sent(clinic_id)
                return


def _have_sent(clinic_id: int) -> None:
    with suppress(AlreadyEnqueued):
        if delivery.has_to_send(clinic_id):
            send.configure(queueing_lock=f"send to clinic {clinic_id}").defer(clinic_id=clinic_id)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="tend exports")
def tend_exports(timestamp: int) -> None:
    """Every five minutes: go on with exports that were interrupted, and delete old ones."""
    for clinic_id in clinic_ids():
        bulk.clear_up(clinic_id, at=timezone.now())
        if bulk.is_going(clinic_id):
            have_exported(clinic_id)


@app.task(pass_context=True, priority=-1)
def export(context: JobContext, clinic_id: int) -> None:
    """Write the clinic's export part by part; reminders go first."""
    until = time.monotonic() + TURN
    try:
        while not context.should_abort() and bulk.write_part(clinic_id, at=timezone.now()):
            if time.monotonic() > until:
                have_exported(clinic_id)
                return
    except Exception:
        log.exception("the export of clinic %s could not go on", clinic_id)
        bulk.note_failure(clinic_id, at=timezone.now())


def have_exported(clinic_id: int) -> None:
    """Have a worker go on with the export of this clinic."""
    with suppress(AlreadyEnqueued):
        export.configure(queueing_lock=f"export clinic {clinic_id}").defer(clinic_id=clinic_id)


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="tell staff what waits")
def tell_staff(timestamp: int) -> None:
    """Every ten minutes: e-mails to staff whose morning has come, clinic by clinic."""
    for clinic_id in clinic_ids():
        try:
            digest.write_due(clinic_id)
            with closing(get_connection()) as mail:
                while digest.send_one(clinic_id, mail):
                    pass
        except Exception:  # what is wrong with one clinic must not silence the others
            log.exception("the e-mails to staff of clinic %s could not be sent", clinic_id)


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="look back")
def look_back(timestamp: int) -> None:
    """Each night: the alerts for the week."""
    call_command("look_back")


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="end idle timers")
def end_idle_timers(timestamp: int) -> None:
    """Every five minutes: timers of monitoring that nobody has touched for too long."""
    for clinic_id in clinic_ids():
        try:
            end_idle_timers_of(clinic_id=clinic_id, at=timezone.now())
        except Exception:  # what is wrong with one clinic must not stop the others
            log.exception("the timers of clinic %s could not be ended", clinic_id)


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="watch the audit trail")
def watch_audit_trail(timestamp: int) -> None:
    """Every five minutes: whether somebody opens unusually much."""
    call_command("watch_audit_trail")


@app.periodic(cron="10 4 * * *")
@app.task(queueing_lock="check the audit trail")
def check_audit_trail(timestamp: int) -> None:
    """Each night: whether every clinic's audit trail is whole."""
    call_command("check_audit_trail")


@app.periodic(cron="0 6 1 * *")
@app.task(queueing_lock="report on retention")
def report_on_retention(timestamp: int) -> None:
    """On the first of each month: tell admins how many records need not be kept any longer."""
    call_command("retention_report", "--mail")


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="clear up")
async def clear_up(timestamp: int) -> None:
    """Take away the jobs of workers that were killed: what they did not finish is taken up anew."""
    for job in await app.job_manager.get_stalled_jobs():
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
