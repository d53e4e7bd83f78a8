from datetime import date

import pytest

from clinics import actions as clinic_actions
from patients.forms import NoteForm, PatientForm, SearchForm
from patients.models import Patient
from tests import make
from tests.make import TODAY, inside

pytestmark = pytest.mark.django_db
LONGEST = 200


def form_of(clinic, **data) -> PatientForm:
    data = {"name": "Ana Ruiz", "birth_date": "1980-05-17"} | data
    with inside(clinic.pk):
        form = PatientForm(data, clinic=clinic, today=TODAY)
        form.is_valid()
        return form


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("  Ana   Ruiz ", "Ana Ruiz", id="spaces"),
        pytest.param("محمد عبد الرحمن", "محمد عبد الرحمن", id="Arabic"),
        pytest.param("王小明", "王小明", id="Chinese"),
        pytest.param("สมชาย ใจดี", "สมชาย ใจดี", id="Thai"),
        pytest.param("Zoe\u0308", "Zoë", id="a combining mark"),
        pytest.param("Ana 🌊", "Ana 🌊", id="an emoji"),
        pytest.param("A\x00na\u202e Ruiz\u200b", "Ana Ruiz", id="what nobody sees"),
        pytest.param("<script>alert(1)</script>", "<script>alert(1)</script>", id="markup"),
        pytest.param("N" * LONGEST, "N" * LONGEST, id="the longest"),
    ],
)
def test_a_name_is_kept(clinic, typed, kept):
    form = form_of(clinic, name=typed)
    assert form.errors == {}
    assert form.cleaned_data["name"] == kept


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        pytest.param("name", "", "required", id="no name"),
        pytest.param("name", "\u200b\u200b", "required", id="a name of nothing"),
        pytest.param("name", "\u0301\u0301", "at least one letter", id="a name of marks"),
        pytest.param("name", "\u3164", "required", id="a blank letter"),
        pytest.param("name", "42", "at least one letter", id="a number for a name"),
        pytest.param("name", "N" * (LONGEST + 1), "at most 200", id="a name too long"),
        pytest.param("birth_date", "", "required", id="no birth date"),
        pytest.param("birth_date", "yesterday", "Write the date like", id="no date"),
        pytest.param("birth_date", "1980-02-30", "Write the date like", id="no such day"),
        pytest.param("birth_date", "1980-05-17\x00", "Write the date like", id="a hidden sign"),
        pytest.param("birth_date", "2026-05-21", "in the future", id="tomorrow"),
        pytest.param("birth_date", "9999-12-31", "in the future", id="another age"),
        pytest.param("birth_date", "1899-12-31", "1900 or later", id="before 1900"),
        pytest.param("birth_date", "0001-01-01", "1900 or later", id="the first day"),
        pytest.param("record_number", "7" * 41, "at most 40", id="a record number too long"),
        pytest.param("email", "ana@", "valid email", id="half an address"),
        pytest.param("email", f"{'a' * 260}@example.org", "at most 254", id="an address too long"),
        pytest.param("phone", "call me", "with its digits", id="a phone without digits"),
        pytest.param("phone", "5" * 41, "at most 40", id="a phone too long"),
        pytest.param("therapist", "word", "valid choice", id="a therapist who is a word"),
        pytest.param("therapist", "0", "valid choice", id="nobody's key"),
        pytest.param("therapist", "9" * 30, "valid choice", id="a key too long"),
        pytest.param("time_zone", "Mars/Base", "valid choice", id="a zone of another planet"),
    ],
)
def test_a_field_is_refused_beside_itself(clinic, field, typed, message):
    form = form_of(clinic, **{field: typed})
    assert message in " ".join(form.errors[field])
    assert form[field].value() == typed


@pytest.mark.parametrize("typed", ["1980-05-17", "05/17/1980", "17.05.1980", "17 May 1980"])
def test_a_birth_date_in_the_usual_ways_of_writing(clinic, typed):
    assert form_of(clinic, birth_date=typed).cleaned_data["birth_date"] == date(1980, 5, 17)


@pytest.mark.parametrize("typed", ["1900-01-01", "2026-05-20"])
def test_the_first_and_the_last_birth_date(clinic, typed):
    assert form_of(clinic, birth_date=typed).errors == {}


def test_a_taken_record_number_says_whose_it_is(clinic):
    make.patient(of=clinic, name="Ben", record_number="7")
    assert form_of(clinic, record_number=" 7 ").errors == {
        "record_number": ["Ben has this record number."]
    }


def test_a_record_number_of_another_clinic_is_free(clinic, other_clinic):
    make.patient(of=other_clinic, record_number="7")
    assert form_of(clinic, record_number="7").errors == {}


def choices(clinic, field, form) -> list[str]:
    with inside(clinic.pk):
        return [label for _, label in form.fields[field].choices]


def test_only_those_who_prescribe_in_this_clinic_may_be_in_charge(
    clinic, therapist, assistant, stranger
):
    form = form_of(clinic)
    assert choices(clinic, "therapist", form) == ["Nobody yet", "Founder", "Therapist"]
    for nobody in (assistant, stranger):
        assert "therapist" in form_of(clinic, therapist=nobody.user.pk).errors


