import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from clinics.models import AuditEvent
from patients import actions
from patients.models import Device, Invitation, Note, Patient
from tests import make
from tests.make import NOW, inside
from tests.patients.conftest import device, invitation

SCRIPT = "<script>alert(1)</script>"
ANA = {"name": "Ana Ruiz", "birth_date": "1980-05-17"}


def patients_of(clinic) -> list[Patient]:
    with inside(clinic.pk):
        return list(Patient.objects.of(clinic).with_clinic().order_by("pk"))


def stored(patient) -> Patient:
    with inside(patient.clinic_id):
        return Patient.objects.with_clinic().get(pk=patient.pk)


def notes_of(patient) -> list[str]:
    with inside(patient.clinic_id):
        return list(Note.objects.of_patient(patient).order_by("pk").values_list("text", flat=True))


def events(clinic) -> int:
    with inside(clinic.pk):
        return AuditEvent.objects.of(clinic).acts().count()


def archive(patient):
    with inside(patient.clinic_id):
        return actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))


def url(name, row=None) -> str:
    return reverse(f"patients:{name}", args=[row.pk] if row else [])


@pytest.fixture
def rows(patient):
    """What each view is about."""
    phone = device(of=patient)
    link, _ = invitation(of=patient, at=timezone.now())
    return {"revoke": link, "sign_out": phone} | dict.fromkeys(ABOUT_A_PATIENT, patient)


# What the door costs: session, user, begin, context, membership, context, end.
DOOR = 7
LOOK = 1  # the line that somebody looked

# Three people at every door

ABOUT_A_PATIENT = ["record", "edit", "note", "archive", "restore", "portal", "invite"]
READ = ["record", "portal"]
WRITE = ["edit", "note", "archive", "restore", "invite", "revoke", "sign_out"]


@pytest.mark.parametrize("view", READ)
def test_everybody_of_the_clinic_may_read(therapist, assistant, rows, view):
    for client in (therapist, assistant):
        assert client.get(url(view, rows[view])).status_code == 200


@pytest.mark.parametrize("view", WRITE)
@pytest.mark.parametrize(("who", "status"), [("assistant", 403), ("stranger", 404)])
def test_writing_is_refused_to(request, clinic, rows, view, who, status):
    client, before = request.getfixturevalue(who), events(clinic)
    data = ANA | {"text": "A note", "client_uuid": uuid4()}
    assert client.post(url(view, rows[view]), data).status_code == status
    assert events(clinic) == before


@pytest.mark.parametrize("view", [*READ, "edit", "note", "archive", "invite"])
def test_a_stranger_does_not_even_see_that_the_patient_exists(stranger, rows, view):
    assert stranger.get(url(view, rows[view])).status_code == 404


@pytest.mark.parametrize("view", ["create", "archived"])
def test_the_pages_about_nobody_in_particular(therapist, assistant, view):
    assert therapist.get(url(view)).status_code == 200
    assert assistant.get(url(view)).status_code == (403 if view == "create" else 200)


def test_an_assistant_is_not_offered_what_is_refused(assistant, rows, patient):
    for view in READ:
        page = assistant.get(url(view, patient)).content.decode()
        assert 'method="post"' not in page[page.index("<main") : page.index("</main>")]
        assert url("edit", patient) not in page


@pytest.mark.parametrize("view", ABOUT_A_PATIENT)
def test_a_key_too_long_is_not_found(therapist, view):
    path = reverse(f"patients:{view}", args=[1]).replace("/1/", f"/{'9' * 30}/")
    ask = therapist.get if view in READ else therapist.post
    assert ask(path).status_code == 404


# Create


def test_a_new_patient_is_stored_and_shown(clinic, therapist):
    response = therapist.post(
        url("create"), ANA | {"record_number": "7", "therapist": therapist.user.pk}
    )
    (patient,) = patients_of(clinic)
    assert response["Location"] == reverse("patient", args=[patient.pk])
    assert (patient.name, patient.record_number) == ("Ana Ruiz", "7")
    assert patient.therapist == therapist.user


def test_the_form_proposes_the_person_who_fills_it_in(therapist):
    page = therapist.get(url("create")).content.decode()
    assert f'<option value="{therapist.user.pk}" selected>' in page


