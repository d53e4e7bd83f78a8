"""Which rows each resource is made from: one list, from which everything else is answered.

To show something more over FHIR, add a Source to SOURCES, or a Fixed one for what is no row.
Rows are read in the order of their numbers, so that a page begins after the last one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    DateTimeField,
    ExpressionWrapper,
    F,
    Max,
    Min,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, Least

from clinics.models import AuditEvent, AuditKind, Clinic
from exercises.models import ExerciseEdition
from patients.models import DirectionTest, Patient
from prescriptions.fhir import logs as told
from prescriptions.fhir import people, programme, provenance, questions, safety
from prescriptions.fhir.codes import Json
from prescriptions.models import (
    KeptFinding,
    Override,
    Pause,
    PrescribedExercise,
    PrescriptionEdition,
    SessionEntry,
    SessionLog,
)

Rows = QuerySet[Any]
FHIR_ID_LENGTH = 64
LARGEST_KEY = 2**63 - 1


class Asked(NamedTuple):
    """Which rows are asked for: of one patient, or changed or dated in a span of time."""

    patient: int | None = None
    updated: Q = Q()
    date: Q = Q()


class Made(NamedTuple):
    """A resource, with the row it was made from: its number, and whom it is about."""

    row: int
    patient: int | None
    resource: Json


@dataclass(frozen=True)
class Source:
    """One kind of row, and the resources that each row of it becomes.

    `prefixes` stand in their ids before the number of the row, in the order in which `write` gives
    the resources. `patient` leads from a row to the number of its patient; `date` is the column
    that a search by date means.
    """

    kind: str
    prefixes: tuple[str, ...]
    rows: Callable[[Clinic, datetime], Rows]
    write: Callable[[Any, datetime], Iterable[Json]]
    patient: str = "patient_id"
    date: str = ""
    date_is_a_day: bool = False

    def take(
        self, clinic: Clinic, asked: Asked, *, now: datetime, after: int, most: int
    ) -> list[Made]:
        """The resources of the next `most` rows after a number; costs the same for one or fifty."""
        rows = self.rows(clinic, now).filter(asked.updated, asked.date, pk__gt=after)
        if asked.patient is not None:
            rows = rows.filter(**{self.patient: asked.patient})
        return [made for row in rows.order_by("pk")[:most] for made in self._made(row, now)]

    def one(self, clinic: Clinic, key: str, *, now: datetime) -> Made | None:
        """The resource of this id, or None."""
        number = self.number_of(key)
        row = None if number is None else self.rows(clinic, now).filter(pk=number).first()
        if row is None:
            return None
        return next((made for made in self._made(row, now) if made.resource["id"] == key), None)

    def number_of(self, key: str) -> int | None:
        """The row of an id; None for ids of other kinds."""
        for prefix in self.prefixes:
            number = key.removeprefix(prefix)
            is_number = number.isascii() and number.isdecimal() and not number.startswith("0")
            if key.startswith(prefix) and is_number and int(number) <= LARGEST_KEY:
                return int(number)
        return None

    def _made(self, row: Any, now: datetime) -> Iterator[Made]:
        about = getattr(row, self.patient) if self.patient else None
        for resource in self.write(row, now):
            yield Made(row.pk, about, resource)


@dataclass(frozen=True)
class Fixed:
    """Resources that are the same in every clinic, and no rows."""

    kind: str
    resources: tuple[Callable[[datetime], Json], ...]
    patient: str = ""
    date: str = ""
    date_is_a_day: bool = False
    prefixes: tuple[str, ...] = ("",)

    def take(
        self, clinic: Clinic, asked: Asked, *, now: datetime, after: int, most: int
    ) -> list[Made]:
        """Those after a number; none where a time of change is asked for, because none changes."""
        if asked.updated or asked.patient is not None:
            return []
        numbered = enumerate(self.resources, start=1)
        return [Made(n, None, make(now)) for n, make in numbered if after < n][:most]

    def one(self, clinic: Clinic, key: str, *, now: datetime) -> Made | None:
        made = self.take(clinic, Asked(), now=now, after=0, most=len(self.resources))
        return next((one for one in made if one.resource["id"] == key), None)


Origin = Source | Fixed


def _one(write: Callable[[Any, datetime], Json]) -> Callable[[Any, datetime], list[Json]]:
    return lambda row, now: [write(row, now)]


# The rows, each with `updated_at`: when what is told of it last changed.


def patients(clinic: Clinic, now: datetime) -> Rows:
    """When a record was last edited stands in the audit trail alone."""
    edits = (
        AuditEvent.objects.filter(clinic=OuterRef("clinic"), patient_id=OuterRef("pk"))
        .filter(kind=AuditKind.ACT, target=Patient._meta.label)
        .order_by()
        .values("patient_id")
        .annotate(last=Max("at"))
        .values("last")
    )
    changed = Greatest("created_at", "archived_at", Subquery(edits))
    return Patient.objects.of(clinic).with_clinic().annotate(updated_at=changed)


def editions(clinic: Clinic, now: datetime) -> Rows:
    """Published ones; drafts are nobody's business yet."""
    rows = PrescriptionEdition.objects.of(clinic).published()
    lines = PrescribedExercise.objects.with_names()
    return _with_what_follows(rows, now).prefetch_related(Prefetch("lines", queryset=lines))


def with_something_to_avoid(clinic: Clinic, now: datetime) -> Rows:
    return _with_what_follows(PrescriptionEdition.objects.of(clinic).published(), now).exclude(
        avoid=""
    )


