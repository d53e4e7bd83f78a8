"""Every resource of the sample clinic, against the published definitions; run by make thorough."""

import time
from datetime import date

import pytest

from clinics.models import Clinic
from clinics.tenancy import inside
from prescriptions.fhir import sources
from prescriptions.models import SessionEntry
from prescriptions.sample import clinic as sample
from tests.prescriptions.fhir.conftest import found, next_of, system_of
from tests.prescriptions.fhir.r4 import problems

TODAY = date(2026, 5, 20)
pytestmark = [pytest.mark.thorough, pytest.mark.django_db]


@pytest.fixture
def riverside() -> Clinic:
    clinic_id = sample.make(today=TODAY)
    with inside(clinic_id):
        return Clinic.objects.get(pk=clinic_id)


def test_every_resource_of_the_sample_clinic_is_valid(riverside):
    system, told, seconds = system_of(riverside), [], 0.0
    for kind in sources.kinds():
        address = f"/fhir/{kind}?_count=200"
        while address:
            begun = time.perf_counter()
            page = system.get(address)
            seconds = max(seconds, time.perf_counter() - begun)
            told += found(page)
            following = next_of(page)
            address = f"/fhir/{following}" if following else None
    assert {one["resourceType"] for one in told} == set(sources.kinds())
    keys = {f"{one['resourceType']}/{one['id']}" for one in told}
    assert len(keys) == len(told)
    with inside(riverside.pk):
        entries = SessionEntry.objects.of(riverside).count()
    assert sum(one["id"].startswith("completion-") for one in told) == entries
    assert [problem for one in told for problem in problems(one)] == []
    print(f"{len(told)} resources, the slowest page of 200 took {seconds:.2f} s")