def test_what_was_typed_stays_beside_what_is_wrong(clinic, therapist):
    response = therapist.post(
        url("create"), ANA | {"birth_date": "2199-01-01", "email": "ana@example.org"}
    )
    page = response.content.decode()
    assert response.status_code == 200
    assert "This date is in the future." in page
    assert 'value="Ana Ruiz"' in page
    assert 'value="ana@example.org"' in page
    assert patients_of(clinic) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"name": "\x00", "birth_date": "\x00"}, id="only NUL"),
        pytest.param({"name": "N" * 100_000, "birth_date": "1" * 100_000}, id="very long"),
        pytest.param({"name": "\u202e\u200b", "birth_date": "1980-05-17"}, id="unseen"),
        pytest.param(ANA | {"therapist": ["1", "x"]}, id="two values"),
        pytest.param(ANA | {"time_zone": "../../etc/passwd"}, id="a path for a zone"),
    ],
)
def test_bad_input_stores_nothing_and_breaks_nothing(clinic, therapist, data):
    response = therapist.post(url("create"), data)
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    assert patients_of(clinic) == []


def test_fields_that_the_form_does_not_show_change_nothing(clinic, other_clinic, therapist):
    therapist.post(
        url("create"),
        ANA | {"clinic": other_clinic.pk, "id": 999, "archived_at": "2026-01-01"},
    )
    (patient,) = patients_of(clinic)
    assert (patient.pk != 999, patient.archived_at) == (True, None)


def test_a_therapist_of_another_clinic_is_refused_beside_the_field(clinic, therapist, stranger):
    response = therapist.post(url("create"), ANA | {"therapist": stranger.user.pk})
    assert "therapist" in response.context["form"].errors
    assert patients_of(clinic) == []


def test_the_same_person_is_shown_with_a_link_before_saving(clinic, therapist, patient):
    response = therapist.post(url("create"), ANA | {"name": "ANA RUÍZ", "phone": "555 0100"})
    page = response.content.decode()
    assert reverse("patient", args=[patient.pk]) in page
    assert f'name="other_than" value="{patient.pk}"' in page
    assert 'value="555 0100"' in page
    assert patients_of(clinic) == [patient]


def test_the_same_person_in_the_archive_is_shown_as_archived(therapist, patient):
    archive(patient)
    assert "Archived" in therapist.post(url("create"), ANA).content.decode()


def test_another_person_of_that_name_is_stored_when_somebody_says_so(clinic, therapist, patient):
    therapist.post(url("create"), ANA | {"other_than": patient.pk})
    assert len(patients_of(clinic)) == 2


def test_who_came_in_the_meantime_is_shown_beside_the_others(clinic, therapist, patient):
    with inside(clinic.pk):
        second = actions.record_patient(
            clinic=clinic,
            by=therapist.user,
            other_than=[patient.pk],
            name="Ana Ruiz",
            birth_date=patient.birth_date,
        )
    page = therapist.post(url("create"), ANA | {"other_than": patient.pk}).content.decode()
    assert reverse("patient", args=[second.pk]) in page
    assert f'name="other_than" value="{patient.pk},{second.pk}"' in page
    assert len(patients_of(clinic)) == 2


def test_having_said_so_is_kept_when_something_else_is_wrong(therapist, patient):
    data = ANA | {"other_than": patient.pk, "email": "ana@"}
    page = therapist.post(url("create"), data).content.decode()
    assert f'type="hidden" name="other_than" value="{patient.pk}"' in page


def test_a_form_sent_twice_makes_one_patient_and_shows_it(clinic, therapist):
    therapist.post(url("create"), ANA)
    (patient,) = patients_of(clinic)
    page = therapist.post(url("create"), ANA).content.decode()
    assert reverse("patient", args=[patient.pk]) in page
    assert patients_of(clinic) == [patient]


def test_a_record_number_taken_in_the_last_moment_is_said_beside_the_field(
    clinic, therapist, monkeypatch
):
    make.patient(of=clinic, name="Ben", record_number="7")
    monkeypatch.setattr(
        "patients.forms.PatientForm.clean_record_number",
        lambda form: form.cleaned_data["record_number"],
    )
    response = therapist.post(url("create"), ANA | {"record_number": "7"})
    assert response.context["form"].errors["record_number"] == [
        "Another patient has this record number."
    ]
    assert len(patients_of(clinic)) == 1


# Edit


