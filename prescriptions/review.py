"""What a note and a report tell of one period, gathered once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from patients.models import Patient, RaisedFlag
from prescriptions.alerts import pauses_of
from prescriptions.charts import Mark, MarkKind
from prescriptions.models import PrescriptionEdition, SessionEntry
from prescriptions.progress import Compared, Progress

REMARKS_SHOWN = 10


@dataclass(frozen=True)
class Remark:
    """What the patient wrote of one exercise."""

    day: date
    exercise: str
    text: str


@dataclass(frozen=True)
class Review:
    """One period of one patient; edition, pauses and red flags are those of today."""

    patient: Patient
    progress: Progress
    remarks: Sequence[Remark]  # the newest first
    more_remarks: bool
    edition: PrescriptionEdition | None
    paused: Sequence[str]
    has_red_flag: bool

    @property
    def period(self) -> str:
        """For example: 29 March 2026 to 23 May 2026, 56 days."""
        axis = self.progress.axis
        days = "1 day" if axis.number == 1 else f"{axis.number} days"
        return f"{long_day(axis.first)} to {long_day(axis.last)}, {days}"

    @property
    def tests(self) -> list[Mark]:
        return [mark for mark in self.progress.marks if mark.kind is MarkKind.TEST]

    @property
    def alerts(self) -> list[Mark]:
        return [mark for mark in self.progress.marks if mark.kind is MarkKind.ALERT]

    @property
    def since(self) -> str:
        """Which edition is in force, from when, and when it is to be reviewed; empty for none."""
        if self.edition is None:
            return ""
        review_on = self.edition.review_on
        review = f", review on {long_day(review_on)}" if review_on else ""
        return f"edition {self.edition.number}, since {long_day(self.edition.starts_on)}{review}"

    @property
    def lines(self) -> Iterator[str]:
        """Each exercise of the edition in force: name, dosage, days."""
        for line in self.edition.lines.all() if self.edition else ():
            yield f"{line.name}: {line.dosage}, {line.days_in_words}"


def review_of(patient: Patient, progress: Progress, *, today: date) -> Review:
    """Gather what stands beside the numbers, in a fixed number of queries."""
    axis = progress.axis
    entries = SessionEntry.objects.of_patient(patient).of_days(axis.first, axis.last)
    written = list(
        entries.exclude(comment="").order_by("-log__done_at", "-pk")[: REMARKS_SHOWN + 1]
    )
    editions = PrescriptionEdition.objects.of_patient(patient).in_force_on(today).with_names()
    return Review(
        patient=patient,
        progress=progress,
        remarks=[
            Remark(entry.log.local_date, entry.exercise_name, entry.comment)
            for entry in written[:REMARKS_SHOWN]
        ],
        more_remarks=len(written) > REMARKS_SHOWN,
        edition=editions.first(),
        paused=[thing.name for thing in pauses_of(patient)],
        has_red_flag=RaisedFlag.objects.of_patient(patient).open().exists(),
    )


def in_words(one: Compared) -> str:
    """For example: 4.5 (9 answers on 7 days, …) then 2.0 (…): −2.5, less, by as much as counts."""
    found = one.change
    if found.first is None or found.last is None:
        return found.words
    return f"{found.first.words}, then {found.last.words}: {found.difference}, {found.words}"


def long_day(day: date) -> str:
    return f"{day:%-d %B %Y}"
