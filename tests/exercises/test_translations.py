"""Translations of exercises and education pages: kept, signed clinic by clinic, and read."""

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, ProgrammingError
from django.urls import reverse

from clinics.models import AuditEvent
from clinics.tenancy import inside
from exercises import actions
from exercises.content import CatalogueError, PatientWords, education
from exercises.management.commands import load_catalogue
from exercises.models import (
    EducationReview,
    ExerciseEdition,
    ExerciseTranslation,
    TranslationReview,
)
from exercises.translations import (
    TranslatedText,
    education_in,
    language_of,
    states_of,
    tell_in,
    texts_in,
)
from exercises.vocabulary import Language
from tests import make
from tests.conftest import as_login
from tests.exercises import library

pytestmark = pytest.mark.django_db
RECORDS = make.catalogue_files()
FILES = make.translation_files()
ES, AR = Language.SPANISH, Language.ARABIC


def edition(code: str = "FIL") -> ExerciseEdition:
    return make.exercise(code).current


def shared(code: str = "FIL", language: Language = ES) -> ExerciseTranslation:
    return ExerciseTranslation.objects.get(edition=edition(code), language=language)


@pytest.fixture
def ours(clinic) -> ExerciseEdition:
    """A published text of the clinic's own."""
    text = library.draft(of=clinic, name="Wall stretch", cautions=["Dizzy? [ADJ]"])
    with inside(clinic.pk):
        return actions.publish(draft=text, by=make.founder(clinic), at=make.NOW)


def words(of: ExerciseEdition, **changes: object) -> PatientWords:
    return replace(PatientWords.of(of), name="Estiramiento en la pared", **changes)


def translate(clinic, of: ExerciseEdition, language=ES, **changes) -> ExerciseTranslation:
    with inside(clinic.pk):
        return actions.translate(
            edition=of,
            language=language,
            words=words(of, **changes),
            by=make.founder(clinic),
            at=make.NOW,
        )


# Which text is read


def test_a_text_is_read_in_the_language_asked_for(clinic):
    fil, tilt = edition("FIL"), edition("TILT")
    with inside(clinic.pk):
        texts = texts_in([fil, tilt], "ar", clinic=clinic)
    assert list(texts) == [fil.pk, tilt.pk]
    text = texts[fil.pk]
    assert (text.language, text.reads) == ("ar", "rtl")
    assert text.name == "الثني في وضع الاستلقاء على الظهر"
    assert len(text.steps) == len(fil.steps)
    assert text.primary_load == fil.primary_load
    assert text.figure["alt"] == shared(language=AR).figure_words[0]
    assert text.awaits_review


@pytest.mark.parametrize("language", ["en", "en-gb", "de", ""])
def test_other_languages_read_the_english_and_cost_nothing(
    clinic, language, django_assert_num_queries
):
    fil = edition()
    with inside(clinic.pk), django_assert_num_queries(0):
        texts = texts_in([fil], language, clinic=clinic)
    assert texts == {fil.pk: fil}
    assert (fil.language, fil.reads, fil.awaits_review) == ("en", "ltr", False)


@pytest.mark.parametrize(("code", "spoken"), [("es-MX", "es"), ("AR", "ar"), ("pt", "en")])
def test_a_code_with_a_country_is_its_language(code, spoken):
    assert language_of(code) == spoken


def test_all_texts_of_a_page_cost_one_query(clinic, django_assert_num_queries):
    editions = [edition(record.code) for record in RECORDS]
    with inside(clinic.pk), django_assert_num_queries(1):
        tell_in(editions, "es", clinic=clinic)
    assert all(isinstance(one.told, TranslatedText) for one in editions)


def test_what_nobody_translated_is_read_in_english(clinic, ours):
    with inside(clinic.pk):
        tell_in([ours], "es", clinic=clinic)
    assert ours.told is ours


def test_nobody_asked_is_english():
    fil = edition()
    assert fil.told is fil