def test_who_is_in_charge_stays_in_the_list_after_leaving(clinic, admin):
    gone = make.member(user=make.user(name="Gone"), of=clinic)
    patient = make.patient(of=clinic, therapist=gone.user)
    with inside(clinic.pk):
        clinic_actions.end_membership(membership=gone, by=admin.user)
        form = PatientForm(instance=patient, clinic=clinic, today=TODAY)
    assert "Gone" in choices(clinic, "therapist", form)
    assert "Gone" not in choices(clinic, "therapist", form_of(clinic))


def sent_back(patient, **typed) -> dict[str, str]:
    """What a browser sends of a form that was opened for this patient."""
    form = PatientForm(instance=patient, clinic=patient.clinic, today=TODAY)
    shown = {name: form[name].value() or "" for name in form._meta.fields}
    return {f"initial-{name}": value for name, value in shown.items()} | shown | typed


def test_only_what_was_changed_on_the_page_is_brought_back(clinic, patient):
    with inside(clinic.pk):
        data = sent_back(patient, phone="555 0100", birth_date="1980-05-17")
        Patient.objects.filter(pk=patient.pk).update(email="new@example.org")
        newer = Patient.objects.with_clinic().get(pk=patient.pk)
        form = PatientForm(data, instance=newer, clinic=clinic, today=TODAY)
        assert form.is_valid(), form.errors
        assert form.changes == {"phone": "555 0100"}


def test_a_field_can_be_emptied(clinic):
    patient = make.patient(of=clinic, phone="555 0100")
    with inside(clinic.pk):
        data = sent_back(patient, phone="")
        form = PatientForm(data, instance=patient, clinic=clinic, today=TODAY)
        assert form.is_valid(), form.errors
        assert form.changes == {"phone": ""}


@pytest.mark.parametrize(
    ("sent", "keys"),
    [
        pytest.param("12,15", [12, 15], id="two"),
        pytest.param("", [], id="none"),
        pytest.param("12,word,-1,,1.5", [12], id="what is no key is left out"),
        pytest.param("9" * 30, [], id="more than a key can be"),
    ],
)
def test_other_than(clinic, sent, keys):
    assert form_of(clinic, other_than=sent).other_than == keys


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "Write the note first.", id="empty"),
        pytest.param(" \n\t\u200b", "Write the note first.", id="nothing that anybody sees"),
        pytest.param("N" * 10_001, "at most 10000", id="too long"),
    ],
)
def test_a_note_is_refused_beside_itself(text, message):
    form = NoteForm({"text": text, "client_uuid": "00000000-0000-4000-8000-000000000000"})
    assert message in " ".join(form.errors["text"])


def test_a_note_needs_the_key_of_its_form():
    assert "client_uuid" in NoteForm({"text": "Phoned.", "client_uuid": "word"}).errors


def names(clinic, user, **data) -> list[str]:
    with inside(clinic.pk):
        form = SearchForm(data, clinic=clinic, user=user)
        return [patient.name for patient in form.found(Patient.objects.of(clinic).order_by("name"))]


@pytest.fixture
def three(clinic, therapist):
    """One patient of the therapist, one of the founder, one of nobody."""
    make.patient(of=clinic, name="Ana", therapist=therapist.user)
    make.patient(of=clinic, name="Ben", therapist=make.founder(clinic))
    make.patient(of=clinic, name="Cem")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param({}, ["Ana", "Ben", "Cem"], id="nothing asked"),
        pytest.param({"therapist": "me"}, ["Ana"], id="mine"),
        pytest.param({"q": "b"}, ["Ben"], id="a name"),
        pytest.param({"q": "b", "therapist": "me"}, [], id="a name among mine"),
        pytest.param({"therapist": "0"}, ["Ana", "Ben", "Cem"], id="nobody's key"),
        pytest.param({"therapist": "' OR 1=1"}, ["Ana", "Ben", "Cem"], id="an injection"),
        pytest.param({"therapist": "9" * 30}, ["Ana", "Ben", "Cem"], id="a key too long"),
        pytest.param({"q": "b", "therapist": "x"}, ["Ben"], id="what is known still counts"),
        pytest.param({"q": "b" * 201}, ["Ana", "Ben", "Cem"], id="a word too long"),
        pytest.param({"q": "\x00b"}, ["Ben"], id="a hidden character"),
    ],
)
def test_search(clinic, therapist, three, data, expected):
    assert names(clinic, therapist.user, **data) == expected


def test_search_by_a_named_therapist(clinic, therapist, three):
    assert names(clinic, therapist.user, therapist=str(make.founder(clinic).pk)) == ["Ben"]


def test_search_offers_everyone_me_and_my_colleagues(clinic, therapist, assistant):
    with inside(clinic.pk):
        form = SearchForm(clinic=clinic, user=therapist.user)
    assert choices(clinic, "therapist", form) == ["Everyone", "Me", "Founder"]
