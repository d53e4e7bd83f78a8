"""The ways into the portal beside the link, and the pages about phones and people."""

import re
from datetime import date, timedelta
from statistics import median
from time import perf_counter

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.test import Client
from django.urls import reverse
from django.utils import translation

from clinics.tenancy import inside
from patients import actions, codes
from patients.models import Device
from portal import entering
from portal.access import COOKIE
from portal.network import network_of
from tests import make
from tests.make import NOW
from tests.portal.conftest import PHONE, invitation, phone_of
from tests.prescriptions.conftest import words

pytestmark = pytest.mark.usefixtures("clock")

TODAY_PAGE, CODE, NEW_PHONE = "/my/", "/my/code/", "/my/new-phone/"
BORN = {"day": "17", "month": "5", "year": "1980"}
REFUSED = "This code and birth date do not work"
EMAIL = "ana@example.org"
HEALTH_WORDS = re.compile(
    r"pain|stretch|exercis|therap|health|clinical|medical|patient|programme|treat|back|spine", re.I
)


def printed_code(*, of) -> str:
    """The code on the paper, as it is printed."""
    token = invitation(of=of).rstrip("/").rpartition("/")[2]
    return codes.grouped(codes.printed_code(token))


def phone() -> Client:
    return Client(headers={"User-Agent": PHONE})


def type_code(code, *, client=None, address="203.0.113.7", **said):
    data = {"code": code, **BORN, **said}
    return (client or phone()).post(CODE, data, REMOTE_ADDR=address)


def with_email(patient):
    with inside(patient.clinic_id):
        return actions.correct_patient(
            patient=patient, email="Ana@Example.org", by=make.founder(patient.clinic)
        )


def without_what_was_typed(response) -> str:
    return re.sub(r'(value|nonce)="[^"]*"', "", response.content.decode())


# The printed code


def test_code_and_birth_date_open_the_programme(patient):
    client = phone()
    response = type_code(printed_code(of=patient), client=client)
    assert (response.status_code, response.url) == (302, TODAY_PAGE)
    assert client.get(TODAY_PAGE).status_code == 200
    assert response.cookies[COOKIE]["httponly"]


def test_an_unknown_code_and_a_wrong_date_get_the_same_answer(patient):
    code = printed_code(of=patient)
    wrong_date, unknown = type_code(code, day="16"), type_code("0000-0000")
    assert wrong_date.status_code == unknown.status_code == 200
    assert without_what_was_typed(wrong_date) == without_what_was_typed(unknown)
    assert REFUSED in words(unknown)
    assert COOKIE not in unknown.cookies
    for answer in (type_code(code, day="15"), type_code(code, year="1950")):
        assert without_what_was_typed(answer).count("selected") == 1


def test_a_closed_code_answers_like_a_code_that_never_was(patient):
    code = printed_code(of=patient)
    for number in range(5):
        type_code(code, day=str(number + 1), address=f"203.0.113.{number}")
    closed, unknown = type_code(code), type_code("0000-0000")
    assert closed.status_code == unknown.status_code
    assert without_what_was_typed(closed) == without_what_was_typed(unknown)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"code": ""}, "Type the code first."),
        ({"day": "32"}, "Type 1 to 31."),
        ({"day": "31", "month": "2"}, "There is no such day"),
        ({"month": ""}, "Choose one."),
        ({"month": "13"}, "Select a valid choice"),
        ({"year": "57"}, "Type 4 numbers"),
        ({"year": "99999999999999"}, "Type 4 numbers"),
        ({"day": "x\x00"}, "Type 1 to 31."),
    ],
)
def test_what_is_missing_is_asked_for_and_not_counted(patient, said, told):
    code = printed_code(of=patient)
    for _ in range(12):
        response = type_code(**{"code": code, **said})
        assert told in words(response)
    assert type_code(code).status_code == 302


def test_numbers_of_another_script_are_understood(patient):
    code = printed_code(of=patient)
    assert type_code(code, day="١٧", year="١٩٨٠").status_code == 302


def test_too_many_tries_are_told_when_to_come_back(patient):
    code = printed_code(of=patient)
    for _ in range(10):
        assert type_code("0000-0000").status_code == 200
    response = type_code(code)
    assert (response.status_code, response["Retry-After"]) == (429, "2")
    assert "Please wait one minute" in words(response)
    assert type_code(code, address="198.51.100.1").status_code == 302