def test_a_clinics_own_translation_is_read_by_its_patients(clinic, ours):
    translate(clinic, ours)
    with inside(clinic.pk, patient_id=make.patient(of=clinic).pk):
        text = texts_in([ours], "es", clinic=clinic)[ours.pk]
        assert (text.name, text.awaits_review) == ("Estiramiento en la pared", True)


# Signing


def awaits(clinic, of: ExerciseEdition, language: str = "es") -> bool:
    with inside(clinic.pk):
        return texts_in([of], language, clinic=clinic)[of.pk].awaits_review


def test_a_signature_counts_for_its_clinic_its_language_and_its_text(clinic, other_clinic):
    fil = edition()
    assert awaits(clinic, fil)
    make.signature(of=shared(), clinic=clinic)
    assert not awaits(clinic, fil)
    assert awaits(clinic, fil, "ar")
    assert awaits(clinic, edition("REIL"))
    assert awaits(other_clinic, fil)


def test_a_phone_sees_what_is_signed_and_not_by_whom(clinic):
    fil = edition()
    make.signature(of=shared(), clinic=clinic)
    patient = make.patient(of=clinic)
    with inside(clinic.pk, patient_id=patient.pk):
        assert not texts_in([fil], "es", clinic=clinic)[fil.pk].awaits_review
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        inside(clinic.pk, patient_id=patient.pk),
    ):
        TranslationReview.objects.get()


def test_the_plain_words_are_what_is_translated(clinic):
    text = library.draft(of=clinic, cautions=["Vertigo. [ADJ]"], plain_cautions=["You feel dizzy."])
    assert PatientWords.of(text).cautions == ("You feel dizzy.",)
    with inside(clinic.pk):
        own = actions.publish(draft=text, by=make.founder(clinic), at=make.NOW)
    translate(clinic, own, cautions=("Se marea.",))
    with inside(clinic.pk):
        assert texts_in([own], "es", clinic=clinic)[own.pk].take_care == ["Se marea."]


def test_a_second_signature_of_the_same_text_is_refused(clinic):
    make.signature(of=shared(), clinic=clinic)
    with pytest.raises(actions.AlreadySigned):
        make.signature(of=shared(), clinic=clinic)


def test_a_signature_is_in_the_audit_trail(clinic):
    make.signature(of=shared(), clinic=clinic)
    with inside(clinic.pk):
        event = AuditEvent.objects.get(verb="signed a translation")
        assert event.target_id == shared().pk
    assert event.detail == {
        "language": "es",
        "number": 1,
        "reviewer": "Rosa Lee",
        "licence": "PT 12345, NY",
    }


def test_a_correction_is_a_new_number_that_awaits_its_own_review(clinic, ours):
    first = translate(clinic, ours)
    make.signature(of=first, clinic=clinic)
    second = translate(clinic, ours, summary="Usted se dobla y regresa.")
    assert (first.number, second.number) == (1, 2)
    with inside(clinic.pk):
        assert [state.is_signed for state in states_of(ours, clinic)] == [False, False]
        text = texts_in([ours], "es", clinic=clinic)[ours.pk]
    # What was signed is read until the correction is signed too.
    assert (text.summary, text.awaits_review) == (first.summary, False)
    make.signature(of=second, clinic=clinic)
    with inside(clinic.pk):
        assert texts_in([ours], "es", clinic=clinic)[ours.pk].summary == second.summary


def test_of_two_unsigned_translations_the_newer_is_read(clinic, ours):
    translate(clinic, ours)
    translate(clinic, ours, summary="Usted se dobla y regresa.")
    with inside(clinic.pk):
        text = texts_in([ours], "es", clinic=clinic)[ours.pk]
    assert (text.summary, text.awaits_review) == ("Usted se dobla y regresa.", True)


def test_the_same_words_again_make_no_new_translation(clinic, ours):
    assert translate(clinic, ours) == translate(clinic, ours)


