"""Exercises in the language of the patient, and the word that a translation is not signed yet."""

from dataclasses import replace
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from exercises.models import ExerciseTranslation
from exercises.translations import tell_in
from exercises.vocabulary import Language
from patients.models import Patient
from portal.screen import none_of_these
from prescriptions.handout import handout
from prescriptions.models import Alert, PrescriptionEdition, SessionEntry
from tests import make
from tests.exercises import library
from tests.make import inside
from tests.portal.conftest import phone_of
from tests.portal.test_views import LOGS_PAGE, TODAY_PAGE, answers, page_of, publish

pytestmark = pytest.mark.usefixtures("clock")
PLAYER = reverse("portal:player")
AWAITS = "Esta traducción está a la espera de la revisión de un profesional clínico."
NAMES_AWAIT = "Los nombres de los estiramientos son una traducción"
NAME = "Inclinación de la pelvis"


@pytest.fixture
def edition(patient) -> PrescriptionEdition:
    return make.edition(of=patient, lines=[make.line("TILT")])


@pytest.fixture
def phone(patient) -> Client:
    return speaking(patient, "es")


def speaking(patient, language: str) -> Client:
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(language=language)
    return phone_of(patient)


def shared(code: str, language: Language = Language.SPANISH) -> ExerciseTranslation:
    return ExerciseTranslation.objects.get(
        edition=make.exercise(code).current, language=language, clinic=None
    )


def html(response) -> str:
    return response.content.decode()


def asked(edition) -> dict[str, str]:
    return {"none_of_these": none_of_these(Patient(pk=edition.patient_id))}


def test_today_and_the_player_are_in_the_patients_language(patient, phone, edition):
    for path in (TODAY_PAGE, PLAYER):
        shown = html(phone.get(path))
        assert f'lang="es">{NAME}</h2>' in shown
        assert '<ol class="steps" lang="es" dir="ltr"><li>Acuéstese boca arriba.' in shown
        assert "Deslice una mano debajo" in shown
        assert "Aguantar la respiración." in shown
        assert shared("TILT").figure_words[0] in shown
        # The note is the exercise's own, which no therapist has rewritten.
        assert shared("TILT").direction_note in shown


def test_arabic_is_read_from_the_right(patient, edition):
    shown = html(speaking(patient, "ar").get(TODAY_PAGE))
    assert 'lang="ar">إمالة الحوض</h2>' in shown
    assert '<ol class="steps" lang="ar" dir="rtl">' in shown


def test_what_awaits_review_says_so_with_the_english_beside_it(patient, phone, edition):
    for path in (TODAY_PAGE, PLAYER):
        shown = html(phone.get(path))
        assert AWAITS in shown
        english = shown[shown.index("Ver el texto en inglés") :].partition("</details>")[0]
        assert 'lang="en" dir="ltr"' in english
        for line in make.exercise("TILT").current.steps:
            assert line in english
    response = phone.post(page_of(edition), asked(edition))
    assert AWAITS in html(response)
    assert f'lang="es">{NAME}</h2>' in html(response)


def test_signed_for_the_clinic_it_says_so_no_more(patient, phone, edition, clinic, other_clinic):
    make.signature(of=shared("TILT"), clinic=other_clinic)
    assert AWAITS in html(phone.get(TODAY_PAGE))
    make.signature(of=shared("TILT"), clinic=patient.clinic)
    for path in (TODAY_PAGE, PLAYER):
        shown = html(phone.get(path))
        assert AWAITS not in shown
        assert "Ver el texto en inglés" not in shown
        assert NAME in shown


def test_the_logs_name_the_exercise_as_the_patient_knows_it(patient, phone, edition):
    log = make.log(of=edition)
    for path in (LOGS_PAGE, f"/my/logs/{log.pk}/take-back/"):
        shown = html(phone.get(path))
        assert NAME in shown
        assert NAMES_AWAIT in shown
    make.signature(of=shared("TILT"), clinic=patient.clinic)
    assert NAMES_AWAIT not in html(phone.get(LOGS_PAGE))


def test_the_clinic_reads_its_own_words(patient, phone, edition, therapist):
    sent = answers(edition, outcome="part", why_not="pain", pain_during="9", pain_after="9")
    assert phone.post(page_of(edition), sent | {"client_uuid": str(uuid4())}).status_code == 302
    with inside(patient.clinic_id):
        entry = SessionEntry.objects.with_names().get()
        assert entry.exercise_name == "Pelvic Tilt"
        assert not any(NAME in alert.message for alert in Alert.objects.all())


def test_a_text_that_nobody_translated_is_read_in_english(patient, clinic):
    own = library.exercise(of=patient.clinic, name="Wall stretch")
    with inside(patient.clinic_id):
        line = make.line_of(own)
    publish(patient, lines=[line])
    shown = html(speaking(patient, "ar").get(TODAY_PAGE))
    assert 'lang="en">Wall stretch</h2>' in shown
    assert '<ol class="steps" lang="en" dir="ltr"><li>Stand.' in shown
    assert "هذه الترجمة" not in shown


def test_a_note_the_therapist_wrote_is_shown_as_written(patient):
    publish(patient, lines=[replace(make.line("TILT"), direction_note="Only in the morning.")])
    shown = html(speaking(patient, "es").get(TODAY_PAGE))
    assert "Only in the morning." in shown
    assert shared("TILT").direction_note not in shown


def test_english_is_as_it_was(patient, edition):
    shown = html(speaking(patient, "en").get(TODAY_PAGE))
    assert 'lang="en">Pelvic Tilt</h2>' in shown
    assert "awaits review" not in shown


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("language", "more"), [("en", 0), ("es", 1)])
def test_another_language_costs_one_query(
    patient, clinic, django_assert_num_queries, language, more
):
    edition = make.edition(of=patient, lines=[make.line("TILT"), make.line("DOOR")])
    make.log(of=edition)
    phone = speaking(patient, language)
    for path, statements in ((TODAY_PAGE, 12), (LOGS_PAGE, 6), (PLAYER, 10)):
        with django_assert_num_queries(statements + more):
            assert phone.get(path).status_code == 200


@pytest.mark.parametrize("is_signed", [False, True])
def test_the_handout_says_the_same(patient, edition, is_signed):
    if is_signed:
        make.signature(of=shared("TILT"), clinic=patient.clinic)
    with inside(patient.clinic_id), translation.override("es"):
        found = PrescriptionEdition.objects.with_texts().with_patient().get(pk=edition.pk)
        texts = [line.exercise_edition for line in found.lines.all()]
        tell_in(texts, "es", clinic=patient.clinic)
        said = handout(found, link="https://example.org/my/")
    (stretch,) = said["stretches"]
    assert stretch["name"] == NAME
    assert stretch["steps"] == shared("TILT").steps
    assert stretch["stop_for"] == shared("TILT").stop_for
    assert stretch["figures"][0]["alt"].endswith(shared("TILT").figure_words[1])
    assert any("revisión" in part for part in said["about"]) is not is_signed