def test_a_change_is_stored_and_the_rest_stays(therapist, patient):
    response = therapist.post(url("edit", patient), ANA | {"phone": "555 0100"})
    assert response["Location"] == url("record", patient)
    assert (stored(patient).name, stored(patient).phone) == ("Ana Ruiz", "555 0100")


def test_a_change_that_is_refused_changes_nothing_on_the_page_around_it(therapist, patient):
    page = therapist.post(url("edit", patient), ANA | {"name": "42"}).content.decode()
    assert "A name needs at least one letter." in page
    assert "<h1><bdi>Ana Ruiz</bdi></h1>" in page
    assert stored(patient).name == "Ana Ruiz"


def test_a_change_that_makes_two_the_same_is_asked_about(clinic, therapist, patient):
    other = make.patient(of=clinic, name="Ana Ruis")
    page = therapist.post(url("edit", other), ANA).content.decode()
    assert reverse("patient", args=[patient.pk]) in page
    therapist.post(url("edit", other), ANA | {"other_than": patient.pk})
    assert stored(other).name == "Ana Ruiz"


# Record and notes


def write(client, patient, text="Phoned.", key=None):
    return client.post(url("note", patient), {"text": text, "client_uuid": key or uuid4()})


def test_a_note_is_stored_with_its_author(therapist, patient):
    assert write(therapist, patient)["Location"] == url("record", patient)
    page = therapist.get(url("record", patient)).content.decode()
    assert "Phoned." in page
    assert notes_of(patient) == ["Phoned."]


def test_a_note_sent_twice_is_stored_once(therapist, patient):
    key = uuid4()
    write(therapist, patient, key=key)
    write(therapist, patient, key=key)
    assert notes_of(patient) == ["Phoned."]


def test_a_script_in_a_note_is_shown_as_written(therapist, patient):
    write(therapist, patient, SCRIPT)
    page = therapist.get(url("record", patient)).content.decode()
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_note_too_long_stays_in_the_form(therapist, patient):
    page = write(therapist, patient, "N" * 10_001).content.decode()
    assert "at most 10000" in page
    assert "N" * 10_001 in page
    assert notes_of(patient) == []


def test_the_address_of_a_note_leads_to_the_record(therapist, patient):
    assert therapist.get(url("note", patient))["Location"] == url("record", patient)


def notes_in(page) -> list[str]:
    return re.findall(r"Note \d\d\.", page)


def test_notes_come_newest_first_and_in_pages(clinic, therapist, patient):
    for number in range(25):
        make.note(of=patient, text=f"Note {number:02}.")
    first = therapist.get(url("record", patient)).content.decode()
    assert notes_in(first) == [f"Note {number:02}." for number in range(24, 4, -1)]
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    second = therapist.get(older).content.decode()
    assert notes_in(second) == [f"Note {number:02}." for number in range(4, -1, -1)]
    assert 'rel="next"' not in second


@pytest.mark.parametrize("before", ["word", "-1", "9" * 30, "0"])
def test_a_page_of_notes_that_is_none_breaks_nothing(therapist, patient, before):
    make.note(of=patient)
    assert therapist.get(url("record", patient), {"before": before}).status_code == 200


@pytest.mark.parametrize("rows", [1, 3])
def test_the_record_costs_the_same_for_one_note_and_three(
    therapist, patient, rows, django_assert_num_queries
):
    for _ in range(rows):
        make.note(of=patient)
    with django_assert_num_queries(DOOR + LOOK + 2):  # the patient and the notes
        therapist.get(url("record", patient))


# Archive


def test_archiving_asks_first(therapist, patient):
    page = therapist.get(url("archive", patient)).content.decode()
    assert "Nothing is deleted" in page
    assert not stored(patient).is_archived


def test_an_archived_patient_can_be_restored(therapist, patient):
    therapist.post(url("archive", patient))
    assert stored(patient).is_archived
    page = therapist.get(url("record", patient)).content.decode()
    assert f'action="{url("restore", patient)}"' in page
    therapist.post(url("restore", patient))
    assert not stored(patient).is_archived


