"""FHIR, read-only: what is told, how it is asked for, and what is refused."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from clinics import api_tokens
from clinics.models import AuditEvent
from clinics.scopes import Scope
from clinics.tenancy import inside
from patients import actions as patient_actions
from patients.models import Episode, Patient
from prescriptions import actions
from prescriptions.fhir import codes, search, sources, views
from prescriptions.models import KeptFinding, Moment, Outcome, Pause, SessionEntry, SessionLog
from tests import make
from tests.make import NOW
from tests.prescriptions.fhir.conftest import found, next_of, system_of
from tests.prescriptions.fhir.r4 import problems

ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"


def everyone(system, kind: str, **query) -> list[dict]:
    """All pages of a search."""
    response = system.get(f"/fhir/{kind}", query)
    resources = found(response)
    while address := next_of(response):
        response = system.get(f"/fhir/{address}")
        resources += found(response)
    return resources


def by_id(resources: list[dict]) -> dict[str, dict]:
    assert len({one["id"] for one in resources}) == len(resources)
    return {one["id"]: one for one in resources}


# Each resource, against the published definitions


@pytest.fixture
def told(clinic, system) -> list[dict]:
    """All that is told of a clinic with a row of every kind."""
    make.everything(of=clinic)
    with_a_finding(clinic)
    return [resource for kind in sources.kinds() for resource in everyone(system, kind)]


def with_a_finding(clinic) -> None:
    """A programme with what must be followed by something else, and a reason why it is not."""
    make.edition(of=make.patient(of=clinic), lines=[make.line("FIL")])


def test_every_resource_is_valid_and_every_kind_is_there(told):
    assert {one["resourceType"] for one in told} == set(sources.kinds())
    assert [problem for one in told for problem in problems(one)] == []


DAMAGE = {
    "Patient": {"birthDate": "1980-13-01"},
    "CarePlan": {"intent": None},
    "ServiceRequest": {"status": "running"},
    "ActivityDefinition": {"status": "current"},
    "Observation": {"valueQuantity": "3"},
    "Questionnaire": {"item": [{"linkId": "a"}]},
    "QuestionnaireResponse": {"status": "sent"},
    "DetectedIssue": {"severity": "bad"},
    "Flag": {"subject": None},
    "Provenance": {"agent": []},
}


def test_the_validators_refuse_a_broken_one(told):
    assert set(DAMAGE) == set(sources.kinds())
    for kind, damage in DAMAGE.items():
        good = next(one for one in told if one["resourceType"] == kind)
        broken = {name: part for name, part in {**good, **damage}.items() if part is not None}
        assert problems(good) == []
        assert problems(broken) != [], kind
        assert problems({**good, "colour": "red"}) != []
        assert problems({**good, "id": "a_b"}) != []


def test_times_carry_an_offset_and_references_lead_somewhere(told):
    known = {f"{one['resourceType']}/{one['id']}" for one in told}
    led = [reference for one in told for reference in references(one)]
    assert led
    assert [one for one in led if one not in known] == []
    for one in told:
        moment = one["meta"]["lastUpdated"] if "meta" in one else "2026-01-01T00:00:00+00:00"
        assert datetime.fromisoformat(moment).tzinfo is not None


def references(part) -> list[str]:
    if isinstance(part, list):
        return [one for inner in part for one in references(inner)]
    if not isinstance(part, dict):
        return []
    here = [part["reference"]] if isinstance(part.get("reference"), str) else []
    return here + [one for inner in part.values() for one in references(inner)]


# What is told


def test_a_patient_is_told_with_what_the_record_knows(clinic, system):
    one = make.patient(
        of=clinic, name="Ana Ruiz", record_number="R-7", email="ana@example.org", language="es"
    )
    (told,) = found(system.get("/fhir/Patient"))
    assert told["name"] == [{"text": "Ana Ruiz"}]
    assert told["birthDate"] == "1980-05-17"
    assert told["identifier"][0]["value"] == "R-7"
    assert told["telecom"] == [{"system": "email", "value": "ana@example.org"}]
    assert told["communication"][0]["language"]["coding"][0]["code"] == "es"
    assert told["active"] is True
    with inside(clinic.pk):
        patient_actions.archive(patient=one, at=NOW, by=make.founder(clinic))
    assert found(system.get("/fhir/Patient"))[0]["active"] is False


def test_a_programme_is_a_plan_with_an_order_for_each_exercise(clinic, system):
    lines = [make.line("TILT", sets=2), make.line("REIL")]
    make.edition(of=make.patient(of=clinic), lines=lines)
    (plan,) = found(system.get("/fhir/CarePlan"))
    tilt, reil = found(system.get("/fhir/ServiceRequest"))
    assert plan["status"] == "active"
    assert plan["period"] == {"start": "2026-05-20"}
    assert [one["reference"]["reference"] for one in plan["activity"]] == [
        f"ServiceRequest/{tilt['id']}",
        f"ServiceRequest/{reil['id']}",
    ]
    assert tilt["code"]["coding"][0]["code"] == "TILT"
    assert tilt["occurrenceTiming"]["repeat"]["frequency"] == 2
    assert tilt["bodySite"][0]["coding"][0]["code"] == "122496007"
    assert extensions(tilt)["sets"] == {"valuePositiveInt": 2}
    assert "patientInstruction" in tilt
    definitions = by_id(everyone(system, "ActivityDefinition"))
    by_canonical = {f"{one['url']}|{one['version']}": one for one in definitions.values()}
    load = extensions(by_canonical[reil["instantiatesCanonical"][0]])["load"]["extension"]
    assert {one["url"]: one["valueCodeableConcept"]["coding"][0]["code"] for one in load} == {
        "region": "lumbar",
        "direction": "extension",
        "range": "end",
        "role": "primary",
    }


def extensions(resource: dict) -> dict[str, dict]:
    return {
        one["url"].rpartition("/")[2]: {k: v for k, v in one.items() if k != "url"}
        for one in reversed(resource["extension"])
    }


def test_weekdays_are_told_where_an_exercise_is_not_for_every_day(clinic, system):
    some_days = replace(make.line("TILT"), weekdays=[1, 3, 5])
    make.edition(of=make.patient(of=clinic), lines=[some_days])
    (order,) = found(system.get("/fhir/ServiceRequest"))
    assert order["occurrenceTiming"]["repeat"]["dayOfWeek"] == ["mon", "wed", "fri"]


def test_a_newer_edition_ends_the_one_before_and_says_what_it_replaces(clinic, system):
    one = make.patient(of=clinic)
    make.edition(of=one)
    make.edition(of=one, lines=[make.line("REIL")])
    first, second = found(system.get("/fhir/CarePlan"))
    assert (first["status"], second["status"]) == ("revoked", "active")
    assert first["period"] == {"start": "2026-05-20", "end": "2026-05-20"}
    assert second["replaces"] == [{"reference": f"CarePlan/{first['id']}"}]
    order = next(
        one
        for one in found(system.get("/fhir/ServiceRequest"))
        if one["basedOn"] == [{"reference": f"CarePlan/{first['id']}"}]
    )
    assert order["status"] == "revoked"


def test_a_course_that_ended_is_completed(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    with inside(clinic.pk):
        actions.end(
            prescription=edition.prescription,
            on=date(2026, 5, 23),
            because="Done.",
            by=make.founder(clinic),
        )
    (plan,) = found(system.get("/fhir/CarePlan"))
    assert plan["status"] == "completed"
    assert plan["period"] == {"start": "2026-05-20", "end": "2026-05-23"}


def test_a_draft_is_not_told(clinic, system):
    make.draft(of=make.patient(of=clinic))
    for kind in ("CarePlan", "ServiceRequest", "Provenance"):
        assert found(system.get(f"/fhir/{kind}")) == []


def test_zero_skipped_and_not_asked_are_three_things(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    make.log(of=edition, pain={Moment.BEFORE: 0, Moment.DURING: None})
    told = by_id(found(system.get("/fhir/Observation")))
    with inside(clinic.pk):
        key = SessionEntry.objects.get().pk
    zero, skipped = told[f"pain-before-{key}"], told[f"pain-during-{key}"]
    not_asked = told[f"pain-after-{key}"]
    assert zero["valueQuantity"]["value"] == 0
    assert "dataAbsentReason" not in zero
    for one, reason in ((skipped, "asked-declined"), (not_asked, "not-asked")):
        assert "valueQuantity" not in one
        assert one["dataAbsentReason"]["coding"][0]["code"] == reason
        assert one["dataAbsentReason"]["coding"][0]["system"] == ABSENT
    (answers,) = found(system.get("/fhir/QuestionnaireResponse"))
    items = {one["linkId"]: one for one in answers["item"][0]["item"]}
    assert items["pain-before"]["answer"] == [{"valueInteger": 0}]
    assert "answer" not in items["pain-during"]
    assert items["pain-during"]["extension"][0]["valueCode"] == "asked-declined"
    assert "pain-after" not in items


def test_pain_has_the_code_that_all_know_and_the_patients_own_hour(clinic, system):
    one = make.patient(of=clinic, time_zone="Asia/Kolkata")
    make.log(of=make.edition(of=one))
    told = found(system.get("/fhir/Observation"))[0]
    known, ours = told["code"]["coding"]
    assert (known["system"], known["code"]) == ("http://loinc.org", "72514-3")
    assert ours["code"] == "pain-before"
    assert told["effectiveDateTime"] == "2026-05-20T20:30:00.000+05:30"


def test_the_furthest_zone_is_told_and_nothing_marked_is_not_nothing_felt(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    make.alarming_log(of=edition)
    make.log(of=edition)
    make.alarming_log(of=edition, zones_after=())
    zones = [one for one in everyone(system, "Observation") if one["id"].startswith("zone-")]
    spread, nothing_marked, gone = zones
    assert [one["code"] for one in spread["valueCodeableConcept"]["coding"]] == ["low-5-L"]
    assert nothing_marked["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert gone["valueCodeableConcept"]["coding"][0]["code"] == "none"


def test_a_corrected_log_stays_and_says_that_it_was_wrong(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    first = make.log(of=edition)
    correct(first, edition, pain={Moment.BEFORE: 9})
    wrong, right = found(system.get("/fhir/QuestionnaireResponse"))
    assert (wrong["status"], right["status"]) == ("entered-in-error", "amended")
    statuses = [one["status"] for one in everyone(system, "Observation")]
    assert statuses == ["entered-in-error"] * 5 + ["corrected"] * 5
    revision = next(one for one in everyone(system, "Provenance") if "entity" in one)
    assert revision["entity"][0]["what"]["reference"] == f"QuestionnaireResponse/{wrong['id']}"


def correct(log: SessionLog, edition, *, pain) -> None:
    with inside(edition.clinic_id):
        (line,) = edition.lines.all()
        actions.correct_session(
            log=log,
            entries=[actions.EntryReport(line.pk, Outcome.DONE, 10, pain, "")],
            client_uuid=uuid4(),
            received_at=log.done_at + timedelta(hours=2),
            by=Patient.objects.select_related("clinic").get(pk=edition.patient_id),
        )


def test_what_to_avoid_and_pauses_are_flags(clinic, system):
    one = make.everything(of=clinic)
    flags = by_id(found(system.get(f"/fhir/Flag?patient={one.pk}")))
    with inside(clinic.pk):
        paused = {f"pause-{pause.pk}" for pause in Pause.objects.of_patient(one)}
    assert paused
    assert paused <= set(flags)
    assert {flags[key]["status"] for key in paused} == {"active"}


def test_a_direction_test_is_told_with_its_light(clinic, system):
    test = make.direction_test(of=make.episode(of=make.patient(of=clinic)))
    (told,) = found(system.get("/fhir/Observation"))
    assert told["id"] == f"direction-test-{test.pk}"
    assert told["valueCodeableConcept"]["coding"][0]["code"] == "green"
    parts = {one["code"]["coding"][-1]["code"]: one for one in told["component"]}
    assert parts["direction"]["valueCodeableConcept"]["coding"][0]["code"] == "extension"
    assert parts["amount"]["valueQuantity"]["value"] == 10


def test_a_finding_is_told_with_what_was_written_to_go_on(clinic, system):
    with_a_finding(clinic)
    told = everyone(system, "DetectedIssue")
    with inside(clinic.pk):
        kept = {str(one.pk): one for one in KeptFinding.objects.of(clinic)}
    assert set(by_id(told)) == set(kept)
    for one in told:
        assert one["detail"] == kept[one["id"]].message
    assert any(
        "Not with this one." in mitigation["action"]["text"]
        for one in told
        for mitigation in one.get("mitigation", [])
    )


# Asking


def test_search_by_patient_finds_that_patient_only(clinic, system):
    mine, other = make.patient(of=clinic), make.patient(of=clinic)
    for one in (mine, other):
        make.log(of=make.edition(of=one))
    for kind in set(sources.kinds()) - {"Patient", "ActivityDefinition", "Questionnaire"}:
        whose = "patient" if kind == "DetectedIssue" else "subject"
        told = found(system.get(f"/fhir/{kind}?patient={mine.pk}"))
        assert told == found(system.get(f"/fhir/{kind}?patient=Patient/{mine.pk}"))
        if kind not in {"Provenance", "Flag", "DetectedIssue"}:
            assert {one[whose]["reference"] for one in told} == {f"Patient/{mine.pk}"}, kind
            assert len(told) * 2 == len(everyone(system, kind)), kind
    assert found(system.get("/fhir/Observation?patient=999999999")) == []
    assert found(system.get("/fhir/Observation?patient=nobody")) == []


DATES = [
    ("2026-05-21", [21]),
    ("eq2026-05-21", [21]),
    ("ge2026-05-21", [21, 22]),
    ("gt2026-05-21", [22]),
    ("le2026-05-21", [20, 21]),
    ("lt2026-05-21", [20]),
    ("2026-05", [20, 21, 22]),
    ("2026", [20, 21, 22]),
    ("gt2026", []),
    ("ge2026-05-21T11:00:00-04:00", [21, 22]),
    ("gt2026-05-21T11:00:00-04:00", [22]),
    ("ge2026-05-21T17:00:00+02:00", [21, 22]),
    ("lt2026-05-21T15:00:00Z", [20]),
]


def test_search_by_date_is_in_the_clinics_days(clinic, system, subtests):
    edition = make.edition(of=make.patient(of=clinic))
    for number in range(3):
        make.log(of=edition, done_at=NOW + timedelta(days=number))
    for asked, days in DATES:
        with subtests.test(asked):
            told = system.get("/fhir/QuestionnaireResponse", {"authored": asked})
            assert [int(one["authored"][8:10]) for one in found(told)] == days


def test_two_dates_make_a_span(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    for number in range(3):
        make.log(of=edition, done_at=NOW + timedelta(days=number))
    told = system.get("/fhir/Observation?date=ge2026-05-21&date=lt2026-05-22&_count=200")
    assert {one["effectiveDateTime"][:10] for one in found(told)} == {"2026-05-21"}
    assert len(found(system.get("/fhir/CarePlan?date=ge2026-05-20"))) == 1
    assert found(system.get("/fhir/CarePlan?date=gt2026-05-20")) == []


def test_what_changed_since_is_found_also_what_was_corrected(clinic, system):
    edition = make.edition(of=make.patient(of=clinic))
    log = make.log(of=edition)
    since = "gt2026-05-20T16:00:00Z"
    assert found(system.get("/fhir/Observation", {"_lastUpdated": since})) == []
    correct(log, edition, pain={})
    told = found(system.get("/fhir/Observation", {"_lastUpdated": since}))
    assert {one["status"] for one in told} == {"entered-in-error", "corrected"}


def test_an_edited_patient_has_changed(clinic, system):
    one = make.patient(of=clinic)
    before = found(system.get("/fhir/Patient"))[0]["meta"]["lastUpdated"]
    with inside(clinic.pk):
        patient_actions.correct_patient(patient=one, by=make.founder(clinic), phone="1")
    assert found(system.get("/fhir/Patient"))[0]["meta"]["lastUpdated"] >= before
    assert found(system.get("/fhir/Patient", {"_lastUpdated": "ge2199"})) == []


# Pages


def test_pages_tell_everything_once_and_in_order(clinic, system):
    one = make.everything(of=clinic)
    whole = found(system.get("/fhir/Observation?_count=200"))
    for count in (1, 3, 7):
        told = everyone(system, "Observation", _count=count)
        assert [resource["id"] for resource in told] == [resource["id"] for resource in whole]
    parts = everyone(system, f"Patient/{one.pk}/$everything", _count=7)
    assert len(by_key(parts)) == len(parts)
    assert {r["resourceType"] for r in parts} >= {"Patient", "CarePlan", "Observation", "Flag"}
    for kind in sources.kinds():
        assert len(found(system.get(f"/fhir/{kind}?_count=3"))) <= 3


def by_key(resources: list[dict]) -> set[str]:
    return {f"{one['resourceType']}/{one['id']}" for one in resources}


def test_a_page_is_never_larger_than_the_limit(clinic, system, monkeypatch):
    monkeypatch.setattr(search, "MOST", 4)
    make.log(of=make.edition(of=make.patient(of=clinic)))
    assert len(found(system.get("/fhir/Observation?_count=100000"))) == 4


def test_a_cursor_works_for_its_own_question_and_clinic_only(clinic, other_clinic, system):
    make.log(of=make.edition(of=make.patient(of=clinic)))
    address = next_of(system.get("/fhir/Observation?_count=2"))
    cursor = address.partition("_cursor=")[2]
    assert system.get(f"/fhir/{address}").status_code == 200
    refused = [
        system.get(f"/fhir/CarePlan?_cursor={cursor}"),
        system.get(f"/fhir/Observation?patient=1&_cursor={cursor}"),
        system.get(f"/fhir/Observation?_cursor={cursor}x"),
        system.get("/fhir/Observation?_cursor=1"),
        system_of(other_clinic).get(f"/fhir/{address}"),
    ]
    assert [one.status_code for one in refused] == [400] * 5


def test_a_page_costs_the_same_for_one_row_and_for_many(clinic, system):
    def costs() -> dict[str, int]:
        addresses = [*sources.kinds(), f"Patient/{one.pk}/$everything"]
        return {address: cost(system, address) for address in addresses}

    make.everything(of=clinic)
    one = make.patient(of=clinic)
    log_of_one_day(one, day=0)
    costs()  # what is noted once a minute, or once an hour, is noted
    before = costs()
    for day in (1, 2, 3):
        log_of_one_day(one, day=day)
    assert costs() == before
    assert max(before.values()) < 40


def log_of_one_day(patient: Patient, *, day: int) -> None:
    """A new edition with a finding, a log and a test."""
    lines = [make.line("TILT", sets=day + 1), make.line("FIL")]
    make.log(of=make.edition(of=patient, lines=lines), done_at=NOW + timedelta(days=day))
    with inside(patient.clinic_id):
        episode = Episode.objects.of_patient(patient).open().get()
    make.direction_test(of=episode, at=NOW + timedelta(days=day))


def cost(system, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        found(system.get(f"/fhir/{address}?_count=200"))
    return len(asked)


# Who may


def test_a_foreign_id_is_not_there(clinic, other_clinic, system):
    make.everything(of=other_clinic, word="Xylophone")
    theirs = system_of(other_clinic)
    for kind in sources.kinds():
        for one in one_of_each(found(theirs.get(f"/fhir/{kind}?_count=200"))):
            if one["resourceType"] in {"ActivityDefinition", "Questionnaire"}:
                continue
            answer = system.get(f"/fhir/{kind}/{one['id']}")
            assert answer.status_code == 404, f"{kind}/{one['id']}"
            assert answer.json()["resourceType"] == "OperationOutcome"
        assert b"Xylophone" not in system.get(f"/fhir/{kind}?_count=200").content
    with inside(other_clinic.pk):
        foreign = Patient.objects.of(other_clinic).get().pk
    assert system.get(f"/fhir/Patient/{foreign}/$everything").status_code == 404
    assert found(system.get(f"/fhir/Observation?patient={foreign}")) == []


def one_of_each(resources: list[dict]) -> list[dict]:
    """One resource of each type and prefix of its id."""
    return list({(r["resourceType"], r["id"].rstrip("0123456789")): r for r in resources}.values())


def test_each_resource_is_read_by_its_id_as_it_was_found(told, system):
    assert len(one_of_each(told)) > len(sources.kinds())
    for one in one_of_each(told):
        answer = system.get(f"/fhir/{one['resourceType']}/{one['id']}")
        assert answer.json() == one


def test_all_of_one_patient_is_what_the_searches_find(clinic, system):
    one, _ = make.everything(of=clinic), make.log(of=make.edition(of=make.patient(of=clinic)))
    whole = by_key(everyone(system, f"Patient/{one.pk}/$everything"))
    searched = {f"Patient/{one.pk}"}
    for kind in {source.kind for source in sources.about_patients()} - {"Patient"}:
        searched |= by_key(everyone(system, kind, patient=one.pk))
    assert whole == searched


@pytest.mark.parametrize("scope", [scope for scope in Scope if scope is not Scope.FHIR_READ])
def test_another_scope_opens_nothing(clinic, scope):
    answer = system_of(clinic, scope).get("/fhir/Patient")
    assert answer.status_code == 403
    assert answer.json()["issue"][0]["code"] == "forbidden"


def test_without_a_token_only_the_capabilities_are_told(clinic):
    make.patient(of=clinic)
    nobody = Client()
    for address in ("Patient", "Patient/1", "Patient/1/$everything", "$export", "a/b/c", "x"):
        answer = nobody.get(f"/fhir/{address}")
        assert answer.status_code == 401, address
        assert answer.json()["issue"][0]["code"] == "login"
    told = nobody.get("/fhir/metadata")
    assert told.status_code == 200
    assert problems(told.json()) == []
    assert {one["type"] for one in told.json()["rest"][0]["resource"]} == set(sources.kinds())


def test_whoever_was_read_has_a_line_in_the_trail_with_the_token(clinic, system):
    one, other = make.patient(of=clinic), make.patient(of=clinic)
    make.log(of=make.edition(of=one))
    system.get(f"/fhir/Observation?patient={one.pk}")
    system.get("/fhir/ActivityDefinition")
    with inside(clinic.pk):
        lines = AuditEvent.objects.of(clinic).filter(verb=views.LOOKED)
        assert [(line.actor_kind, line.actor_name, line.patient_id) for line in lines] == [
            ("token", "EHR", one.pk)
        ]
    system.get("/fhir/Patient")
    with inside(clinic.pk):
        touched = AuditEvent.objects.of(clinic).filter(verb=views.LOOKED)
        assert set(touched.values_list("patient_id", flat=True)) == {one.pk, other.pk}


def test_an_admin_finds_the_system_in_the_trail(clinic, system, admin):
    make.patient(of=clinic)
    system.get("/fhir/Patient")
    page = admin.get("/clinics/audit/?person=token").content.decode()
    assert "EHR" in page
    assert "(connected system)" in page


# What is refused


WRONG = [
    "nonsense=1",
    "_sort=date",
    "_count=0",
    "_count=-1",
    "_count=many",
    "_count=²",
    "_count=1&_count=2",
    "date=yesterday",
    "date=2026-13",
    "date=2026-02-30",
    "date=0000",
    "date=9999",
    "date=ne2026",
    "date=2026-05-20T10:00:00",
    "date=ge2026&date=lt2027&date=2026",
    "patient=Practitioner/1",
    "patient=a%20b",
    "patient=1&subject=2",
    "_lastUpdated=x",
    "_cursor=x",
    "_format=xml",
]
NOT_THERE = [
    "Condition",
    "patient",
    "Observation/1",
    "Observation/pain-before-0",
    "Patient/01",
    "Patient/" + "9" * 40,
    "Observation/pain-before-1-2",
    "Patient/1/2",
    "Patient/١",
    "bulk/00000000-0000-0000-0000-000000000001",
    "",
    "Patient/%00",
]


def test_a_wrong_parameter_is_told_so(system, subtests):
    for query in WRONG:
        with subtests.test(query):
            answer = system.get(f"/fhir/Observation?{query}")
            assert answer.status_code == 400
            assert answer["Content-Type"].startswith("application/fhir+json")
            assert problems(answer.json()) == []
            assert answer.json()["issue"][0]["severity"] == "error"


def test_nothing_is_written(system, subtests):
    for method in ("post", "put", "patch", "delete", "options"):
        for address in ("Patient", "Patient/1", "metadata", "$export", "a/b/c"):
            with subtests.test(f"{method} {address}"):
                answer = getattr(system, method)(f"/fhir/{address}")
                assert answer.status_code == 405
                assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_is_not_there_is_not_found(system, subtests):
    for address in NOT_THERE:
        with subtests.test(address):
            answer = system.get(f"/fhir/{address}")
            assert answer.status_code == 404, answer.content
            assert answer.json()["resourceType"] == "OperationOutcome"


def test_what_breaks_is_an_outcome_too(clinic, system, monkeypatch):
    monkeypatch.setattr(search, "page", lambda *args, **kwargs: 1 / 0)
    system.raise_request_exception = False
    answer = system.get("/fhir/Patient")
    assert answer.status_code == 500
    assert answer.json()["issue"][0]["code"] == "exception"


def test_a_revoked_token_reads_nothing_any_more(clinic, system):
    assert system.get("/fhir/Patient").status_code == 200
    with inside(clinic.pk):
        token = system.token
        api_tokens.revoke(token=token, by=make.founder(clinic), at=datetime.now(UTC))
    assert system.get("/fhir/Patient").status_code == 401


@given(st.text(max_size=12) | st.from_regex(r"(ge|lt)?[0-9]{4}(-[0-9]{2}){0,2}", fullmatch=True))
def test_no_text_of_a_date_breaks_the_search(text):
    zone = ZoneInfo("America/New_York")
    for is_a_day in (True, False):
        with suppress(search.Refused):
            assert search._span("at", [text], zone, is_a_day=is_a_day)


def test_codes_of_ours_stand_below_the_configured_name(settings):
    settings.FHIR_CANONICAL = "https://names.example/fhir"
    assert (
        codes.own("zone", "low-1-C", "x")["system"] == "https://names.example/fhir/CodeSystem/zone"
    )
