"""Gathers who needs the therapist today: all patients of a clinic in four queries, never a log.

What is asked grows with the patients and not with what they logged: the days come rolled up, of
each patient fourteen at most, and everything older is one row found by an index.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import Field, Func, JSONField
from django.urls import reverse
from django.utils.safestring import SafeString

from clinics.models import Clinic, User
from patients.models import Patient
from prescriptions.alerts import elapsed
from prescriptions.attention import (
    LOOKED_BACK,
    TITLES,
    Aside,
    Day,
    Facts,
    Limits,
    Looked,
    OpenAlert,
    Planned,
    Reason,
    Why,
    look,
)
from prescriptions.charts import Scale, TimeAxis
from prescriptions.charts.drawing import SPARK_ROOM
from prescriptions.charts.drawn import SPARK_HEIGHT
from prescriptions.models import (
    LATEST,
    Absence,
    Alert,
    LoggedDay,
    PrescriptionEdition,
    PutAside,
    SavedFilter,
    Tier,
)
from prescriptions.progress import SPARK_DAYS
from prescriptions.responses import MOST_PAIN

# More than this is no longer seen at one glance; the page says how many there are besides.
MOST_ROWS = 300
MINE, NOBODY = "mine", "nobody"
# A date of a patient's own calendar may be a day off the clinic's.
MARGIN = timedelta(days=1)


# Where a day and an answer stand in a spark, worked out once.
_AXIS = TimeAxis(date(2000, 1, 1), SPARK_DAYS)
_SCALE = Scale(MOST_PAIN, (SPARK_HEIGHT - 2 * SPARK_ROOM) / MOST_PAIN, top=SPARK_ROOM)
PLACES = [f"{_AXIS.middle(day):.3f}" for day in _AXIS.days]
HEIGHTS = [f"{_SCALE.y(value):.1f}" for value in range(MOST_PAIN + 1)]


@cache
def _address(name: str) -> str:
    return reverse(name, args=[0])


def address_of(name: str, key: int) -> SafeString:
    """The address of a page about one row; resolved once for all rows of a list."""
    return SafeString(_address(name).replace("/0/", f"/{key}/"))


def spark_in_words(days: Sequence[Day]) -> str:
    """What the line of these days says; each has an answer."""
    what = "Worst pain of the day"
    if not days:
        return f"{what}: no answer in {SPARK_DAYS} days."
    highest = max(days, key=lambda one: one.worst_pain or 0)
    last = days[-1]
    number = "1 day" if len(days) == 1 else f"{len(days)} days"
    return (
        f"{what}: highest {highest.worst_pain} on {highest.day:%-d %b},"
        f" last {last.worst_pain} on {last.day:%-d %b}; answered on {number}."
    )


@dataclass(frozen=True)
class Put:
    """The newest row of what was put aside, as a page shows it."""

    aside: Aside
    because: str
    by: str


@dataclass(frozen=True)
class Row:
    """One patient on the list, at the most pressing of their reasons."""

    key: int
    name: str
    therapist_id: int | None
    therapist: str
    tags: Sequence[str]
    facts: Facts
    looked: Looked
    put: Put | None
    now: datetime

    @property
    def first(self) -> Reason:
        return self.looked.reasons[0]

    @property
    def alert(self) -> OpenAlert | None:
        """The alert behind the first reason, whatever its tier."""
        return self.first.alert

    @property
    def spark(self) -> tuple[str, str]:
        """The worst pain of each of the last fourteen days: the path of one line, and its words.

        The same line as charts.spark draws, in one path: three hundred stand on one page.
        """
        first = self.facts.today - timedelta(days=SPARK_DAYS - 1)
        answered = [one for one in self.facts.days if one.worst_pain is not None]
        before = None
        steps = []
        for one in answered:
            place, y = (one.day - first).days, HEIGHTS[one.worst_pain or 0]
            # A day without a neighbour is a line of no length, which is drawn as a dot.
            is_joined = before is not None and place == before + 1
            steps.append(f"L{PLACES[place]} {y}" if is_joined else f"M{PLACES[place]} {y}h0")
            before = place
        return "".join(steps), spark_in_words(answered)

    @property
    def told(self) -> dict[str, str]:
        """All that the list writes of the row, worked out beforehand; empty for what is not."""
        path, words = self.spark
        alert, key = self.alert, self.key
        is_urgent = self.first.why is Why.ALERT
        return {
            "name": self.name,
            "words": self.first.words,
            "urgency": Tier(alert.tier).label if alert and is_urgent else "",
            "clock": self._clock(alert) if alert else "",
            "further": ", ".join(one.title.lower() for one in self.looked.reasons[1:]),
            "path": path,
            "path_in_words": words,
            "patient": address_of("patient", key),
            "alert": address_of("prescriptions:alert", alert.key) if alert else "",
            "answer": address_of("prescriptions:messages", key),
            "adjust": address_of("prescriptions:start", key),
            "snooze": address_of("prescriptions:snooze", key),
            "done": address_of("prescriptions:done", key) if self.looked.may_be_done else "",
        }

    def _clock(self, alert: OpenAlert) -> str:
        """How long an alert has waited, and who looks at it."""
        if alert.opened_at:
            waited = elapsed(alert.raised_at, alert.opened_at)
            told = f"Opened by {alert.opened_by} after {waited}"
        else:
            told = f"Raised {elapsed(alert.raised_at, self.now)} ago"
        return f"{told}, withdrawn since" if alert.is_withdrawn else told

    @property
    def address(self) -> str:
        return address_of("patient", self.key)

    @property
    def back_address(self) -> str:
        return address_of("prescriptions:bring_back", self.key)

    @property
    def is_snoozed(self) -> bool:
        until = self.put.aside.until if self.put else None
        return until is not None and self.facts.today < until


@dataclass(frozen=True)
class Group:
    """The rows of one reason, those who have waited longest first."""

    why: Why
    rows: Sequence[Mapping[str, str]]  # what is written of each
    number: int  # of all, also those beyond what the page shows

    @property
    def title(self) -> str:
        return TITLES[self.why]


@dataclass(frozen=True)
class Chosen:
    """Whose patients, and with which tag; empty means all."""

    who: str = ""
    tag: str = ""

    def holds(self, row: Row, user: User) -> bool:
        return self._is_theirs(row, user) and (not self.tag or self.tag in row.tags)

    def _is_theirs(self, row: Row, user: User) -> bool:
        if not self.who:
            return True
        if self.who == NOBODY:
            return row.therapist_id is None
        return row.therapist_id == (user.pk if self.who == MINE else int(self.who))


@dataclass(frozen=True)
class Today:
    """The list as one person looks at it."""

    groups: Sequence[Group]
    number: int  # of patients on the list
    aside: Sequence[Row]  # of those chosen, what is snoozed or was done today

    @property
    def shown(self) -> int:
        return sum(len(group.rows) for group in self.groups)


def today_of(everybody: Iterable[Row], *, chosen: Chosen, user: User) -> Today:
    """Who of the chosen patients needs somebody, by reason."""
    mine = [row for row in everybody if chosen.holds(row, user)]
    on_the_list = sorted(
        (row for row in mine if row.looked.reasons), key=lambda row: (row.first.rank, row.key)
    )
    return Today(
        groups=list(_groups(on_the_list)),
        number=len(on_the_list),
        aside=[row for row in mine if _is_aside(row)][:MOST_ROWS],
    )


def therapists_of(rows: Iterable[Row]) -> list[tuple[int, str]]:
    """Everybody who is in charge of one of these patients, by name."""
    names = {row.therapist_id: row.therapist for row in rows if row.therapist_id}
    return sorted(names.items(), key=lambda one: one[1])


def tags_of(rows: Iterable[Row]) -> list[str]:
    return sorted({tag for row in rows for tag in row.tags})


def filters_of(clinic: Clinic, user: User) -> list[SavedFilter]:
    return list(SavedFilter.objects.of(clinic).of_user(user))


def rows_of(clinic: Clinic, *, now: datetime) -> list[Row]:
    """Every active patient of the clinic, looked at; in four queries."""
    day = now.astimezone(clinic.zone).date()
    patients = _patients(clinic, since=day - timedelta(days=LOOKED_BACK) - MARGIN)
    keys = [patient["pk"] for patient in patients]
    days = _days(clinic, keys, since=day - timedelta(days=SPARK_DAYS - 1) - MARGIN)
    alerts = _open_alerts(clinic)
    plans = _plans(clinic, keys, since=day - timedelta(days=LOOKED_BACK) - MARGIN)
    limits = limits_of(clinic)
    calendar = cache(partial(_calendar, now))
    rows = []
    for patient in patients:
        key = patient["pk"]
        zone, today, first = calendar(patient["time_zone"] or clinic.time_zone)
        facts = Facts(
            today=today,
            zone=zone,
            recorded_at=patient["created_at"],
            alerts=alerts.get(key, ()),
            days=[one for one in days.get(key, ()) if first <= one.day <= today],
            last_logged=patient["last_logged"],
            plans=plans.get(key, ()),
            unread=patient["unread_by_staff"],
            away=[
                (date.fromisoformat(first), date.fromisoformat(last))
                for first, last in patient["away"]
            ],
            waiting_since=patient["waiting_since"],
        )
        put = _put_aside(patient["put"])
        rows.append(
            Row(
                key=key,
                name=patient["name"],
                therapist_id=patient["therapist"],
                therapist=patient["therapist__name"] or "",
                tags=patient["tags"],
                facts=facts,
                looked=look(facts, limits, put.aside if put else None),
                put=put,
                now=now,
            )
        )
    return rows


def _calendar(now: datetime, time_zone: str) -> tuple[ZoneInfo, date, date]:
    """The zone, what day it is there, and the first of the days that are shown."""
    zone = ZoneInfo(time_zone)
    today = now.astimezone(zone).date()
    return zone, today, today - timedelta(days=SPARK_DAYS - 1)


def limits_of(clinic: Clinic) -> Limits:
    """The clinic's numbers that decide who is on the list."""
    numbers = clinic.thresholds
    return Limits(
        change_that_counts=numbers.change_that_counts,
        quiet_days=numbers.quiet_days,
        worse_within_days=numbers.worse_within_days,
        answered_days=numbers.answered_days,
        new_for_days=numbers.new_for_days,
    )


