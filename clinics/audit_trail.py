"""The chain of a clinic's audit trail: whether it is whole, and what has been kept long enough."""

from datetime import timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from clinics.actors import SYSTEM
from clinics.audit import record_as
from clinics.models import AuditEvent, AuditHead, AuditKind, AuditLink, Clinic, FailedSignIn
from clinics.tenancy import inside

CHECKED, BROKEN, PRUNED = (
    "checked the audit trail",
    "found the audit trail broken",
    "pruned the audit trail",
)
# The line of an erasure, which empties the lines about its patient that stand before it.
ERASED = "erased a patient"
LINES_AT_ONCE = 20_000  # a fraction of a second, far below the limit for one statement
FAILURES_KEPT_FOR = timedelta(days=365)


class Place(NamedTuple):
    """The end of a part of the chain."""

    line: int
    hash: str


BEGINNING = Place(0, "")


class Verdict(NamedTuple):
    """How far the chain is unbroken, and the first thing wrong with it."""

    unbroken: Place
    problem: str = ""


# The first link of a part that does not follow from the one before, or no longer fits its event.
_FIRST_WRONG = """
    SELECT seq, event_id, follows, is_there, fits FROM (
        SELECT link.seq, link.event_id, link.hash, event.id IS NOT NULL AS is_there,
            link.seq = lag(link.seq, 1, %(line)s) OVER chain + 1
                AND link.previous = lag(link.hash, 1, %(hash)s) OVER chain AS follows,
            link.hash = bearing_audit_hash(link.seq, link.previous, event)
                AND CASE WHEN event.salt = ''
                    THEN event IS NOT DISTINCT FROM bearing_emptied_audit(event)
                    ELSE event.digest = bearing_audit_digest(event) END AS fits,
            event.salt <> '' OR EXISTS (
                SELECT FROM clinics_auditevent AS erasure
                JOIN clinics_auditlink AS later
                    ON later.clinic_id = erasure.clinic_id AND later.event_id = erasure.id
                WHERE erasure.clinic_id = event.clinic_id AND later.seq > link.seq
                    AND erasure.patient_id = event.patient_id AND erasure.verb = %(erased)s
            ) AS is_accounted_for
        FROM clinics_auditlink AS link
        LEFT JOIN clinics_auditevent AS event
            ON event.clinic_id = link.clinic_id AND event.id = link.event_id
        WHERE link.clinic_id = %(clinic_id)s AND link.seq > %(line)s AND link.seq <= %(until)s
        WINDOW chain AS (ORDER BY link.seq)
    ) AS links
    WHERE NOT (follows AND is_there AND fits AND is_accounted_for) ORDER BY seq LIMIT 1
"""
_BESIDE_THE_CHAIN = """
    SELECT event.id FROM clinics_auditevent AS event
    WHERE event.clinic_id = %(clinic_id)s AND NOT EXISTS (
        SELECT FROM clinics_auditlink AS link
        WHERE link.clinic_id = event.clinic_id AND link.event_id = event.id)
    ORDER BY event.id LIMIT 1
"""
# One statement sees one moment: a line that is being written meanwhile is in both or in neither.
_PAST_THE_END = """
    SELECT link.seq FROM clinics_auditlink AS link
    LEFT JOIN clinics_audithead AS head ON head.clinic_id = link.clinic_id
    WHERE link.clinic_id = %(clinic_id)s AND link.seq > coalesce(head.seq, 0)
    ORDER BY link.seq LIMIT 1
"""
# What earlier checks found at a line has to stand there still, or all was written anew.
_OTHERWISE_THAN_CHECKED = """
    SELECT link.seq FROM clinics_auditevent AS event
    JOIN clinics_auditlink AS link
        ON link.clinic_id = event.clinic_id AND link.seq = (event.detail ->> 'line')::bigint
    WHERE event.clinic_id = %(clinic_id)s AND event.verb = %(checked)s
        AND link.hash <> event.detail ->> 'hash'
    ORDER BY link.seq LIMIT 1
"""


def check(clinic_id: int) -> Verdict:
    """Walk the whole chain of the clinic that one is inside of."""
    _link_what_is_pending()
    begins, head = _where_it_begins(clinic_id), _head(clinic_id)
    kept = AuditLink.objects.filter(clinic_id=clinic_id, seq__lte=begins.line).first()
    if kept is not None:
        return Verdict(BEGINNING, f"line {kept.seq} should have been pruned, and is there")
    verdict = _walk(clinic_id, begins, head)
    if verdict.problem:
        return verdict
    checked = _first(_OTHERWISE_THAN_CHECKED, clinic_id=clinic_id, checked=CHECKED)
    if checked:
        return Verdict(verdict.unbroken, f"line {checked[0]} is not what was there when checked")
    beside = _first(_BESIDE_THE_CHAIN, clinic_id=clinic_id)
    if beside:
        return Verdict(verdict.unbroken, f"event {beside[0]} was put in beside the chain")
    return verdict


def check_newest(clinic_id: int, *, lines: int) -> Verdict:
    """Walk the end of the chain only: as many lines, as a page can do each time it is opened."""
    head = _head(clinic_id)
    before = AuditLink.objects.filter(clinic_id=clinic_id, seq=head.line - lines).first()
    begins = Place(before.seq, before.hash) if before else _where_it_begins(clinic_id)
    return _walk(clinic_id, begins, head)