def test_only_a_clinics_own_published_text_is_translated_by_it(clinic):
    with pytest.raises(actions.NotOurs):
        translate(clinic, edition())
    draft = library.draft(of=clinic)
    with pytest.raises(actions.NotPublished):
        translate(clinic, draft)


def test_a_translation_has_the_shape_of_its_original(clinic, ours):
    with pytest.raises(actions.AnotherShape) as told:
        translate(clinic, ours, steps=("Uno.",))
    assert told.value.part == "steps"


def test_a_next_edition_begins_without_a_translation(clinic, ours):
    translate(clinic, ours)
    with inside(clinic.pk):
        by = make.founder(clinic)
        draft = actions.save_draft(
            exercise=ours.exercise, number=2, text={}, loads=[library.FLEXION], by=by
        )
        after = actions.publish(draft=draft, by=by, at=make.NOW)
        texts = texts_in([ours, after], "es", clinic=clinic)
    assert (texts[ours.pk].language, texts[after.pk].language) == ("es", "en")


# Education pages


def test_education_pages_are_told_and_signed_clinic_by_clinic(clinic, other_clinic):
    make.signed_page(of=clinic, slug="questions", language=ES)
    for who, slugs in ((clinic, {"questions"}), (other_clinic, set())):
        with inside(who.pk):
            pages = education_in("es", clinic=who)
        signed = {page.told.page.slug for page in pages if not page.awaits_review}
        assert signed == slugs
        assert all(page.told.is_translated for page in pages)
    with inside(clinic.pk):
        assert all(page.awaits_review for page in education_in("ar", clinic=clinic))


def test_english_pages_await_nothing_and_cost_nothing(clinic, django_assert_num_queries):
    with inside(clinic.pk), django_assert_num_queries(0):
        pages = education_in("en", clinic=clinic)
    assert not any(page.awaits_review or page.told.is_translated for page in pages)


def test_a_page_that_changed_awaits_review_again(clinic, monkeypatch):
    make.signed_page(of=clinic, slug="questions", language=ES)
    changed = tuple(
        replace(told, page=replace(told.page, introduction="Otra cosa.")) for told in education(ES)
    )
    monkeypatch.setattr("exercises.translations.education", lambda language: changed)
    with inside(clinic.pk):
        assert all(page.awaits_review for page in education_in("es", clinic=clinic))


def test_a_phone_reads_which_pages_are_signed(clinic):
    make.signed_page(of=clinic, slug="questions", language=ES)
    patient = make.patient(of=clinic)
    with inside(clinic.pk, patient_id=patient.pk):
        signed = [page for page in education_in("es", clinic=clinic) if not page.awaits_review]
        assert len(signed) == 1
    with (
        pytest.raises(DatabaseError, match="permission denied"),
        inside(clinic.pk, patient_id=patient.pk),
    ):
        EducationReview.objects.get()


def test_a_page_is_signed_once(clinic):
    make.signed_page(of=clinic)
    with pytest.raises(actions.AlreadySigned):
        make.signed_page(of=clinic)


# Walls and constraints


def test_signatures_of_another_clinic_are_not_seen(clinic, other_clinic):
    make.signature(of=shared(), clinic=clinic)
    make.signed_page(of=clinic)
    with inside(other_clinic.pk):
        assert not TranslationReview.objects.exists()
        assert not EducationReview.objects.exists()


def test_another_clinics_translation_is_neither_seen_nor_signed(clinic, other_clinic, ours):
    own = translate(clinic, ours)
    with inside(other_clinic.pk):
        assert not ExerciseTranslation.objects.filter(pk=own.pk).exists()
    with pytest.raises(IntegrityError, match="translation_id_reachable"):
        make.signature(of=own, clinic=other_clinic)


def test_a_clinic_cannot_translate_the_shared_text(clinic):
    fil = edition()
    said = {"edition": fil, "language": "es", "number": 9, "written_at": make.NOW, "name": "x"}
    with pytest.raises(ProgrammingError, match="row-level security"), inside(clinic.pk):
        ExerciseTranslation.objects.create(clinic=None, **said)
    with pytest.raises(IntegrityError, match="edition_id_reachable"), inside(clinic.pk):
        ExerciseTranslation.objects.create(clinic=clinic, **said)


