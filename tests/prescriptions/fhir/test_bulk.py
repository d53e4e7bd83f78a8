"""Export of a whole clinic: asked for, written part by part, fetched, thrown away."""

import json
from datetime import UTC, datetime, timedelta
from unittest.mock import patch
from uuid import uuid4

import pytest
from django.db import IntegrityError

from clinics import api_tokens
from clinics.models import AuditEvent
from clinics.scopes import Scope
from clinics.tenancy import inside
from patients import actions as patient_actions
from patients import erasure
from patients.models import Patient
from prescriptions import tasks
from prescriptions.fhir import bulk, sources
from prescriptions.models import BulkExport, BulkPart
from tests import make
from tests.make import NOW
from tests.prescriptions.fhir.conftest import found, system_of
from tests.prescriptions.fhir.r4 import problems

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture
def filled(clinic):
    """A clinic with two patients who log."""
    for _ in range(2):
        edition = make.edition(of=make.patient(of=clinic), lines=[make.line("FIL")])
        make.log(of=edition)
    return clinic


def begin(system, **query) -> str:
    """The address at which the export says how far it is."""
    answer = system.get("/fhir/$export", query, headers=ASYNC)
    assert answer.status_code == 202, answer.content
    return path_of(answer["Content-Location"])


def path_of(url: str) -> str:
    return "/fhir/" + url.partition("/fhir/")[2]


def work(clinic, *, parts: int = 1000) -> int:
    """Let the worker write so many parts; how many it wrote."""
    written = 0
    while written < parts and bulk.write_part(clinic.pk, at=datetime.now(UTC)):
        written += 1
    return written


def fetched(system, url: str) -> list[dict]:
    answer = system.get(path_of(url))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/fhir+ndjson"
    assert answer["Content-Disposition"].startswith("attachment")
    text = b"".join(answer.streaming_content).decode()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def exported(system, clinic, **query) -> dict[str, list[dict]]:
    """What an export writes, by type."""
    address = begin(system, **query)
    work(clinic)
    manifest = system.get(address).json()
    files = {one["type"]: fetched(system, one["url"]) for one in manifest["output"]}
    assert {one["type"]: one["count"] for one in manifest["output"]} == {
        kind: len(lines) for kind, lines in files.items()
    }
    return files


def test_an_export_tells_what_the_searches_tell_and_all_of_it_is_valid(filled):
    system = system_of(filled)
    files = exported(system, filled)
    for kind in sources.kinds():
        assert files.get(kind, []) == found(system.get(f"/fhir/{kind}?_count=200")), kind
    assert [problem for lines in files.values() for one in lines for problem in problems(one)] == []
    assert set(files) >= {"Patient", "CarePlan", "Observation", "DetectedIssue", "Provenance"}


def test_progress_is_told_and_the_files_only_at_the_end(filled):
    system = system_of(filled)
    address = begin(system)
    first = system.get(address)
    assert first.status_code == 202
    assert first["X-Progress"].startswith("0 of 14")
    assert first["Retry-After"]
    work(filled, parts=3)
    assert system.get(address)["X-Progress"] != first["X-Progress"]
    assert system.get(f"{address}/Patient.ndjson").status_code == 404
    work(filled)
    manifest = system.get(address)
    assert manifest.status_code == 200
    assert manifest.json()["requiresAccessToken"] is True
    assert manifest.json()["request"].endswith("/fhir/$export")
    assert system.get(f"{address}/Nothing.ndjson").status_code == 404


def test_types_and_a_time_since_may_be_asked_for(filled):
    system = system_of(filled)
    assert set(exported(system, filled, _type="Patient,Observation")) == {"Patient", "Observation"}
    later = NOW + timedelta(hours=1)
    with inside(filled.pk):
        one = Patient.objects.order_by("pk").select_related("clinic")[0]
    make.direction_test(of=make.screened(one), at=later + timedelta(hours=1))
    files = exported(system, filled, _type="Observation,CarePlan", _since=later.isoformat())
    assert [one["id"].rpartition("-")[0] for one in files.pop("Observation")] == ["direction-test"]
    assert files == {}


def test_several_parts_make_one_file(filled, monkeypatch):
    monkeypatch.setattr(bulk, "ROWS_IN_A_PART", 1)
    system = system_of(filled)
    files = exported(system, filled)
    assert files["Observation"] == found(system.get("/fhir/Observation?_count=200"))
    with inside(filled.pk):
        assert BulkPart.objects.of(filled).filter(kind="Observation").count() == 2