def test_restoring_needs_a_post(therapist, patient):
    assert therapist.get(url("restore", patient)).status_code == 405


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        pytest.param({}, {"Ana Ruiz", "Ben Gil"}, id="all"),
        pytest.param({"q": "ruíz"}, {"Ana Ruiz"}, id="by name"),
        pytest.param({"q": "1980-05-17"}, {"Ana Ruiz", "Ben Gil"}, id="by birth date"),
        pytest.param({"q": "zzz"}, set(), id="nobody"),
        pytest.param({"q": "zzz", "therapist": "zzz"}, set(), id="and a therapist unknown"),
        pytest.param({"page": "99"}, {"Ana Ruiz", "Ben Gil"}, id="a page past the last"),
        pytest.param({"page": "x"}, {"Ana Ruiz", "Ben Gil"}, id="a page that is none"),
    ],
)
def test_the_archive_is_searched(clinic, therapist, patient, query, shown):
    archive(patient)
    archive(make.patient(of=clinic, name="Ben Gil"))
    make.patient(of=clinic, name="Still Here")
    page = therapist.get(url("archived"), query).content.decode()
    assert {name for name in ("Ana Ruiz", "Ben Gil", "Still Here") if name in page} == shown
    assert ("Nobody found" in page) is (not shown)


def test_the_archive_holds_nobody_of_another_clinic(stranger, patient):
    archive(patient)
    assert "Ana Ruiz" not in stranger.get(url("archived")).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_archive_costs_the_same_for_one_and_three(
    clinic, therapist, rows, django_assert_num_queries
):
    for _ in range(rows):
        archive(make.patient(of=clinic, therapist=therapist.user))
    with django_assert_num_queries(DOOR + LOOK + 3):  # colleagues, count, patients
        therapist.get(url("archived"))


# Portal


def link_in(response) -> str:
    (link,) = re.findall(r'readonly value="([^"]+)"', response.content.decode())
    return link


def test_an_invitation_is_shown_once_as_link_and_picture(settings, therapist, patient):
    settings.SITE_URL = "https://bearing.example.org"
    response = therapist.post(url("invite", patient), headers={"host": "localhost"})
    link = link_in(response)
    assert link.startswith("https://bearing.example.org/my/enter/")
    assert '<svg role="img" aria-label="QR code of the link"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    again = therapist.get(url("portal", patient)).content.decode()
    assert link not in again
    assert "Open" in again


def test_the_link_opens_the_portal_once(client, clinic, therapist, patient):
    path = link_in(therapist.post(url("invite", patient))).partition("/my/")[2]
    assert client.get(f"/my/{path}").status_code == 200
    assert client.post(f"/my/{path}").status_code == 302
    assert client.post(f"/my/{path}").status_code == 404
    with inside(clinic.pk):
        assert Device.objects.of_patient(patient).count() == 1


def test_the_token_is_not_in_the_session(therapist, patient):
    token = link_in(therapist.post(url("invite", patient))).rstrip("/").rpartition("/")[2]
    assert token not in str(dict(therapist.session))


def test_the_address_of_an_invitation_leads_to_the_portal_page(therapist, patient):
    response = therapist.get(url("invite", patient))
    assert response["Location"] == url("portal", patient)


def test_an_archived_patient_is_not_invited(clinic, therapist, patient):
    archive(patient)
    page = therapist.post(url("invite", patient), follow=True).content.decode()
    assert "Restore the record first" in page
    with inside(clinic.pk):
        assert not Invitation.objects.of_patient(patient).exists()


def test_a_revoked_link_is_gone_from_the_page(therapist, patient):
    link, _ = invitation(of=patient, at=timezone.now())
    page = therapist.post(url("revoke", link), follow=True).content.decode()
    assert "The link no longer works." in page
    assert "Make an invitation" in page
    again = therapist.post(url("revoke", link), follow=True).content.decode()
    assert "already used or closed" in again


def test_an_expired_link_is_not_shown_as_open(therapist, patient):
    invitation(of=patient, at=timezone.now() - timedelta(days=15))
    assert "Make an invitation" in therapist.get(url("portal", patient)).content.decode()


def test_a_phone_is_signed_out(clinic, therapist, patient):
    phone = device(of=patient)
    page = therapist.post(url("sign_out", phone), follow=True).content.decode()
    assert "iPhone is signed out." in page
    with inside(clinic.pk):
        assert not Device.objects.of_patient(patient).active().exists()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_portal_page_costs_the_same_for_one_phone_and_three(
    therapist, patient, rows, django_assert_num_queries
):
    for _ in range(rows):
        device(of=patient)
    invitation(of=patient, at=timezone.now())
    # The patient, the invitation, the tries of its code, the phones
    with django_assert_num_queries(DOOR + LOOK + 4):
        therapist.get(url("portal", patient))