@pytest.mark.parametrize(
    ("constraint", "said"),
    [
        ("translation_number_once", {"number": 1}),
        ("translation_has_a_name", {"name": ""}),
        ("translation_not_english", {"language": "en"}),
    ],
)
def test_the_database_refuses_a_translation(clinic, ours, constraint, said):
    translate(clinic, ours)
    said = {"language": "es", "number": 2, "name": "x"} | said
    with pytest.raises(IntegrityError, match=constraint), inside(clinic.pk):
        ExerciseTranslation.objects.create(clinic=clinic, edition=ours, written_at=make.NOW, **said)


@pytest.mark.parametrize("missing", ["reviewer", "licence"])
def test_the_database_refuses_a_signature_of_nobody(clinic, missing):
    who = {"reviewer": "Rosa Lee", "licence": "PT 1"} | {missing: ""}
    said = {"clinic": clinic, "by": make.founder(clinic), "at": make.NOW} | who
    with pytest.raises(IntegrityError, match="translation_review_by_whom"), inside(clinic.pk):
        actions.sign_translation(translation=shared(), **said)
    with pytest.raises(IntegrityError, match="education_review_by_whom"), inside(clinic.pk):
        actions.sign_page(told=education(ES)[0], **said)


# Loading the files


@pytest.fixture
def as_migrator(transactional_db):
    with as_login("migrator"):
        yield


def load(*changed, translations=FILES) -> actions.Loaded:
    codes = {record.code for record in changed}
    unchanged = [record for record in RECORDS if record.code not in codes]
    return actions.load_catalogue(
        records=[*unchanged, *changed], translations=translations, at=make.NOW
    )


def test_every_file_is_loaded_for_all_clinics():
    assert ExerciseTranslation.objects.filter(clinic=None).count() == len(FILES)


def test_a_corrected_file_is_the_next_number_and_a_changed_original_is_stale(as_migrator):
    assert load() == actions.Loaded(len(RECORDS), new_editions=0)
    corrected = [
        replace(one, words=replace(one.words, name="Otra")) if one == FILES[0] else one
        for one in FILES
    ]
    assert load(translations=corrected).new_translations == 1
    numbers = ExerciseTranslation.objects.filter(edition=edition(FILES[0].code), language="es")
    assert sorted(numbers.values_list("number", flat=True)) == [1, 2]

    fil = next(record for record in RECORDS if record.code == "FIL")
    before = edition("FIL")
    changed = replace(fil, summary="You pull both knees in.")
    loaded = load(changed)
    wanted = PatientWords.of(changed).fingerprint
    assert loaded.stale == tuple(
        f"{lang}/flexion_in_lying.toml ({wanted})" for lang in ("es", "ar")
    )
    clinic = make.clinic()
    after = edition("FIL")
    texts = texts_in([before, after], "es", clinic=clinic)
    assert (texts[before.pk].language, texts[after.pk].language) == ("es", "en")

    renewed = [replace(one, english=wanted) if one.code == "FIL" else one for one in FILES]
    assert load(changed, translations=renewed).new_translations == 2


def test_a_translation_of_nothing_stops_the_load():
    lost = replace(FILES[0], code="LOST")
    with pytest.raises(CatalogueError, match="code: there is no exercise LOST"):
        load(translations=[lost])


def test_the_command_tells_what_is_stale(as_migrator, capsys, monkeypatch):
    old = [replace(FILES[0], english="0" * 16)]
    monkeypatch.setattr(load_catalogue, "load_translations", lambda: old)
    monkeypatch.setattr(load_catalogue, "stale_pages", lambda: (("es/education/x.toml", "1"),))
    call_command("load_catalogue")
    said = capsys.readouterr().err
    assert f"{FILES[0].origin} (" in said
    assert "es/education/x.toml (1): the English has changed." in said


