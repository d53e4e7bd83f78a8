"""Other systems of a clinic read over the API what a token of that clinic opens, and no more."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.models import AuditEvent, AuditKind
from clinics.scopes import Scope
from patients import actions as patient_actions
from prescriptions import actions
from tests import make
from tests.make import NOW, inside

READS = {
    "api:patients": Scope.PATIENTS_READ,
    "api:patient": Scope.PATIENTS_READ,
    "api:programmes": Scope.PROGRAMMES_READ,
    "api:logs": Scope.LOGS_READ,
}


def url(name: str, patient=None) -> str:
    return reverse(name, args=[] if name == "api:patients" else [patient.pk])


@pytest.fixture
def system(clinic) -> Client:
    """A system with a token of the clinic that opens everything."""
    return with_token(make.api_token(of=clinic).secret)


def with_token(secret: str) -> Client:
    return Client(headers={"authorization": f"Bearer {secret}"})


@pytest.fixture
def patient(clinic):
    return make.patient(of=clinic, name="Ines Okoye", record_number="R-7")


def another_edition(*, of):
    draft = make.draft(of=of, reason="It went well.")
    with inside(of.clinic_id):
        by = make.founder(of.clinic)
        return actions.publish(draft=draft, version=draft.version, by=by, at=NOW)


def logged(edition, **told):
    return make.log(of=edition, **told)


def get(client: Client, name: str, patient=None, **asked):
    return client.get(url(name, patient), asked)


# Who gets what


@pytest.mark.parametrize(("name", "scope"), READS.items())
def test_only_the_scope_of_a_thing_opens_it(clinic, patient, name, scope):
    rest = [one for one in Scope if one is not scope]
    assert get(with_token(make.api_token(of=clinic, scopes=[scope]).secret), name, patient)
    closed = get(with_token(make.api_token(of=clinic, scopes=rest).secret), name, patient)
    assert closed.status_code == 403
    assert scope in closed.json()["detail"]


@pytest.mark.parametrize("name", READS)
def test_nobody_else_gets_anything(other_clinic, patient, therapist, name):
    of_others = get(with_token(make.api_token(of=other_clinic).secret), name, patient)
    assert "Okoye" not in of_others.content.decode()
    assert of_others.status_code == (200 if name == "api:patients" else 404)
    for nobody in (Client(), with_token("1-made-up"), therapist):
        answer = get(nobody, name, patient)
        assert answer.status_code == 401
        assert "Okoye" not in answer.content.decode()


@pytest.mark.parametrize("name", READS)
def test_each_read_stands_in_the_trail(system, clinic, patient, name):
    get(system, name, patient)
    with inside(clinic.pk):
        told = AuditEvent.objects.of(clinic).of_kind(AuditKind.LOOK)
        (line,) = told.filter(verb__endswith="over the API")
    assert line.actor_kind == "token"
    assert line.patient_id == (None if name == "api:patients" else patient.pk)


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_written_here(system, patient, name, method):
    assert getattr(system, method)(url(name, patient)).status_code == 405


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/", "/api/v1/patients/x/"])
def test_what_is_not_there_is_told_to_a_program(system, path):
    answer = system.get(path)
    assert answer.status_code == 404
    assert answer.json()["detail"]


# What is said


def test_a_patient_is_told_as_recorded(system, patient):
    assert get(system, "api:patient", patient).json() == {
        "id": patient.pk,
        "name": "Ines Okoye",
        "birth_date": patient.birth_date.isoformat(),
        "record_number": "R-7",
        "language": patient.language,
        "time_zone": patient.zone.key,
        "therapist": "",
        "is_archived": False,
        "last_logged_at": None,
    }


def test_pages_follow_each_other_until_all_were_shown(system, clinic):
    expected = [make.patient(of=clinic).pk for _ in range(5)]
    found, after = [], 0
    while after is not None:
        page = get(system, "api:patients", after=after, limit=2).json()
        found += [one["id"] for one in page["items"]]
        assert len(page["items"]) <= 2
        after = page["next"]
    assert found == expected


def test_patients_are_found_by_name_and_by_when_they_logged(system, clinic, patient):
    other = make.patient(of=clinic, name="Amara Fell")
    logged(make.edition(of=other))
    assert [one["id"] for one in get(system, "api:patients", search="oko").json()["items"]] == [
        patient.pk
    ]
    since = (NOW - timedelta(days=2)).isoformat()
    assert [
        one["id"] for one in get(system, "api:patients", logged_since=since).json()["items"]
    ] == [other.pk]


def test_archived_patients_are_among_them_and_say_so(system, clinic, patient):
    with inside(clinic.pk):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(clinic))
    assert [one["is_archived"] for one in get(system, "api:patients").json()["items"]] == [True]


def test_published_editions_are_given_out_and_drafts_are_not(system, clinic, patient):
    edition = make.edition(of=patient)
    make.draft(of=patient)
    (told,) = get(system, "api:programmes", patient).json()["items"]
    assert told["id"] == edition.pk
    (line,) = told["lines"]
    with inside(clinic.pk):
        prescribed = edition.lines.select_related("exercise_edition").get()
        loads = list(prescribed.exercise_edition.loads.all())
    assert line["exercise"] == prescribed.name
    assert (line["sets"], line["repetitions"]) == (prescribed.sets, prescribed.repetitions)
    assert line["direction_note"] == prescribed.direction_note
    assert line["directions"] == [
        {"region": one.region, "direction": one.direction, "range": one.range, "role": one.role}
        for one in loads
    ]


def test_of_two_editions_the_newer_is_in_force(system, patient):
    older = make.edition(of=patient)
    newer = another_edition(of=patient)
    told = get(system, "api:programmes", patient).json()["items"]
    assert [(one["id"], one["is_in_force"]) for one in told] == [
        (newer.pk, True),
        (older.pk, False),
    ]


def test_no_answer_is_told_from_zero(system, patient):
    edition = make.edition(of=patient)
    logged(edition, pain={"before": 0, "during": None})
    (log,) = of_last_days(system, patient)
    (entry,) = log["entries"]
    assert entry["pain_before"] == {"value": 0, "state": "answered"}
    assert entry["pain_during"] == {"value": None, "state": "skipped"}
    assert entry["pain_after"] == {"value": None, "state": "not_asked"}


def of_last_days(system, patient, **asked) -> list[dict]:
    asked = asked or {"first": "2026-05-01", "last": "2026-05-31"}
    return get(system, "api:logs", patient, **asked).json()["items"]


def test_a_corrected_log_stays_and_no_longer_counts(system, clinic, patient):
    first = logged(make.edition(of=patient))
    with inside(clinic.pk, patient_id=patient.pk):
        actions.withdraw_session(log=first, received_at=first.received_at, by=patient)
    told = of_last_days(system, patient)
    assert [(log["is_withdrawal"], log["counts"]) for log in told] == [
        (False, False),
        (True, False),
    ]
    assert told[1]["corrects"] == first.pk
    assert UUID(told[0]["client_uuid"]) == first.client_uuid


def test_days_are_the_patients_own(system, patient):
    log = logged(make.edition(of=patient))
    day = log.local_date
    assert len(of_last_days(system, patient, first=day, last=day)) == 1
    before = day - timedelta(days=1)
    assert of_last_days(system, patient, first=before, last=before) == []


# Cost and bad input


@pytest.mark.parametrize("name", READS)
def test_a_page_costs_the_same_for_one_row_and_three(system, clinic, name):
    def cost(rows: int) -> int:
        one = make.patient(of=clinic)
        editions = [another_edition(of=one) for _ in range(rows)]
        for _ in range(rows):
            logged(editions[-1])
        asked = {"first": "2026-05-01", "last": "2026-05-31"} if name == "api:logs" else {}
        with CaptureQueriesContext(connection) as counted:
            assert get(system, name, one, **asked).status_code == 200
        return len(counted)

    cost(1)  # what is kept between requests is kept now
    assert cost(3) == cost(1)


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("api:patients", {"limit": 101}),
        ("api:patients", {"limit": 0}),
        ("api:patients", {"after": -1}),
        ("api:patients", {"after": 2**63}),
        ("api:patients", {"after": "x"}),
        ("api:patients", {"search": "x" * 101}),
        ("api:patients", {"logged_since": "2026-05-17T08:00"}),
        ("api:patients", {"logged_since": "soon"}),
        ("api:programmes", {"before": 0}),
        ("api:logs", {"first": "2026-05-02", "last": "2026-05-01"}),
        ("api:logs", {"first": "2026-01-01", "last": "2026-05-01"}),
        ("api:logs", {"first": "0001-01-01"}),
        ("api:logs", {"last": "9999-12-31"}),
        ("api:logs", {"first": "31 May"}),
    ],
)
def test_what_cannot_be_asked_is_refused_beside_its_name(system, patient, name, asked):
    answer = get(system, name, patient, **asked)
    assert answer.status_code == 422
    assert set(asked) & set(answer.json()["detail"][0]["loc"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(["after", "limit", "search", "logged_since", "first", "last", "before"]),
        st.one_of(
            st.text(max_size=20),
            st.integers().map(str),
            st.dates().map(str),
            st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
        ),
    )
)
def test_whatever_is_asked_is_answered(system, patient, asked):
    for name in READS:
        assert get(system, name, patient, **asked).status_code in {200, 422}


# The description


def test_the_description_names_every_operation_and_its_token(client, db):
    told = client.get(reverse("api:openapi-json")).json()
    assert told["security"] == [{"token": []}]
    paths = {path: list(operations) for path, operations in told["paths"].items()}
    assert paths == {
        "/api/v1/patients/": ["get"],
        "/api/v1/patients/{pk}/": ["get"],
        "/api/v1/patients/{pk}/programmes/": ["get"],
        "/api/v1/patients/{pk}/logs/": ["get"],
    }


@pytest.mark.parametrize("name", READS)
def test_answers_are_as_described(system, client, patient, name):
    logged(make.edition(of=patient))
    described = client.get(reverse("api:openapi-json")).json()
    path = url(name, patient).replace(f"/{patient.pk}/", "/{pk}/")
    shape = described["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    told = get(
        system,
        name,
        patient,
        **({"first": "2026-05-01", "last": "2026-05-31"} if name == "api:logs" else {}),
    ).json()
    wrong = list(misfits(told, shape["schema"], described["components"]["schemas"]))
    assert wrong == []
    assert list(
        misfits({"nothing": "of this"}, shape["schema"], described["components"]["schemas"])
    )


def misfits(told, shape, named, at="$"):
    """Where a value is not of the described shape; enough of JSON Schema for what we say."""
    if "$ref" in shape:
        yield from misfits(told, named[shape["$ref"].rsplit("/", 1)[1]], named, at)
    elif "anyOf" in shape:
        if all(list(misfits(told, one, named, at)) for one in shape["anyOf"]):
            yield at
    elif shape.get("type") == "object":
        names = set(shape["properties"])
        if not isinstance(told, dict) or set(told) != names:
            yield f"{at}: {sorted(told)} instead of {sorted(names)}"
            return
        for name in names:
            yield from misfits(told[name], shape["properties"][name], named, f"{at}.{name}")
    elif shape.get("type") == "array":
        for number, one in enumerate(told):
            yield from misfits(one, shape["items"], named, f"{at}[{number}]")
    else:
        kinds = {"string": str, "integer": int, "boolean": bool, "null": type(None)}
        if not isinstance(told, kinds[shape["type"]]) or told not in shape.get("enum", [told]):
            yield f"{at}: {json.dumps(told)}"