def check_and_note(clinic_id: int) -> Verdict:
    """Check a clinic's whole trail, and note in it what came out."""
    with inside(clinic_id):
        verdict, clinic = check(clinic_id), Clinic.objects.get(pk=clinic_id)
        line, found = verdict.unbroken
        said: dict[str, object] = (
            {"problem": verdict.problem} if verdict.problem else {"line": line, "hash": found}
        )
        record_as(
            AuditKind.TRAIL,
            clinic_id=clinic_id,
            by=SYSTEM,
            verb=BROKEN if verdict.problem else CHECKED,
            target=clinic,
            detail=said,
        )
    return verdict


def last_check(clinic: Clinic) -> AuditEvent | None:
    """The newest line that a check of the whole trail left."""
    trail = AuditEvent.objects.of(clinic).of_kind(AuditKind.TRAIL)
    return trail.filter(verb__in=[CHECKED, BROKEN]).order_by("-pk").first()


def prune(clinic_id: int) -> int:
    """Take away what is older than the clinic keeps its trail; how many lines that were.

    Only from the beginning, and up to the first line that is young enough. The line that says so
    holds the hash of the last one taken, so that the chain is still whole from there on. The
    database lets only its owner do this, and nobody take anything younger.
    """
    with inside(clinic_id), connection.cursor() as cursor:
        clinic = Clinic.objects.get(pk=clinic_id)
        cursor.execute(
            """
            SELECT coalesce(min(link.seq), (
                SELECT seq + 1 FROM clinics_audithead WHERE clinic_id = %(clinic_id)s), 1) - 1
            FROM clinics_auditlink AS link
            JOIN clinics_auditevent AS event ON event.id = link.event_id
            WHERE link.clinic_id = %(clinic_id)s
                AND event.at >= now() - make_interval(years => %(years)s)
            """,
            {"clinic_id": clinic_id, "years": clinic.audit_years},
        )
        (last,) = cursor.fetchone()
        taken = AuditLink.objects.of(clinic).filter(seq__lte=last).order_by("seq")
        newest = taken.last()
        if newest is None:
            return 0
        gone = AuditEvent.objects.of(clinic).filter(pk__in=taken.values("event_id"))
        gone._raw_delete(gone.db)
        lines: int = taken._raw_delete(taken.db)
        record_as(
            AuditKind.TRAIL,
            clinic_id=clinic_id,
            by=SYSTEM,
            verb=PRUNED,
            target=clinic,
            detail={"lines": lines, "line": newest.seq, "hash": newest.hash},
        )
    return lines


@transaction.atomic
def forget_failures() -> int:
    """Take away the tries to sign in of nobody's, a year after."""
    old = FailedSignIn.objects.filter(at__lt=timezone.now() - FAILURES_KEPT_FOR)
    return old.delete()[0]


def _walk(clinic_id: int, begins: Place, head: Place) -> Verdict:
    unbroken = begins
    while unbroken.line < head.line:
        until = min(unbroken.line + LINES_AT_ONCE, head.line)
        part = {"clinic_id": clinic_id, "until": until, **unbroken._asdict()}
        wrong = _first(_FIRST_WRONG, erased=ERASED, **part)
        if wrong:
            return Verdict(unbroken, _what_is_wrong(*wrong))
        last = AuditLink.objects.filter(clinic_id=clinic_id, seq=until).first()
        if last is None:
            return Verdict(unbroken, f"lines up to {head.line} are gone from the end")
        unbroken = Place(last.seq, last.hash)
    past = _first(_PAST_THE_END, clinic_id=clinic_id)
    if past:
        return Verdict(unbroken, f"line {past[0]} was put in after the end of the trail")
    if unbroken != head:
        return Verdict(unbroken, f"the trail ends at line {head.line}, and not as it was written")
    return Verdict(unbroken)


def _what_is_wrong(line: int, event_id: int, follows: bool, is_there: bool, fits: bool) -> str:
    if not follows:
        return f"line {line} does not follow the line before it"
    if not is_there:
        return f"line {line}: event {event_id} is gone"
    if not fits:
        return f"line {line}: event {event_id} was changed"
    return f"line {line}: event {event_id} was emptied, and no erasure says so"


def _where_it_begins(clinic_id: int) -> Place:
    trail = AuditEvent.objects.filter(clinic_id=clinic_id, kind=AuditKind.TRAIL, verb=PRUNED)
    pruned = trail.order_by("-pk").first()
    return Place(pruned.detail["line"], pruned.detail["hash"]) if pruned else BEGINNING


def _head(clinic_id: int) -> Place:
    head = AuditHead.objects.filter(clinic_id=clinic_id).first()
    return Place(head.seq, head.hash) if head else BEGINNING


def _link_what_is_pending() -> None:
    """Lines of this very transaction get their links at its end; here they are asked for now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS clinics_auditevent_chain IMMEDIATE")
        cursor.execute("SET CONSTRAINTS clinics_auditevent_chain DEFERRED")


def _first(sql: str, **values: str | int) -> tuple[int, int, bool, bool, bool] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: tuple[int, int, bool, bool, bool] | None = cursor.fetchone()
        return found
