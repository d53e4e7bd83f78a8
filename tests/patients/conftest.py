import pytest

from patients import actions
from patients.models import Device, Invitation
from tests import make
from tests.make import NOW, inside


@pytest.fixture
def patient(clinic):
    return make.patient(of=clinic, name="Ana Ruiz")


def invitation(*, of, at=NOW) -> tuple[Invitation, str]:
    """An open invitation and its token."""
    with inside(of.clinic_id):
        return actions.invite(patient=of, at=at, by=make.founder(of.clinic))


def device(*, of, label="iPhone", at=NOW) -> Device:
    """A phone on which the patient is signed in."""
    _, token = invitation(of=of, at=at)
    with inside(of.clinic_id):
        secret = actions.accept_invitation(token=token, label=label, at=at).secret
        return Device.objects.get(secret_hash=actions.hash_of(secret))
