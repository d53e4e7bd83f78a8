"""Two clinics with a row of every kind, and everybody who may stand before a door of theirs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType

from django.db import models
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from clinics import actions
from clinics.models import Clinic, Membership
from clinics.tenancy import inside
from exercises.content import load_education
from patients import actions as patient_actions
from patients.models import Episode, Invitation, Patient, RaisedFlag
from prescriptions import reminders
from prescriptions.models import PrescriptionEdition
from tests import make
from tests.conftest import signed_in
from tests.test_doors import ABOUT, phone_of, undone, url

# Of a kind with several rows, the one that most can be done with.
CHOSEN = MappingProxyType(
    {
        Invitation: lambda rows: rows.not_used(),
        Episode: lambda rows: rows.open(),
        RaisedFlag: lambda rows: rows.open(),
        PrescriptionEdition: lambda rows: rows.drafts(),
    }
)
OF_A_PUBLISHED_EDITION = {
    "prescriptions:edition",
    "prescriptions:handout",
    "prescriptions:note",
    "portal:log",
}
ROLES = {"admin": "ADMIN", "therapist": "THERAPIST", "assistant": "ASSISTANT"}


@dataclass(frozen=True)
class Rows:
    """The key of one row of each kind, of one patient where the kind has a patient."""

    keys: Mapping[type[models.Model], int]
    published: int  # an edition that is not a draft

    def about(self, name: str) -> int:
        """The key in the address of this view; 0 where there is none."""
        return (
            self.published if name in OF_A_PUBLISHED_EDITION else self.keys.get(ABOUT.get(name), 0)
        )


@dataclass(frozen=True)
class World:
    """`own` rows are of a patient of the first clinic, the neighbour's of another one there."""

    ours: Clinic
    theirs: Clinic
    patient: Patient
    people: Mapping[str, Client]
    own: Rows
    neighbours: Rows
    others: Rows
    links: Mapping[str, str]  # addresses that work for whoever holds them


def world(*, own: str = "Own", neighbours: str = "Neighbour", others: str = "Xylophone") -> World:
    """Each of the three words is in every text of that patient's rows."""
    ours, theirs = make.clinic(), make.clinic(name=f"Clinic {others}")
    mine = make.everything(of=ours, word=own)
    near = make.everything(of=ours, word=neighbours, slug=load_education()[-1].slug)
    far = make.everything(of=theirs, word=others)
    people = {role: signed_in(ours, Membership.Role[of]) for role, of in ROLES.items()}
    people |= {
        "stranger": signed_in(theirs, Membership.Role.ADMIN),
        "no clinic": _of_no_clinic(),
        "ended": _whose_membership_ended(ours),
        "nobody": Client(),
    }
    people["patient"] = phone_of(mine)
    links = _links(mine)  # after it: a new invitation ends the one before
    return World(
        ours,
        theirs,
        mine,
        people,
        own=rows_of(mine),
        neighbours=rows_of(near),
        others=rows_of(far),
        links=links,
    )


def rows_of(patient: Patient) -> Rows:
    with inside(patient.clinic_id):
        published = PrescriptionEdition.objects.of_patient(patient).published()[0].pk
        return Rows({model: _key(model, patient) for model in set(ABOUT.values())}, published)


def address(name: str, entry: URLPattern, rows: Rows) -> str:
    """The address of the view, about one of these rows if it is about a row at all."""
    try:
        return url(name, rows.about(name))
    except NoReverseMatch:  # one of django-allauth's, with a link in a mail
        parts = dict.fromkeys(entry.pattern.regex.groupindex, "1")
        return reverse(name, kwargs=parts)


@contextmanager
def as_before(client: Client) -> Iterator[Client]:
    """The browser keeps no cookie that it gets meanwhile, and the database no row."""
    kept = client.cookies.output(header="")
    with undone():
        yield client
    client.cookies.clear()
    client.cookies.load(kept)


def _key(model: type[models.Model], patient: Patient) -> int:
    rows = model._default_manager.order_by("pk")
    names = {field.name for field in model._meta.fields}
    if "clinic" in names:
        rows = rows.filter(clinic=patient.clinic_id)
    if "patient" in names:
        rows = rows.filter(patient=patient)
    if model is Patient:
        rows = rows.filter(pk=patient.pk)
    key = CHOSEN.get(model, lambda all_of_them: all_of_them)(rows).values_list("pk", flat=True)
    assert key, f"tests/make.py: everything() makes no {model.__name__}"
    return key[0]


def _invitation(patient: Patient) -> str:
    with inside(patient.clinic_id):
        by = make.founder(patient.clinic)
        _, token = patient_actions.invite(patient=patient, at=make.timezone_now(), by=by)
    return reverse("portal:enter", args=[token])


def _links(patient: Patient) -> dict[str, str]:
    with inside(patient.clinic_id):
        secret = reminders.make_calendar_address(
            patient=patient, at=make.timezone_now(), by=patient
        )
    return {
        "portal:enter": _invitation(patient),
        "portal:stop_mail": reverse("portal:stop_mail", args=[reminders.stop_token(patient)]),
        "portal:calendar": reverse("portal:calendar", args=[secret]),
    }


def _of_no_clinic() -> Client:
    client = Client()
    client.force_login(make.user(name="Of no clinic"))
    return client


def _whose_membership_ended(clinic: Clinic) -> Client:
    client = signed_in(clinic, Membership.Role.ADMIN)
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(client.user).get()
        actions.end_membership(membership=membership, by=make.founder(clinic))
    return client
