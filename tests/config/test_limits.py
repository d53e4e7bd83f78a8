"""Too many, too large, unreadable: said with a page, never a 500, and nobody else is kept out."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django import forms
from django.apps import apps
from django.core.cache import cache
from django.db import models
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinics.models import Membership
from clinics.tenancy import inside
from config import limits
from config.limits import LIMITS, OF_THE_SIGNED_IN, Most, door_of
from patients import tries
from patients.models import Note, Patient
from tests import make
from tests.conftest import signed_in
from tests.portal.conftest import phone_of
from tests.test_doors import ABOUT, NAMES, keys_of_everything, url, walk

OPEN = [(name, entry) for name, entry in walk() if door_of(entry.callback) in LIMITS]
FORM = "application/x-www-form-urlencoded"
PASSWORD = "a long sample password"
SIGN_IN = "/accounts/sign-in/"


def address_of(name, entry) -> str:
    """Some address of this view; every part of it that may vary is nobody's."""
    groups = entry.pattern.regex.groupindex
    if groups and door_of(entry.callback) != "token":
        return reverse(name, kwargs={part: 1 if part == "pk" else "1-x" for part in groups})
    return url(name, 1) if name in NAMES else reverse(name)


@pytest.fixture
def few(monkeypatch):
    """Three requests, then no more."""
    monkeypatch.setattr(limits, "LIMITS", dict.fromkeys(LIMITS, Most(3, timedelta(minutes=1))))


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet(db):
    cache.clear()


def test_every_address_has_a_door_with_a_limit_or_for_the_signed_in():
    doors = {door_of(entry.callback) for _, entry in walk()}
    assert doors <= set(LIMITS) | OF_THE_SIGNED_IN
    assert len(OPEN) > 15


@pytest.mark.parametrize(("name", "entry"), [pytest.param(*one, id=one[0]) for one in OPEN])
def test_every_open_address_has_its_limit(few, name, entry):
    path, visitor = address_of(name, entry), Client(REMOTE_ADDR="203.0.113.7")
    answers = [visitor.get(path) for _ in range(4)]
    assert 429 not in [answer.status_code for answer in answers[:3]]
    assert answers[3].status_code == 429
    assert 0 < int(answers[3]["Retry-After"]) <= 60
    is_asked_by_systems = door_of(entry.callback) in {"token", "open"}
    words = "Too many requests" if is_asked_by_systems else "Too many tries"
    assert words in answers[3].content.decode()
    assert visitor.post(path).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.8").get(path).status_code != 429


def test_without_the_limit_nobody_is_refused(few, monkeypatch):
    monkeypatch.setattr(limits.Limits, "process_view", lambda *args: None)
    statuses = {Client().get(reverse("portal:help")).status_code for _ in range(5)}
    assert statuses == {200}


def test_after_its_time_the_limit_begins_anew():
    now = timezone.now()
    count = {"door": "link", "address": "x", "most": 2, "within": timedelta(minutes=1)}
    tries.count_a_request(**count, at=now)
    tries.count_a_request(**count, at=now + timedelta(seconds=30))
    with pytest.raises(tries.TooSoon) as refused:
        tries.count_a_request(**count, at=now + timedelta(seconds=50))
    assert refused.value.seconds == 10
    # What is refused does not put off the end.
    tries.count_a_request(**count, at=now + timedelta(seconds=60))


def test_who_is_signed_in_is_not_counted(few, clinic):
    admin = signed_in(clinic, Membership.Role.ADMIN)
    phone = phone_of(make.patient(of=clinic))
    assert {admin.get("/").status_code for _ in range(6)} == {200}
    assert {phone.get(reverse("portal:today")).status_code for _ in range(6)} == {200}


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted_together"),
    [
        (0, ["1.1.1.1", "2.2.2.2"], True),
        (1, ["9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"], True),
        (1, ["9.9.9.9, 1.1.1.1", "9.9.9.9, 2.2.2.2"], False),
        (2, ["5.5.5.5, 1.1.1.1, 7.7.7.7", "6.6.6.6, 1.1.1.1, 7.7.7.7"], True),
    ],
    ids=["no proxy", "what the visitor wrote", "what the proxy wrote", "two proxies"],
)
def test_the_address_is_what_our_own_proxy_has_seen(
    few, settings, proxies, forwarded, counted_together
):
    settings.TRUSTED_PROXIES = proxies
    path = reverse("portal:help")
    for _ in range(3):
        Client().get(path, headers={"x-forwarded-for": forwarded[0]})
    last = Client().get(path, headers={"x-forwarded-for": forwarded[1]})
    assert (last.status_code == 429) is counted_together


# Signing in: who is guessed at, and who sits beside


def staff_of(clinic, number: int):
    person = make.user(email=f"colleague{number}@clinic.example", password=PASSWORD)
    make.member(user=person, of=clinic)
    return person


def sign_in(email: str, password: str, address: str):
    return Client(REMOTE_ADDR=address).post(SIGN_IN, {"login": email, "password": password})


def test_another_address_does_not_begin_the_count_of_an_account_anew(clinic):
    person = staff_of(clinic, 0)
    for number in range(5):
        sign_in(person.email, f"guess number {number}", f"203.0.113.{number}")
    sixth = sign_in(person.email, PASSWORD, "198.51.100.9")
    assert sixth.status_code != 302


