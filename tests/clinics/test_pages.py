import pytest

from clinics.audit import record
from clinics.models import AuditEvent
from clinics.pages import newest_page
from clinics.tenancy import inside
from tests import make


@pytest.fixture
def events(clinic) -> list[int]:
    """Keys of five events, newest first."""
    by = make.founder(clinic)
    with inside(clinic.pk):
        for number in range(5):
            record(clinic_id=clinic.pk, by=by, verb=f"did {number}", target=clinic)
        return list(AuditEvent.objects.of(clinic).order_by("-pk").values_list("pk", flat=True)[:5])


def page(clinic, before, size):
    with inside(clinic.pk):
        shown = newest_page(AuditEvent.objects.of(clinic), before=before, size=size)
    return [row.pk for row in shown.rows], shown.older_than


def test_the_newest_come_first_and_say_where_the_older_begin(clinic, events):
    assert page(clinic, None, 2) == (events[:2], events[1])


def test_the_next_page_follows_without_gap_or_repetition(clinic, events):
    assert page(clinic, str(events[1]), 2) == (events[2:4], events[3])


def test_the_last_page_leads_nowhere(clinic, events):
    last = AuditEvent.objects.order_by("pk")
    with inside(clinic.pk):
        oldest = last.values_list("pk", flat=True)[0]
    rows, older_than = page(clinic, str(oldest + 1), 2)
    assert (rows, older_than) == ([oldest], None)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="empty"),
        pytest.param("word", id="a word"),
        pytest.param("-1", id="negative"),
        pytest.param("9" * 19, id="more than a key can be"),
        pytest.param("9" * 5000, id="far too long"),
        pytest.param("1' OR 1=1", id="an injection"),
    ],
)
def test_what_is_no_key_shows_the_newest(clinic, events, before):
    assert page(clinic, before, 2) == (events[:2], events[1])


def test_before_the_first_there_is_nothing(clinic, events):
    assert page(clinic, "0", 2) == ([], None)
