"""What is unusual in the audit trail of the last hour: a line for the clinic's admins."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Count, Max, Q
from django.db.models.fields.json import KT

from clinics.actors import SYSTEM, ActorKind
from clinics.audit import record_as
from clinics.models import AuditEvent, AuditEventQuerySet, AuditKind, Clinic
from clinics.sign_ins import FAILED
from clinics.tenancy import inside

LOOKED_AT = timedelta(hours=1)
# More than that of one person within the hour is worth a question. No source fixes these numbers;
# a therapist who sees a patient every ten minutes opens six records.
MOST_PATIENTS, MOST_REFUSALS, MOST_FAILURES = 60, 20, 10
# So many of a clinic's newest lines are looked through, whatever the trail's length.
LINES = 10_000
SHOWN_FOR, MOST_SHOWN = timedelta(days=7), 20
MANY_PATIENTS = "opened many records in an hour"
MANY_REFUSALS = "was refused many times in an hour"
MANY_FAILURES = "failed to sign in many times in an hour"
ALARMS = (MANY_PATIENTS, MANY_REFUSALS, MANY_FAILURES)


class Alarm(NamedTuple):
    verb: str
    person: str
    person_id: int | None
    times: int


def raise_alarms(clinic_id: int, *, at: datetime) -> int:
    """Write down what is unusual, once an hour for one person; how many alarms that were."""
    with inside(clinic_id):
        clinic = Clinic.objects.get(pk=clinic_id)
        newest = AuditEvent.objects.of(clinic).order_by("-pk")[:LINES].values("pk")
        lately = AuditEvent.objects.of(clinic).filter(pk__in=newest, at__gt=at - LOOKED_AT)
        raised = lately.of_kind(AuditKind.TRAIL).filter(verb__in=ALARMS)
        known = {(line.verb, line.detail["number"]) for line in raised}
        new = [alarm for alarm in _unusual(lately) if (alarm.verb, alarm.person_id) not in known]
        for alarm in new:
            record_as(
                AuditKind.TRAIL,
                clinic_id=clinic_id,
                by=SYSTEM,
                verb=alarm.verb,
                target=clinic,
                detail={
                    "person": alarm.person,
                    "number": alarm.person_id,
                    "count": alarm.times,
                },
            )
    return len(new)


def last_alarms(clinic: Clinic, *, at: datetime) -> list[AuditEvent]:
    """The alarms of the last days, the newest first."""
    trail = AuditEvent.objects.of(clinic).of_kind(AuditKind.TRAIL).filter(verb__in=ALARMS)
    return list(trail.filter(at__gt=at - SHOWN_FOR).order_by("-pk")[:MOST_SHOWN])


def _unusual(lately: AuditEventQuerySet) -> list[Alarm]:
    by_person = (
        lately.filter(actor_kind=ActorKind.STAFF)
        .values_list("actor_id")
        .annotate(
            name=Max("actor_name"),
            patients=Count("patient_id", distinct=True),
            refusals=Count("pk", filter=Q(kind=AuditKind.REFUSED)),
        )
        .order_by("actor_id")
    )
    failures = (
        lately.filter(verb=FAILED)
        .values_list("target_id")
        .annotate(name=Max(KT("detail__person")), times=Count("pk"))
        .order_by("target_id")
    )
    found: list[Alarm] = []
    for number, name, patients, refusals in by_person:
        if patients > MOST_PATIENTS:
            found.append(Alarm(MANY_PATIENTS, name, number, patients))
        if refusals > MOST_REFUSALS:
            found.append(Alarm(MANY_REFUSALS, name, number, refusals))
    for number, name, times in failures:
        if times > MOST_FAILURES:
            found.append(Alarm(MANY_FAILURES, name, number, times))
    return found