# The pages of the library: an admin, a therapist, and an admin of another clinic


def page(of: ExerciseEdition, language: str = "es", name: str = "translation") -> str:
    return reverse(f"exercises:{name}", args=[of.exercise_id, of.number, language])


def signing(**changes: object) -> dict[str, object]:
    said = {"reviewer": "Rosa Lee", "licence": "PT 12345, NY", "has_read": "on", "what": "1"}
    return said | changes


def html(response) -> str:
    return response.content.decode()


def signatures(clinic) -> int:
    with inside(clinic.pk):
        return TranslationReview.objects.of(clinic).count()


def test_an_admin_signs_for_the_clinic(admin, clinic, stranger):
    fil = edition()
    before = html(admin.get(page(fil)))
    assert "This translation awaits review by a clinician." in before
    assert "Sign for your clinic" in before
    response = admin.post(page(fil, name="sign_translation"), signing(), follow=True)
    after = html(response)
    assert "Signed for your clinic." in after
    assert "Rosa Lee" in after
    assert "PT 12345, NY" in after
    assert "Sign for your clinic" not in after
    assert signatures(clinic) == 1
    there = html(stranger.get(page(fil)))
    assert "This translation awaits review by a clinician." in there
    assert "Rosa Lee" not in there


def test_a_therapist_reads_and_does_not_sign(therapist, clinic):
    fil = edition()
    shown = html(therapist.get(page(fil)))
    assert "This translation awaits review by a clinician." in shown
    assert "Sign for your clinic" not in shown
    assert therapist.post(page(fil, name="sign_translation"), signing()).status_code == 403
    assert signatures(clinic) == 0


def test_an_admin_of_another_clinic_finds_nothing_of_ours(stranger, admin, clinic, ours):
    translate(clinic, ours)
    assert admin.get(page(ours)).status_code == 200
    for name in ("translation", "translate"):
        assert stranger.get(page(ours, name=name)).status_code == 404
    for name in ("sign_translation", "translate"):
        assert stranger.post(page(ours, name=name), signing()).status_code == 404
    assert signatures(clinic) == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"reviewer": ""}, "Name of the clinician"),
        ({"licence": " "}, "Licence"),
        ({"has_read": ""}, "Tick this once every line has been read."),
    ],
)
def test_who_signs_and_that_it_was_read_is_said(admin, clinic, changes, problem):
    response = admin.post(page(edition(), name="sign_translation"), signing(**changes))
    assert response.status_code == 200
    assert 'role="alert"' in html(response)
    assert problem in html(response)
    assert signatures(clinic) == 0


def test_only_what_was_read_is_signed(admin, clinic):
    response = admin.post(page(edition(), name="sign_translation"), signing(what="2"), follow=True)
    assert "This is another translation than the one you read." in html(response)
    assert signatures(clinic) == 0


def test_signing_twice_is_safe(admin, clinic):
    for _ in range(2):
        response = admin.post(page(edition(), name="sign_translation"), signing(), follow=True)
    assert "Your clinic had signed this translation already." in html(response)
    assert signatures(clinic) == 1


def test_original_and_translation_stand_side_by_side(therapist):
    fil = edition("SUTE")
    shown = html(therapist.get(page(fil, "ar")))
    for english, arabic in zip(fil.steps, shared("SUTE", AR).steps, strict=True):
        assert shown.index(english) < shown.index(arabic)
    assert shown.count('lang="ar" dir="rtl"') == 3 + sum(
        len(getattr(shared("SUTE", AR), part))
        for part in ("steps", "should_feel", "stop_for", "cautions", "figure_words")
    )
    assert 'href="#source-SBR"' in shown
    assert 'id="source-SBR"' in shown


