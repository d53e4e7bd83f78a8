"""What a phone has kept and now sends: one session or one sign at a time, each taken once."""

from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from urllib.parse import urlsplit

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from patients.models import RaisedFlag
from portal.access import WHO_HEADER, PatientRequest, patient_only
from portal.following import consequences
from portal.forms import KeyForm, asked_about, entry_forms
from portal.screen import ScreenForm
from prescriptions import actions, watch
from prescriptions.models import UTC_OFFSETS, PrescriptionEdition, SessionLog
from prescriptions.phone_time import CLOCK_MAY_BE_OFF, PhoneTime, done_at

MOST_MILLISECONDS = 4_102_444_800_000  # the year 2100, since 1970
# An answer is never of another kind, so that no login page passes for one of them.
STORED, KNOWN, REFUSED = "stored", "known", "refused"


class ClockForm(forms.Form):
    """The phone's clock at the tap and now, in milliseconds since 1970, and where the phone was."""

    tapped_at = forms.IntegerField(min_value=0, max_value=MOST_MILLISECONDS)
    sent_at = forms.IntegerField(min_value=0, max_value=MOST_MILLISECONDS)
    utc_offset = forms.IntegerField(min_value=UTC_OFFSETS[0], max_value=UTC_OFFSETS[1])


class Reckoned(NamedTuple):
    done_at: datetime
    phone: PhoneTime


@csrf_exempt  # a phone sends after weeks, when its pages' tokens are stale: see is_our_own_page
@require_POST
@patient_only
def outbox(request: PatientRequest) -> HttpResponse:
    """Take one item. It may leave the phone only after an answer of ours says that we have it."""
    if not is_our_own_page(request):
        return _refused(_("This did not come from your own phone."), status=403)
    key, screen = KeyForm(request.POST), ScreenForm(request.POST)
    if not key.is_valid() or not screen.is_valid():
        return _refused(_("We could not read this one. Please fill it in again."))
    if screen.codes:
        return _take_signs(request, screen)
    return _take_log(request, key, screen)


def is_our_own_page(request: HttpRequest) -> bool:
    """Whether a script of our own pages asks.

    Another site cannot set the header without asking us first, which we never allow, and our
    cookie is SameSite. What the browser itself says of where a request comes from must agree.
    """
    origin = request.headers.get("Origin")
    return (
        WHO_HEADER in request.headers
        and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
        and (origin is None or urlsplit(origin).netloc == request.get_host())
    )


def _take_signs(request: PatientRequest, screen: ScreenForm) -> HttpResponse:
    """Raise red flags. One that was raised since this was said has been heard, even if cleared."""
    now = timezone.now()
    said_at = _reckoned(request, earliest=datetime.min.replace(tzinfo=UTC)).done_at
    flags = RaisedFlag.objects.of_patient(request.patient)
    since = flags.filter(raised_at__gte=said_at - CLOCK_MAY_BE_OFF, code__in=screen.codes)
    heard = set(since.values_list("code", flat=True))
    new = [code for code in screen.codes if code not in heard]
    if screen.cleaned_data["injured"] and new:
        watch.report_injury(patient=request.patient, at=now)
    watch.report_red_flags(patient=request.patient, codes=new, at=now)
    return _stored(STORED if new else KNOWN, reverse("portal:today"))


def _take_log(request: PatientRequest, key: KeyForm, screen: ScreenForm) -> HttpResponse:
    """Store a session with the edition it was done by, also when that is no longer the newest."""
    editions = PrescriptionEdition.objects.of_patient(request.patient).published().with_names()
    edition = editions.filter(pk=_number(request.POST.get("edition", ""))).first()
    lines = asked_about(edition, request.POST) if edition else []
    if edition is None or not lines:
        return _refused(_("We do not know this programme. Please fill it in again."))
    entries = entry_forms(lines, request.POST)
    errors = [
        {"field": form.add_prefix(name), "message": str(message)}
        for form in entries
        for name, messages in form.errors.items()
        for message in messages
    ]
    if errors:
        return _refused(_("Some answers do not fit together. Please look at them again."), errors)
    client_uuid = key.cleaned_data["client_uuid"]
    mine = SessionLog.objects.of_patient(request.patient)
    is_known = mine.filter(client_uuid=client_uuid).exists()
    when = _reckoned(request, earliest=_begin(edition, request))
    day = request.patient.local_date(when.done_at)
    if not is_known and not edition.is_open_on(day):
        said = _("This programme was not open on %(day)s. Tell your therapist that you did it.")
        return _refused(said % {"day": date_format(day, "j F")})
    try:
        log = actions.record_session(
            edition=edition,
            entries=[form.report() for form in entries],
            client_uuid=client_uuid,
            done_at=when.done_at,
            received_at=timezone.now(),
            by=request.patient,
            phone=when.phone,
        )
    except actions.LogDiffers:
        return _refused(_("You saved this one before, with other answers."), status=409)
    if screen.cleaned_data["injured"] and not is_known:
        watch.report_injury(patient=request.patient, at=log.received_at)
    limits = watch.limits_of(request.clinic.thresholds)
    followed = consequences(log, request.patient, limits)
    here = reverse("portal:saved", args=[log.pk]) if followed else reverse("portal:today")
    return _stored(KNOWN if is_known else STORED, here)


def _reckoned(request: PatientRequest, *, earliest: datetime) -> Reckoned:
    """When it was done. Nothing is refused for its time: what cannot be read is now, unsure."""
    received_at, clock = timezone.now(), ClockForm(request.POST)
    if not clock.is_valid():
        return Reckoned(received_at, PhoneTime(is_unsure=True))
    tapped_at, sent_at = _moment(clock, "tapped_at"), _moment(clock, "sent_at")
    moment, is_unsure = done_at(
        tapped_at=tapped_at, sent_at=sent_at, received_at=received_at, earliest=earliest
    )
    offset = clock.cleaned_data["utc_offset"]
    return Reckoned(moment, PhoneTime(tapped_at, offset, is_unsure))


def _moment(clock: ClockForm, name: str) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=clock.cleaned_data[name])


def _begin(edition: PrescriptionEdition, request: PatientRequest) -> datetime:
    """The first moment at which a session of the edition can have been done."""
    first_day = datetime.combine(edition.starts_on, time(), request.patient.zone)
    return max(first_day, edition.published_at or first_day)


def _number(typed: str) -> int:
    """A key of the database; one that cannot be is 0, which nothing has."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0


def _stored(result: str, here: str) -> HttpResponse:
    return JsonResponse({"result": result, "next": here})


def _refused(
    message: str, errors: list[dict[str, str]] | None = None, *, status: int = 422
) -> HttpResponse:
    body = {"result": REFUSED, "message": message, "errors": errors or []}
    return JsonResponse(body, status=status)