def _is_aside(row: Row) -> bool:
    """Snoozed, or done on this day of the patient's: what somebody may want back."""
    if row.put is None or not row.looked.hidden:
        return False
    done_at = row.put.aside.done_at
    was_today = done_at is not None and done_at.astimezone(row.facts.zone).date() == row.facts.today
    return row.is_snoozed or was_today


def _groups(rows: Sequence[Row]) -> Iterable[Group]:
    for why in Why:
        of_why = [place for place, row in enumerate(rows) if row.first.why is why]
        if of_why:
            shown = [rows[place].told for place in of_why if place < MOST_ROWS]
            yield Group(why, shown, len(of_why))


def _patients(clinic: Clinic, *, since: date) -> list[dict[str, Any]]:
    found: Any = Patient.objects.of(clinic).active().order_by("search_name", "pk")
    return list(
        found.values(
            "pk",
            "name",
            "therapist",
            "therapist__name",
            "tags",
            "time_zone",
            "created_at",
            "unread_by_staff",
            "waiting_since",
            away=Absence.objects.told_of("pk", since),
            last_logged=LoggedDay.objects.last_day_of("pk"),
            put=PutAside.objects.told_newest_of(
                "pk", "at", "done_at", "until", "because", "by__name"
            ),
        )
    )


class JSONAgg(JSONBAgg):
    """As text, where JSONBAgg would build a value only to take it apart again."""

    function = "JSON_AGG"
    output_field: ClassVar[Any] = Field()  # psycopg reads json by itself


