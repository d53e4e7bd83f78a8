"""All that the progress page shows, as rows of a spreadsheet."""

from collections.abc import Iterator
from datetime import date

from clinics.csv_export import csv_text
from prescriptions.change_in_pain import Window, one_decimal
from prescriptions.charts import NO_ANSWER
from prescriptions.progress import Compared, Progress

HEADER = ("Part", "About", "Day", "What", "Value")
Cells = tuple[str, str, date | None, str, object]


def numbers_csv(progress: Progress) -> str:
    """A file with a number in each row."""
    return csv_text(HEADER, _rows(progress))


def _rows(progress: Progress) -> Iterator[Cells]:
    axis = progress.axis
    yield "Period", "", None, "First day", axis.first
    yield "Period", "", None, "Last day", axis.last
    for name, count in (
        ("All stretches", progress.total),
        *((one.name, one.count) for one in progress.counts),
    ):
        yield "Sessions", name, None, "Planned", count.planned
        yield "Sessions", name, None, "Logged", count.logged
        yield "Sessions", name, None, "Of these in part", count.in_part
        for why, days in count.left_out:
            yield "Sessions", name, None, f"Days left out: {why.value}", days
    for one in progress.hurting:
        yield "Which stretch hurts", one.name, None, "Times asked", one.asked
        yield "Which stretch hurts", one.name, None, "Hurt", one.hurt
        yield "Which stretch hurts", one.name, None, "No pain", one.no_pain
        yield "Which stretch hurts", one.name, None, "Not answered", one.not_answered
        yield "Which stretch hurts", one.name, None, "Worst", one.worst
    for compared in (*progress.overall, *progress.compared):
        yield from _of_change(compared)
    for chart in progress.charts:
        for row in chart.rows:
            for head, cell in zip(chart.head, row.cells, strict=True):
                if cell != NO_ANSWER:
                    yield "Day by day", chart.title, row.day, head, cell
    for mark in progress.marks:
        yield "What happened", mark.kind.word, mark.day, "", mark.words


def _of_change(compared: Compared) -> Iterator[Cells]:
    part, moment, change = "Change in pain", compared.moment.value.capitalize(), compared.change
    for when, window in (("first days", change.first), ("last days", change.last)):
        if window:
            yield from _of_window(part, compared.subject, f"{moment}, {when}", window)
    if change.difference:
        yield part, compared.subject, None, f"{moment}: difference", change.difference
    yield part, compared.subject, None, moment, change.words


def _of_window(part: str, subject: str, what: str, window: Window) -> Iterator[Cells]:
    yield part, subject, window.first, f"{what}: from", window.first
    yield part, subject, window.last, f"{what}: until", window.last
    yield part, subject, None, f"{what}: days", window.days
    yield part, subject, None, f"{what}: answers", window.answers
    yield part, subject, None, f"{what}: average", one_decimal(window.average)