@pytest.mark.parametrize("language", ["en", "de", "words"])
def test_there_is_no_page_for_other_languages(admin, language):
    assert admin.get(page(edition(), language)).status_code == 404
    assert (
        admin.get(
            reverse("exercises:education_translation", args=["questions", language])
        ).status_code
        == 404
    )


def test_the_exercise_says_how_far_its_translations_are(therapist, clinic):
    make.signature(of=shared(), clinic=clinic)
    shown = html(therapist.get(make.exercise("FIL").get_absolute_url()))
    panel = shown[shown.index('id="translations"') :].partition("</section>")[0]
    assert panel.index("Spanish") < panel.index("Signed") < panel.index("Arabic")
    assert panel.index("Arabic") < panel.index("Awaiting review")


# A clinic's own exercise is translated on a page of the same kind


def written(of: ExerciseEdition, **changes: object) -> dict[str, object]:
    own = words(of)
    said = {"name": own.name, "summary": own.summary, "direction_note": own.direction_note}
    for part in ("steps", "should_feel", "stop_for", "cautions"):
        said[part] = "\n".join(getattr(own, part))
    return said | changes


def test_an_admin_writes_a_translation(admin, clinic, ours):
    assert "Not translated yet" in html(admin.get(page(ours)))
    form = html(admin.get(page(ours, name="translate")))
    assert "Dizzy?" in form
    assert "figure_words" not in form
    response = admin.post(
        page(ours, name="translate"),
        written(ours, steps="De pie.\nDóblese.\nRegrese."),
        follow=True,
    )
    assert "The translation is kept." in html(response)
    with inside(clinic.pk):
        kept = ExerciseTranslation.objects.of(clinic).get()
        assert (kept.steps, kept.number) == (["De pie.", "Dóblese.", "Regrese."], 1)
        assert kept.written_by == admin.user
    assert "Dóblese." in html(admin.get(page(ours, name="translate")))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"steps": "Uno."}, "Write 3 lines, as in English; these are 1."),
        ({"steps": "Uno.\nDos.\nTres. [ADJ]"}, "Leave the brackets out"),
        ({"name": ""}, "This field is required"),
        ({"summary": "\u200b"}, "only characters that cannot be seen"),
    ],
)
def test_a_translation_that_does_not_fit_is_not_kept(admin, clinic, ours, changes, problem):
    response = admin.post(page(ours, name="translate"), written(ours, **changes))
    assert problem in html(response)
    with inside(clinic.pk):
        assert not ExerciseTranslation.objects.of(clinic).exists()


def test_the_shared_catalogue_is_not_translated_by_a_clinic(admin):
    assert admin.get(page(edition(), name="translate")).status_code == 404
    assert "Correct it" not in html(admin.get(page(edition())))


def test_a_draft_is_not_translated(admin, clinic):
    draft = library.draft(of=clinic)
    assert admin.get(page(draft, name="translate")).status_code == 404


# Education pages in the library


def test_an_admin_signs_an_education_page(admin, clinic, therapist):
    there = reverse("exercises:education_translation", args=["questions", "ar"])
    sign = reverse("exercises:sign_education", args=["questions", "ar"])
    told = next(told for told in education(AR) if told.page.slug == "questions")
    shown = html(therapist.get(there))
    assert told.page.title in shown
    assert "Sign for your clinic" not in shown
    assert therapist.post(sign, signing(what=told.fingerprint)).status_code == 403
    assert "another translation" in html(admin.post(sign, signing(what="old"), follow=True))
    assert 'role="alert"' in html(admin.post(sign, signing(reviewer="")))
    for said in ("Signed. Your clinic", "had signed this translation already"):
        response = admin.post(sign, signing(what=told.fingerprint), follow=True)
        assert said in html(response)
    with inside(clinic.pk):
        assert EducationReview.objects.of(clinic).get().language == "ar"
    page_itself = html(therapist.get(reverse("exercises:education_page", args=["questions"])))
    panel = page_itself[page_itself.index('id="translations"') :].partition("</section>")[0]
    assert panel.index("Arabic") < panel.index("Signed")