def _days(clinic: Clinic, keys: list[int], *, since: date) -> Mapping[int, list[Day]]:
    """One row for each patient: what is read is a few letters a day, not a row."""
    columns = ("local_date", "entries", "red", "amber", "worst_pain", "told_at", "worse_at")
    as_list = Func(*columns, function="json_build_array", output_field=JSONField())
    rows = LoggedDay.objects.of(clinic).of_patients(keys).since(since).values("patient")
    days = rows.annotate(days=JSONAgg(as_list, order_by="local_date"))
    return {
        key: [
            Day(
                date.fromisoformat(day),
                entries,
                red,
                amber,
                worst_pain,
                datetime.fromisoformat(told_at),
                datetime.fromisoformat(worse_at) if worse_at else None,
            )
            for day, entries, red, amber, worst_pain, told_at, worse_at in found
        ]
        for key, found in days.order_by().values_list("patient", "days")
    }


def _open_alerts(clinic: Clinic) -> Mapping[int, list[OpenAlert]]:
    found: dict[int, list[OpenAlert]] = defaultdict(list)
    columns = ("pk", "tier", "message", "raised_at", "opened_at", "opened_by__name")
    rows = Alert.objects.of(clinic).open().values_list("patient", "withdrawn_because", *columns)
    for key, withdrawn_because, pk, tier, message, raised_at, opened_at, opened_by in rows:
        found[key].append(
            OpenAlert(
                pk, tier, message, raised_at, opened_at, opened_by or "", bool(withdrawn_because)
            )
        )
    return found


def _plans(clinic: Clinic, keys: list[int], *, since: date) -> Mapping[int, list[Planned]]:
    """What was published for these days and for later, an edition until a newer one begins."""
    rows = (
        PrescriptionEdition.objects.of(clinic)
        .valid_between(since, LATEST)
        .filter(patient__in=keys)
        .order_by("patient", "prescription", "-number")
        .values_list(
            "patient",
            "prescription",
            "number",
            "starts_on",
            "review_on",
            "prescription__ended_on",
            "lines__weekdays",
        )
    )
    weekdays: dict[tuple[Any, ...], set[int]] = defaultdict(set)
    for *edition, of_line in rows:
        weekdays[tuple(edition)].update(of_line or ())
    found: dict[int, list[Planned]] = defaultdict(list)
    ends: dict[int, date] = {}
    for (key, course, _, starts_on, review_on, ended_on), asked in weekdays.items():
        # The newer editions of a course came before this one.
        until = min((day for day in (ends.get(course), ended_on) if day), default=None)
        found[key].append(Planned(frozenset(asked), starts_on, until, review_on))
        ends[course] = min(starts_on, ends.get(course, starts_on))
    return found


def _put_aside(told: list[Any] | None) -> Put | None:
    if told is None:
        return None
    at, done_at, until, because, by = told
    aside = Aside(
        datetime.fromisoformat(at),
        datetime.fromisoformat(done_at) if done_at else None,
        date.fromisoformat(until) if until else None,
    )
    return Put(aside, because, by)
