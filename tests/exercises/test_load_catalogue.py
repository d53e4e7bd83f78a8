from dataclasses import replace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError

from exercises import actions
from exercises.models import Exercise, ExerciseEdition, Load
from tests import make
from tests.conftest import as_login
from tests.exercises import library

RECORDS = make.catalogue_files()


@pytest.fixture
def as_migrator(transactional_db):
    with as_login("migrator"):
        yield


def record_of(code: str):
    return next(record for record in RECORDS if record.code == code)


def load(*changed) -> actions.Loaded:
    codes = {record.code for record in changed}
    unchanged = [record for record in RECORDS if record.code not in codes]
    return actions.load_catalogue(records=[*unchanged, *changed], at=make.NOW)


@pytest.mark.django_db
def test_every_record_has_one_published_edition_that_says_the_same():
    shared = {exercise.code: exercise for exercise in Exercise.objects.shared().with_current()}
    assert set(shared) == {record.code for record in RECORDS}
    for record in RECORDS:
        text = shared[record.code].current
        assert text.number == 1
        assert text.name == record.name
        assert text.steps == list(record.steps)
        assert text.dosage == record.dosage
        assert text.source_keys == list(record.source_keys)
        assert actions.loads_of(text) == sorted(
            record.loads, key=lambda load: (load.role, record.loads.index(load))
        )


@pytest.mark.django_db
def test_a_companion_is_the_exercise_itself():
    assert make.exercise("FIL").current.companion == make.exercise("REIL")


def test_loading_again_makes_no_new_edition(as_migrator, capsys):
    before = ExerciseEdition.objects.count()
    call_command("load_catalogue")
    assert (
        capsys.readouterr().out == "Catalogue: 7 exercises, 0 new editions, 0 new translations.\n"
    )
    assert ExerciseEdition.objects.count() == before


def test_a_changed_record_makes_exactly_one_new_edition(as_migrator):
    changed = replace(record_of("FIL"), summary="You pull both knees in.")
    assert load(changed) == actions.Loaded(exercises=len(RECORDS), new_editions=1)
    assert load(changed).new_editions == 0
    exercise = make.exercise("FIL")
    assert exercise.current.number == 2
    assert exercise.current.summary == "You pull both knees in."
    assert exercise.current.loads.count() == 1
    first = exercise.editions.get(number=1)
    assert first.summary == record_of("FIL").summary
    assert first.published_at is not None


def test_plain_words_come_as_a_new_edition_and_the_old_one_keeps_its_text(as_migrator):
    fil = record_of("FIL")
    load(replace(fil, plain_cautions=()))
    before = make.exercise("FIL").current
    assert before.take_care == list(fil.cautions)
    assert load(fil).new_editions == 1
    after = make.exercise("FIL").current
    assert after.number == before.number + 1
    assert after.take_care == list(fil.plain_cautions)
    before.refresh_from_db()
    assert before.take_care == list(fil.cautions)


def test_a_record_that_breaks_leaves_nothing_by_halves(as_migrator):
    good = replace(record_of("FIL"), summary="Changed.")
    bad = replace(record_of("REIL"), name="x" * 121)
    with pytest.raises(DatabaseError):
        load(good, bad)
    assert not ExerciseEdition.objects.filter(number=2).exists()


@pytest.mark.parametrize("model", [ExerciseEdition, Load])
def test_not_even_the_migrator_changes_what_is_published(as_migrator, model):
    with pytest.raises(IntegrityError, match="cannot be changed"):
        model.objects.update(clinic=None)
    with pytest.raises(IntegrityError, match="cannot be changed"):
        model.objects.all()._raw_delete(model.objects.db)


@pytest.mark.django_db
def test_the_web_cannot_write_into_the_shared_catalogue(clinic):
    with pytest.raises(DatabaseError, match="row-level security"):
        actions.load_catalogue(records=[replace(RECORDS[0], code="NEW")], at=make.NOW)
    assert library.draft(of=clinic).clinic == clinic