def test_a_worker_that_is_killed_loses_only_the_part_in_hand(filled, monkeypatch):
    monkeypatch.setattr(bulk, "ROWS_IN_A_PART", 1)
    system = system_of(filled)
    address = begin(system)
    work(filled, parts=5)
    with (
        patch.object(BulkExport, "save", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        work(filled, parts=1)
    work(filled)
    manifest = system.get(address).json()
    files = {one["type"]: fetched(system, one["url"]) for one in manifest["output"]}
    for kind in sources.kinds():
        assert files.get(kind, []) == found(system.get(f"/fhir/{kind}?_count=200")), kind


def test_one_export_at_a_time_and_each_of_its_own_token(filled):
    system, other = system_of(filled), None
    address = begin(system)
    busy = system.get("/fhir/$export", headers=ASYNC)
    assert busy.status_code == 429
    assert busy.json()["issue"][0]["code"] == "throttled"
    work(filled)
    with inside(filled.pk):
        api_tokens.revoke(token=system.token, by=make.founder(filled), at=datetime.now(UTC))
    other = system_of(filled)
    assert other.get(address).status_code == 404
    assert other.get(f"{address}/Patient.ndjson").status_code == 404


def test_what_is_thrown_away_is_gone(filled):
    system = system_of(filled)
    address = begin(system)
    work(filled, parts=2)
    assert system.delete(address).status_code == 202
    assert system.get(address).status_code == 404
    assert work(filled) == 0
    with inside(filled.pk):
        assert not BulkPart.objects.exists()


def test_a_revoked_token_ends_its_export(filled):
    system = system_of(filled)
    begin(system)
    work(filled, parts=2)
    with inside(filled.pk):
        api_tokens.revoke(token=system.token, by=make.founder(filled), at=datetime.now(UTC))
    work(filled)
    with inside(filled.pk):
        assert BulkExport.objects.get().state == BulkExport.State.GIVEN_UP
        assert not BulkPart.objects.exists()


def test_old_files_are_deleted(filled, settings):
    system = system_of(filled)
    address = begin(system)
    work(filled)
    kept_until = datetime.now(UTC) + timedelta(days=settings.BULK_EXPORT_DAYS)
    assert bulk.clear_up(filled.pk, at=kept_until - timedelta(minutes=1)) == 0
    assert bulk.clear_up(filled.pk, at=kept_until + timedelta(minutes=1)) == 1
    assert system.get(address).status_code == 404


def test_what_cannot_be_written_fails_in_the_end(filled, monkeypatch):
    system = system_of(filled)
    address = begin(system)
    with patch.object(bulk, "_packed", side_effect=ValueError), patch.object(tasks, "log"):
        for _ in range(bulk.MOST_FAILURES):
            assert bulk.is_going(filled.pk)
            tasks.export(_Context(), clinic_id=filled.pk)
    assert not bulk.is_going(filled.pk)
    answer = system.get(address)
    assert answer.status_code == 500
    assert answer.json()["resourceType"] == "OperationOutcome"


class _Context:
    """What the task asks of the worker."""

    def should_abort(self) -> bool:
        return False


def test_the_worker_finishes_what_was_asked_for(filled):
    system = system_of(filled)
    address = begin(system)
    tasks.export(_Context(), clinic_id=filled.pk)
    assert system.get(address).status_code == 200


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({}, {}),
        ({"_type": "Condition"}, ASYNC),
        ({"_since": "yesterday"}, ASYNC),
        ({"_since": "2026-05-20T10:00:00"}, ASYNC),
        ({"_outputFormat": "csv"}, ASYNC),
        ({"patient": "1"}, ASYNC),
    ],
)
def test_what_cannot_be_asked_for_is_told_so(system, query, headers):
    answer = system.get("/fhir/$export", query, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_scope_that_reads_one_patient_exports_nobody(clinic):
    narrow = system_of(clinic, Scope.FHIR_READ)
    for address in ("$export", "Patient/$export", f"bulk/{'0' * 8}-0000-0000-0000-{'0' * 12}"):
        assert narrow.get(f"/fhir/{address}", headers=ASYNC).status_code == 403


def test_another_clinic_finds_no_file_of_ours(filled, other_clinic):
    system, stranger = system_of(filled), system_of(other_clinic)
    address = begin(system)
    work(filled)
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/Patient.ndjson").status_code == 404
    assert stranger.delete(address).status_code == 404
    assert system.get(address).status_code == 200


def test_asking_and_fetching_stand_in_the_trail(filled):
    exported(system_of(filled), filled, _type="Patient")
    with inside(filled.pk):
        lines = AuditEvent.objects.of(filled).filter(actor_kind="token", kind="export")
        assert list(lines.order_by("pk").values_list("actor_name", "verb")) == [
            ("EHR", "asked for an export of all patients"),
            ("EHR", "fetched an export of all patients"),
        ]


def test_an_erasure_takes_every_copy_with_it(filled):
    make.bulk_export(by=system_of(filled).token)
    with inside(filled.pk):
        one = Patient.objects.order_by("pk").select_related("clinic")[0]
        by = make.founder(filled)
        patient_actions.archive(patient=one, at=NOW, by=by)
        assert BulkPart.objects.exists()
    make.erasure_asked(of=one)
    with inside(filled.pk):
        assert BulkPart.objects.exists()
        erasure.erase(patient=one, by=by, at=NOW, legal_reason="A court ordered it.")
        assert not BulkPart.objects.exists()
        assert not BulkExport.objects.exists()


def test_the_database_takes_one_going_export_for_each_clinic(filled):
    token = system_of(filled).token
    with inside(filled.pk):
        bulk.begin(clinic=filled, request="", kinds=["Patient"], since=None, by=token, at=NOW)
    for fields, constraint in (
        ({"state": "going"}, "one_bulk_export_at_a_time"),
        ({"state": "done"}, "bulk_export_ended_at"),
        ({"state": "lost", "ended_at": NOW}, "bulk_export_state"),
    ):
        with pytest.raises(IntegrityError, match=constraint), inside(filled.pk):
            BulkExport.objects.create(
                clinic=filled, uuid=uuid4(), token=token, kinds=[], asked_at=NOW, **fields
            )


def test_a_part_cannot_belong_to_another_clinics_export(filled, other_clinic):
    ours = make.bulk_export(by=system_of(filled).token)
    with (
        pytest.raises(IntegrityError, match="export_id_same_clinic"),
        inside(other_clinic.pk),
    ):
        BulkPart.objects.create(
            clinic=other_clinic, export=ours, kind="Patient", number=9, resources=1, content=b""
        )
