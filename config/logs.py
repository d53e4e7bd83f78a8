"""Logs: one line of JSON for each thing that happened, made of an allow-list of fields.

What is not on the list does not reach a log: no message with values filled in, no text of an
exception, no address of a page, no word that somebody typed. What other libraries say is known by
the line of theirs that said it.
"""

import json
import logging
import secrets
import sys
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config import metrics

Answer = Callable[[HttpRequest], HttpResponseBase]
BASE_DIR = Path(__file__).resolve().parent.parent
# Those whose messages are sentences of our own, before any value is filled in.
OURS = {"clinics", "config", "exercises", "patients", "portal", "prescriptions"}
# What a line may say beside when, how bad, who said it and what.
FIELDS = ("method", "route", "status", "ms", "clinic_id", "staff_id", "patient_id")
MOST_FRAMES = 12
# The header that tells a reader of an answer which lines are its own.
REFERENCE = "Bearing-Request"
UNKNOWN_ROUTE = "none"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

log = logging.getLogger(__name__)
_request_id: ContextVar[str] = ContextVar("request_id", default="")


class AsJson(logging.Formatter):
    """Each record as one line of JSON with the fields of the allow-list; times are UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": _event(record),
        }
        if request_id := _request_id.get():
            line["request_id"] = request_id
        said = record.__dict__
        line |= {name: _plain(said[name]) for name in FIELDS if said.get(name) is not None}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__qualname__
            line["at"] = _places(record.exc_info[2])
        return json.dumps(line)


class RequestLog:
    """Middleware: a reference number for each request, a line and a measurement of its answer."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        begun = perf_counter()
        # Of our own making: what the request itself calls its number could be anything.
        reference = secrets.token_hex(8)
        request.reference = reference  # type: ignore[attr-defined]
        token = _request_id.set(reference)
        try:
            response = self.get_response(request)
            response[REFERENCE] = reference
            self._note(request, response, seconds=perf_counter() - begun)
        finally:
            _request_id.reset(token)
        return response

    def _note(self, request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
        method = request.method if request.method in METHODS else "other"
        match = request.resolver_match
        route = match.view_name if match else UNKNOWN_ROUTE
        metrics.note_answer(method, route, response.status_code, seconds)
        membership = getattr(request, "membership", None)
        patient = getattr(request, "patient", None)
        someone = membership or patient
        said = {
            "method": method,
            "route": route,
            "status": response.status_code,
            "ms": round(seconds * 1000),
            "clinic_id": someone and someone.clinic_id,
            "staff_id": membership and membership.user_id,
            "patient_id": patient and patient.pk,
        }
        log.info("answered", extra=said)


def configuration(level: str) -> dict[str, Any]:
    """Everything as JSON on standard error, for Django's LOGGING and for gunicorn."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "config.logs.AsJson"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Their own handlers would write whole messages; "root" writes what may be written.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            # Pages that were not found have their line already.
            "django.request": {"level": "ERROR"},
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            # It tells each job's arguments, each time it looks.
            "procrastinate": {"level": "WARNING"},
        },
    }


def _event(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] in OURS and isinstance(record.msg, str):
        return record.msg
    return f"{record.module}.{record.funcName}:{record.lineno}"


def _plain(value: object) -> str | int:
    return value if isinstance(value, int) else str(value)


def _places(trace: Any) -> list[str]:
    """Where it happened, innermost last: files, lines and functions, and nothing of the values."""
    frames = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)
    ]
    return frames[-MOST_FRAMES:]


def _short(filename: str) -> str:
    for root in (str(BASE_DIR), *sorted(sys.path, key=len, reverse=True)):
        if root and filename.startswith(f"{root}/"):
            return filename[len(root) + 1 :]
    return Path(filename).name