def test_thirty_colleagues_behind_one_address_sign_in_while_one_account_is_attacked(clinic):
    attacked, address = staff_of(clinic, 0), "203.0.113.7"
    colleagues = [staff_of(clinic, number) for number in range(1, 31)]
    for number, colleague in enumerate(colleagues):
        for guess in range(2):
            sign_in(attacked.email, f"guess {number} {guess}", address)
        assert sign_in(colleague.email, PASSWORD, address).status_code == 302, number
    assert sign_in(attacked.email, PASSWORD, address).status_code != 302


# What is too large, and what cannot be read


@pytest.fixture
def who(clinic):
    """Somebody of each kind with an address that takes a form."""
    patient = make.patient(of=clinic)
    phone = phone_of(patient)
    found = {
        "staff": (
            signed_in(clinic, Membership.Role.ADMIN),
            reverse("patients:note", args=[patient.pk]),
        ),
        "patient": (phone, reverse("portal:messages")),
        "outbox": (phone, reverse("portal:outbox")),
        "nobody": (Client(), SIGN_IN),
        "nobody with a code": (Client(), reverse("portal:code")),
    }
    for client, _ in found.values():
        client.raise_request_exception = False
    return found


def test_too_much_is_refused_with_a_page(who, subtests):
    for kind, (client, path) in who.items():
        with subtests.test(kind):
            large = client.post(path, f"text={'x' * 3_000_000}", content_type=FORM)
            many = "&".join(f"f{number}=x" for number in range(2_001))
            many = client.post(path, many, content_type=FORM)
            assert (large.status_code, many.status_code) == (413, 400)
            for response in (large, many):
                assert "<h1>" in response.content.decode()
                assert "Nothing was saved" in response.content.decode()


UNREADABLE = [
    "text=%00",
    "%00=x",
    "text=%ED%A0%80",
    "text=%FF%FE",
    "text=a%00b&who=%00&key=%00",
    "&&==%",
]


def test_what_no_database_stores_breaks_nothing(who, subtests):
    for kind, (client, path) in who.items():
        for sent in UNREADABLE:
            with subtests.test(kind, sent=sent):
                said = {"bearing-who": "x"}
                response = client.post(path, sent, content_type=FORM, headers=said)
                assert response.status_code < 500


def notes(clinic) -> list[str]:
    with inside(clinic.pk):
        return list(Note.objects.values_list("text", flat=True))


def test_a_note_of_ten_thousand_lines_is_refused_beside_the_field(who, clinic):
    client, path = who["staff"]
    response = client.post(path, {"text": "one line of it\n" * 10_000, "client_uuid": uuid4()})
    assert response.status_code == 200
    assert "at most" in str(response.context["form"].errors["text"])
    assert notes(clinic) == []


def test_a_nul_in_a_note_is_taken_out_and_the_rest_is_kept(who, clinic):
    client, path = who["staff"]
    sent = {"text": "bends\x00 well", "client_uuid": uuid4()}
    assert client.post(path, sent).status_code == 302
    assert notes(clinic) == ["bends well"]


QUICK = ["%00"]
LONG = ["abc", "9" * 30, "-1", "%ED%A0%80", "%FF", "٣", "1 OR 1=1'", "x" * 2_000, ""]
HOSTILE = [*QUICK, *(pytest.param(text, marks=pytest.mark.thorough) for text in LONG)]
# Every name that a view reads from an address.
PARAMETERS = (
    "q page before therapist id next tier until about weekday large grid sort line exercise"
)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: repr(text)[:20])
def test_no_parameter_of_any_page_breaks_it(site, hostile):
    admin, phone, keys = site
    query = "&".join(f"{name}={hostile}" for name in PARAMETERS.split())
    broken = []
    for name in NAMES:
        who = phone if name.startswith("portal:") else admin
        response = who.get(f"{url(name, keys.get(ABOUT.get(name), 0))}?{query}")
        if response.status_code >= 500:
            broken.append(f"{name}: {response.status_code}")
    assert not broken


@pytest.fixture
def site(clinic):
    keys = keys_of_everything(clinic)
    with inside(clinic.pk):
        patient = Patient.objects.get()
    admin, phone = signed_in(clinic, Membership.Role.ADMIN), phone_of(patient)
    admin.raise_request_exception = phone.raise_request_exception = False
    return admin, phone, keys


@pytest.mark.parametrize(
    "path", ["/%00", "/my/enter/%00/", "/my/calendar/%00.ics", "/my/%ED%A0%80"]
)
def test_an_address_that_nobody_can_have_is_answered(client, path):
    assert client.get(path).status_code in {400, 404}


# Files


def test_nothing_of_ours_takes_a_file():
    """The first that does has to say how it is decoded, limited, stored and served."""
    stored = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.FileField)
    ]
    assert stored == []

    def of(kind):
        return {kind, *(each for one in kind.__subclasses__() for each in of(one))}

    ours = {"clinics", "exercises", "patients", "portal", "prescriptions", "config"}
    forms_of_ours = [form for form in of(forms.BaseForm) if form.__module__.split(".")[0] in ours]
    assert len(forms_of_ours) > 20
    assert not [
        form
        for form in forms_of_ours
        for field in getattr(form, "base_fields", {}).values()
        if isinstance(field, forms.FileField)
    ]


def test_a_file_is_refused(who):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client, path = who["staff"]
    sent = SimpleUploadedFile("x.svg", b"<svg onload=alert(1)>", content_type="image/svg+xml")
    response = client.post(path, {"text": "x", "photo": sent})
    assert response.status_code == 400
    assert re.search(r"Nothing was saved", response.content.decode())