def _with_what_follows(rows: Rows, now: datetime, path: str = "") -> Rows:
    """With the edition before, the day from which another one stands for it, and the last change.

    A course that ended counts as changed until the day after, because no hour of it is kept.
    """
    same_course = PrescriptionEdition.objects.published().filter(
        clinic=OuterRef("clinic"), prescription=OuterRef(f"{path}prescription")
    )
    later = same_course.filter(number__gt=OuterRef(f"{path}number")).order_by().values("clinic")
    earlier = same_course.filter(number__lt=OuterRef(f"{path}number")).order_by("-number")
    ended = Cast(F(f"{path}prescription__ended_on"), DateTimeField())
    day_after = ExpressionWrapper(ended + Value(programme.DAY), output_field=DateTimeField())
    is_ended = Q(**{f"{path}prescription__ended_on__isnull": False})
    changed = Greatest(
        f"{path}published_at",
        Subquery(later.annotate(last=Max("published_at")).values("last")),
        _only(is_ended, Least(day_after, Value(now))),
    )
    return rows.select_related(f"{path}prescription", "patient__clinic").annotate(
        replaced_from=Subquery(later.annotate(first=Min("starts_on")).values("first")),
        replaces=Subquery(earlier.values("pk")[:1]),
        updated_at=changed,
    )


def lines(clinic: Clinic, now: datetime) -> Rows:
    rows = PrescribedExercise.objects.of(clinic).published()
    return (
        _with_what_follows(rows, now, "edition__")
        .select_related("exercise_edition__exercise", "edition__patient__clinic")
        .prefetch_related("exercise_edition__loads")
    )


def texts(clinic: Clinic, now: datetime) -> Rows:
    """Published texts of the shared catalogue and of the clinic."""
    visible = Q(clinic=None) | Q(clinic=clinic)
    rows = ExerciseEdition.objects.published().filter(visible).select_related("exercise")
    return rows.prefetch_related("loads").annotate(updated_at=F("published_at"))


def entries(clinic: Clinic, now: datetime) -> Rows:
    rows = SessionEntry.objects.of(clinic).with_names()
    return rows.select_related("log__entered_by", "patient__clinic").annotate(
        corrected_at=F("log__corrections__received_at"),
        updated_at=Coalesce("log__corrections__received_at", "log__received_at"),
    )


def logs(clinic: Clinic, now: datetime) -> Rows:
    """What says something; that a log was taken back shows in the log itself."""
    own = SessionEntry.objects.select_related("prescribed_exercise__exercise_edition__exercise")
    rows = SessionLog.objects.of(clinic).not_withdrawals()
    return (
        rows.select_related("entered_by", "patient__clinic")
        .prefetch_related(Prefetch("entries", own.order_by("prescribed_exercise__order", "pk")))
        .annotate(
            corrected_at=F("corrections__received_at"),
            updated_at=Coalesce("corrections__received_at", "received_at"),
        )
    )


def tests(clinic: Clinic, now: datetime) -> Rows:
    rows = DirectionTest.objects.of(clinic).with_people()
    return rows.select_related("by", "patient__clinic").annotate(updated_at=F("at"))


def findings(clinic: Clinic, now: datetime) -> Rows:
    overrides = Prefetch(
        "prescribed_exercise__overrides", Override.objects.select_related("by").order_by("pk")
    )
    return (
        KeptFinding.objects.of(clinic)
        .select_related("prescribed_exercise__exercise_edition", "patient__clinic")
        .prefetch_related(overrides)
        .annotate(updated_at=F("shown_at"))
    )


def pauses(clinic: Clinic, now: datetime) -> Rows:
    rows = Pause.objects.of(clinic).select_related("exercise__current", "patient__clinic")
    return rows.annotate(updated_at=Coalesce("lifted_at", "since"))


def _only(condition: Q, then: Any) -> Any:
    return Case(When(condition, then=then), default=None, output_field=DateTimeField())


ENTRY = ("pain-before-", "pain-during-", "pain-after-", "completion-", "zone-")

# In the order in which $everything tells them.
SOURCES: Sequence[Origin] = (
    Source("Patient", ("",), patients, _one(people.patient), patient="pk"),
    Source(
        "CarePlan", ("",), editions, _one(programme.care_plan),
        date="starts_on", date_is_a_day=True,
    ),
    Source(
        "ServiceRequest", ("",), lines, _one(programme.service_request),
        date="edition__published_at",
    ),
    Source(
        "ActivityDefinition", ("",), texts, _one(programme.activity_definition), patient="",
        date="published_at",
    ),
    Source("Observation", ENTRY, entries, told.observations, date="log__done_at"),
    Source("Observation", ("direction-test-",), tests, _one(safety.direction_test), date="at"),
    Fixed("Questionnaire", (questions.session_log,)),
    Source("QuestionnaireResponse", ("log-",), logs, _one(told.answers), date="done_at"),
    Source("DetectedIssue", ("",), findings, _one(safety.detected_issue), date="shown_at"),
    Source(
        "Flag", ("avoid-",), with_something_to_avoid, _one(safety.to_avoid),
        date="starts_on", date_is_a_day=True,
    ),
    Source("Flag", ("pause-",), pauses, _one(safety.pause), date="since"),
    Source("Provenance", ("plan-",), editions, _one(provenance.of_edition), date="published_at"),
    Source("Provenance", ("log-",), logs, _one(provenance.of_log), date="received_at"),
    Source("Provenance", ("test-",), tests, _one(provenance.of_test), date="at"),
)  # fmt: skip


def kinds() -> list[str]:
    """The types of resources, each once."""
    return list(dict.fromkeys(source.kind for source in SOURCES))


def of_kind(kind: str) -> list[Origin]:
    return [source for source in SOURCES if source.kind == kind]


def about_patients() -> list[Origin]:
    """Those whose resources are of one patient each."""
    return [source for source in SOURCES if source.patient]