def test_another_forwarded_address_does_not_reset_the_count(patient):
    for number in range(12):
        headers = {"X-Forwarded-For": f"192.0.2.{number}", "X-Real-IP": f"192.0.2.{number}"}
        response = Client(headers=headers).post(CODE, {"code": "0000", **BORN})
    assert response.status_code == 429


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, None, "203.0.113.7"),
        (0, "192.0.2.1", "203.0.113.7"),
        (1, None, "203.0.113.7"),
        (1, "192.0.2.1", "192.0.2.1"),
        (1, "6.6.6.6, 192.0.2.1", "192.0.2.1"),
        (2, "6.6.6.6, 192.0.2.1, 10.0.0.1", "192.0.2.1"),
        (2, "192.0.2.1", "203.0.113.7"),
        (1, "", "203.0.113.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "::ffff:192.0.2.1", "192.0.2.1"),
        (1, "nonsense", "nonsense"),
    ],
)
def test_only_the_hop_of_our_own_proxy_counts(rf, settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXIES = proxies
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = rf.get("/", headers=headers, REMOTE_ADDR="203.0.113.7")
    assert network_of(request) == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.thorough
def test_400_guesses_from_20_addresses_open_nothing_and_the_patient_comes_in(clock):
    """The short form of `scripts.guessing`; half of the guesses know the code."""
    clinic = make.clinic()
    patient, another = (make.patient(of=clinic, birth_date=date(1980, 5, 17)) for _ in range(2))
    code, middle = printed_code(of=patient), printed_code(of=another)
    answers = []
    for number in range(400):
        clock(NOW + timedelta(seconds=number))
        typed = code if number % 2 else codes.printed_code(f"guess {number}")
        said = {"year": str(1930 + number % 20), "address": f"203.0.113.{number % 20}"}
        answers.append(type_code(typed, **said).status_code)
        if number == 200:
            assert type_code(middle, address="198.51.100.1").status_code == 302
    assert set(answers) == {200, 429}
    assert type_code(printed_code(of=patient), address="198.51.100.2").status_code == 302


@pytest.mark.django_db(transaction=True)
def test_it_takes_as_long_whether_the_code_exists_or_not():
    patient = make.patient(of=make.clinic())
    spent = {"known": [], "unknown": []}
    for number in range(40):
        known = printed_code(of=patient)
        for kind, code in (("known", known), ("unknown", f"0000-{number:04}")):
            before = perf_counter()
            type_code(code, day="16", address=f"203.0.113.{number}")
            spent[kind].append(perf_counter() - before)
    assert abs(median(spent["known"]) - median(spent["unknown"])) < 0.020  # seconds


# A new phone


def ask(email=EMAIL, *, client, address="203.0.113.7"):
    return client.post(NEW_PHONE, {"email": email}, REMOTE_ADDR=address)


def mailed() -> str:
    return re.search(r"^\d{6}$", mail.outbox[-1].body, re.M)[0]


def test_a_new_phone_is_signed_in_with_a_code_from_the_mail(patient):
    phone_of(with_email(patient))
    client = phone()
    response = ask(" ANA@example.org ", client=client)
    assert (response.status_code, response.url) == (302, f"{NEW_PHONE}code/")
    assert mail.outbox[-1].to == [EMAIL]
    assert "If your clinic has this address" in words(client.get(response.url))
    response = client.post(response.url, {"code": f"{mailed()[:3]} {mailed()[3:]}"})
    assert (response.status_code, response.url) == (302, TODAY_PAGE)
    assert response.cookies["bearing_asked"].value == ""
    assert client.get(TODAY_PAGE).status_code == 200


def test_an_unknown_address_gets_the_same_answer_and_another_mail(patient):
    phone_of(with_email(patient))
    known, unknown = phone(), phone()
    first, second = ask(client=known), ask("bo@example.org", client=unknown)
    assert (first.status_code, first.url) == (second.status_code, second.url)
    pages = [client.get(first.url).content.decode() for client in (known, unknown)]
    pages = [re.sub(r'(value|nonce)="[^"]*"|ana@|bo@', "", page) for page in pages]
    assert pages[0] == pages[1]
    assert [message.to for message in mail.outbox] == [[EMAIL], ["bo@example.org"]]
    assert not re.search(r"\d{6}", mail.outbox[1].body)
    answers = [client.post(first.url, {"code": "12"}) for client in (known, unknown)]
    assert {answer.status_code for answer in answers} == {200}
    assert all("This code does not work" in words(answer) for answer in answers)


def test_asking_takes_as_long_whether_the_address_is_known_or_not(patient, clock):
    phone_of(with_email(patient))
    spent = {EMAIL: [], "bob@example.org": []}
    for number in range(40):
        clock(NOW + timedelta(hours=5 * number))
        for email, times in spent.items():
            before = perf_counter()
            assert ask(email, client=phone()).status_code == 302
            times.append(perf_counter() - before)
    known, unknown = (median(times) for times in spent.values())
    assert abs(known - unknown) < 0.020  # seconds


def test_the_code_works_in_no_other_browser(patient):
    phone_of(with_email(patient))
    asked, other = phone(), phone()
    ask(client=asked)
    code = mailed()
    assert other.post(f"{NEW_PHONE}code/", {"code": code}).url == NEW_PHONE
    ask("bo@example.org", client=other)
    assert REFUSED not in words(other.post(f"{NEW_PHONE}code/", {"code": code}))
    assert other.get(TODAY_PAGE).status_code == 401
    assert asked.post(f"{NEW_PHONE}code/", {"code": code}).status_code == 302


def test_a_patient_of_two_clinics_is_asked_which_one(patient, other_clinic):
    phone_of(with_email(patient))
    phone_of(make.patient(of=other_clinic, name="Ana Ruiz", email=EMAIL))
    client = phone()
    response = client.post(ask(client=client).url, {"code": mailed()}, follow=True)
    assert response.redirect_chain == [(reverse("portal:people"), 302)]
    assert words(response).count("Ana Ruiz") == 2
    assert "Other clinic" in words(response)


def test_mails_to_one_address_become_rare_whoever_asks(patient):
    for number in range(4):
        response = ask(client=phone(), address=f"203.0.113.{number}")
    assert response.status_code == 429
    assert len(mail.outbox) == 3


def test_a_mail_server_that_is_down_is_told(patient, monkeypatch):
    def refuse(self, messages):
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    for email in (EMAIL, "bo@example.org"):
        response = ask(email, client=phone())
        assert response.status_code == 503
        assert "We could not send the e-mail" in words(response)


def test_no_mail_says_a_word_about_health(patient, therapist):
    phone_of(with_email(patient))
    ask(client=phone())
    ask("bo@example.org", client=phone())
    therapist.post(reverse("patients:invite", args=[patient.pk]), {"by_mail": "yes"})
    assert len(mail.outbox) == 3
    for message in mail.outbox:
        said = f"{message.subject} {message.body}".replace(str(patient.clinic), "")
        assert not HEALTH_WORDS.search(said)
        assert patient.name not in said


# The link by mail


def test_a_therapist_sends_the_link_by_mail(settings, patient, therapist):
    settings.SITE_URL = "https://bearing.example.org"
    path = reverse("patients:invite", args=[patient.pk])
    assert "by e-mail" not in words(therapist.get(reverse("patients:portal", args=[patient.pk])))
    with_email(patient)
    assert "by e-mail" in words(therapist.get(reverse("patients:portal", args=[patient.pk])))
    page = therapist.post(path, {"by_mail": "yes"}, headers={"host": "localhost"})
    assert "The link is on its way to Ana@Example.org." in words(page)
    (message,) = mail.outbox
    assert message.to == ["Ana@Example.org"]
    link = re.search(r"https://bearing.example.org(/my/enter/\S+)", message.body)
    for _scanner in range(3):
        assert Client().get(link[1]).status_code == 200
    assert phone().post(link[1]).status_code == 302


def test_the_link_is_mailed_in_the_patients_language(patient, therapist):
    with inside(patient.clinic_id):
        actions.correct_patient(
            patient=with_email(patient), language="es", by=make.founder(patient.clinic)
        )
    with translation.override("es"):
        subject = translation.gettext("Your link to Bearing")
    therapist.post(reverse("patients:invite", args=[patient.pk]), {"by_mail": "yes"})
    assert mail.outbox[0].subject == subject


def test_a_link_is_mailed_only_when_asked_for(patient, therapist):
    with_email(patient)
    therapist.post(reverse("patients:invite", args=[patient.pk]))
    assert mail.outbox == []


def test_without_an_address_the_link_is_shown_and_not_mailed(patient, therapist):
    page = therapist.post(reverse("patients:invite", args=[patient.pk]), {"by_mail": "yes"})
    assert "no e-mail address" in words(page)
    assert "/my/enter/" in page.content.decode()
    assert mail.outbox == []


def test_when_the_mail_cannot_be_sent_the_link_is_given_by_hand(patient, therapist, monkeypatch):
    def refuse(self, messages):
        raise TimeoutError

    with_email(patient)
    monkeypatch.setattr(EmailBackend, "send_messages", refuse)
    page = therapist.post(reverse("patients:invite", args=[patient.pk]), {"by_mail": "yes"})
    assert "could not be sent" in words(page)
    link = re.search(r'readonly value="[^"]+(/my/enter/[^"]+)"', page.content.decode())
    assert phone().post(link[1]).status_code == 302


def test_the_therapists_page_shows_the_code_beside_the_picture(patient, therapist):
    page = therapist.post(reverse("patients:invite", args=[patient.pk]))
    code = re.search(r'class="printed-code">([^<]+)<', page.content.decode())[1]
    assert re.fullmatch("[0-9A-Z]{4}-[0-9A-Z]{4}", code)
    assert type_code(code).status_code == 302
    assert code not in words(therapist.get(reverse("patients:portal", args=[patient.pk])))


def test_a_therapist_learns_that_a_code_was_guessed_at(patient, therapist, clock):
    code = printed_code(of=patient)
    page = reverse("patients:portal", args=[patient.pk])
    for number in range(5):
        assert "is closed" not in words(therapist.get(page))
        type_code(code, day=str(number + 1))
    assert "five wrong birth dates and is closed" in words(therapist.get(page))


# My phones


def devices(patient) -> list[Device]:
    with inside(patient.clinic_id):
        return list(Device.objects.of_patient(patient).open_at(NOW).order_by("pk"))


def test_a_patient_sees_the_phones_and_which_is_this_one(patient):
    here = phone_of(patient)
    Client(headers={"User-Agent": "Android"}).post(invitation(of=patient))
    page = words(here.get(reverse("portal:phones")))
    assert page.count("Signed in on 20 May 2026. Last used on 20 May 2026.") == 2
    assert "iPhone This phone" in page
    assert "Android phone Signed in" in page


def test_a_patient_signs_out_one_phone(patient):
    here, there = phone_of(patient), phone_of(patient)
    _, other = devices(patient)
    here.post(reverse("portal:sign_out_phone", args=[other.pk]))
    assert here.get(TODAY_PAGE).status_code == 200
    assert there.get(TODAY_PAGE).status_code == 401


def test_signing_out_this_phone_leaves(patient):
    here = phone_of(patient)
    (this,) = devices(patient)
    response = here.post(reverse("portal:sign_out_phone", args=[this.pk]))
    assert "You are signed out" in words(response)
    assert response.cookies[COOKIE].value == ""


def test_a_patient_signs_out_all_other_phones(patient):
    here, *others = (phone_of(patient) for _ in range(4))
    here.post(reverse("portal:sign_out_others"))
    assert here.get(TODAY_PAGE).status_code == 200
    assert {other.get(TODAY_PAGE).status_code for other in others} == {401}


def test_nobody_signs_out_a_neighbours_phone(clinic, patient):
    neighbour = make.patient(of=clinic)
    theirs = phone_of(neighbour)
    (their_phone,) = devices(neighbour)
    response = phone_of(patient).post(reverse("portal:sign_out_phone", args=[their_phone.pk]))
    assert response.status_code == 404
    assert theirs.get(TODAY_PAGE).status_code == 200


# People


@pytest.fixture
def shared(patient, other_clinic) -> Client:
    client = phone_of(patient)
    client.post(invitation(of=make.patient(of=other_clinic, name="Bo Lind")))
    return client


def test_a_button_says_who_uses_the_phone_now(shared, patient):
    assert "Bo" in words(shared.get(TODAY_PAGE))
    page = shared.get(reverse("portal:people"))
    buttons = re.findall(r'name="who" value="(\w+)">.*?<bdi>([^<]+)</bdi>', page.content.decode())
    chosen = {name: who for who, name in buttons}
    assert set(chosen) == {"Bo Lind", "Ana Ruiz"}
    response = shared.post(reverse("portal:people"), {"who": chosen["Ana Ruiz"]}, follow=True)
    assert "Signed in: Ana" in words(response)
    assert "Other clinic" not in words(response)


def test_a_page_names_who_is_signed_in_only_where_there_are_several(shared, patient):
    assert "Signed in: Bo" in words(shared.get(TODAY_PAGE))
    assert "Signed in:" not in words(phone_of(patient).get(TODAY_PAGE))


@pytest.mark.parametrize("who", ["0" * 16, "", None])
def test_whoever_is_not_signed_in_here_cannot_be_chosen(shared, who):
    data = {} if who is None else {"who": who}
    assert shared.post(reverse("portal:people"), data).url == reverse("portal:people")
    assert "Signed in: Bo" in words(shared.get(TODAY_PAGE))


def test_whoever_was_signed_out_elsewhere_is_not_offered(shared, patient):
    with inside(patient.clinic_id):
        Device.objects.of_patient(patient).update(revoked_at=NOW)
    assert "Ana Ruiz" not in words(shared.get(reverse("portal:people")))


def test_a_phone_of_nobody_is_told_how_to_come_in(db):
    page = phone().get(reverse("portal:people"))
    assert "Nobody is signed in on this phone." in words(page)
    assert CODE in page.content.decode()


def test_the_closed_door_shows_the_other_ways_in(db):
    page = phone().get(TODAY_PAGE).content.decode()
    assert CODE in page
    assert NEW_PHONE in page


def test_where_the_cookie_of_the_asking_goes_only_our_own_page_reads_it(patient):
    client = phone()
    cookie = ask(client=client).cookies[entering.ASKED_COOKIE]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == (NEW_PHONE, True, "Lax")
    assert cookie["max-age"] == 600
