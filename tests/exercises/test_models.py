import pytest
from django.db import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.tenancy import inside
from exercises.models import Exercise, ExerciseEdition, Load, words_of
from exercises.vocabulary import Direction, Range, Region, Role
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db


def codes(found) -> set[str]:
    return set(found.values_list("code", flat=True))


def refusal(error: pytest.ExceptionInfo) -> str:
    return error.value.__cause__.diag.constraint_name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("Flexion in Lying", {"FIL"}, id="name"),
        pytest.param("double knee-to-chest", {"FIL"}, id="synonym"),
        pytest.param("press ups", set(), id="a word that is nowhere"),
        pytest.param("press-up", {"REIL"}, id="hyphen"),
        pytest.param("gluteals", {"KLF"}, id="muscle"),
        pytest.param("pect", {"DOOR"}, id="beginning of a muscle"),
        pytest.param("PRONE", {"REIL"}, id="position, in capitals"),
        pytest.param("hands and knees", {"KLF"}, id="position as it is said"),
        pytest.param("fléxîon lying", {"FIL"}, id="accents"),
        pytest.param("lying rep", {"REIL"}, id="words in any order, the last half typed"),
        pytest.param("flexion prone", set(), id="every word must fit"),
        pytest.param("!?", set(), id="no word at all"),
        pytest.param("🧘", set(), id="emoji"),
    ],
)
def test_search(text, found):
    assert codes(Exercise.objects.shared().search(text)) == found


@pytest.mark.parametrize("text", ["", "  ", "\t"])
def test_search_for_nothing_finds_everything(text):
    assert Exercise.objects.shared().search(text).count() == Exercise.objects.shared().count()


@given(st.text(max_size=80))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_search_takes_whatever_is_typed(text):
    list(Exercise.objects.shared().search(text))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufdfa" * 100, id="one letter that unfolds into many words"),
        pytest.param("a" * 100_000, id="a word longer than an index takes"),
        pytest.param("a & b | !c <-> (d:*) '", id="the query language itself"),
        pytest.param("\x00flexion", id="null character"),
        pytest.param("a " * 10_000, id="very many words"),
    ],
)
def test_search_is_not_broken_by(text):
    list(Exercise.objects.shared().search(text))


@pytest.mark.parametrize("name", ["伸展运动", "تمرين الظهر", "हिन्दी व्यायाम", "Übung für Ärzte"])
def test_a_name_of_any_script_is_found_by_its_first_word(clinic, name):
    exercise = library.exercise(of=clinic, name=name)
    with inside(clinic.pk):
        assert Exercise.objects.of(clinic).search(words_of(name)[0]).get() == exercise


@pytest.mark.parametrize(
    ("region", "direction", "found"),
    [
        ("lumbar", "extension", {"REIL"}),
        ("thoracic", "extension", {"PILLOW", "REIL", "DOOR"}),
        ("shoulder", "", {"DOOR"}),
        ("", "flexion", {"FIL", "KLF", "TILT"}),
        ("cervical", "flexion", set()),
    ],
)
def test_loading(region, direction, found):
    loaded = Exercise.objects.shared().loading(region=region, direction=direction)
    assert codes(loaded) >= found
    assert loaded.count() == len(codes(loaded))
    if region == "cervical":
        assert not loaded.exists()


def test_region_and_direction_are_of_the_same_load(clinic):
    library.exercise(of=clinic, loads=[library.FLEXION, library.EXTENSION])
    with inside(clinic.pk):
        assert not Exercise.objects.of(clinic).loading("lumbar", "extension").exists()


def test_starting():
    assert codes(Exercise.objects.shared().starting("prone")) == {"REIL"}


def test_needing_only(clinic):
    with_mat = library.exercise(of=clinic, equipment=["mat"])
    with_both = library.exercise(of=clinic, equipment=["mat", "towel"])
    without = library.exercise(of=clinic)
    with inside(clinic.pk):
        ours = Exercise.objects.of(clinic)
        assert set(ours.needing_only(["mat"])) == {with_mat, without}
        assert set(ours.needing_only(["towel", "mat"])) == {with_mat, with_both, without}
        assert set(ours.needing_only(["nothing"])) == {without}
        assert set(ours.needing_only([])) == {with_mat, with_both, without}


def test_published_leaves_out_drafts_and_archived(clinic):
    library.draft(of=clinic)
    archived, kept = library.exercise(of=clinic), library.exercise(of=clinic)
    with inside(clinic.pk):
        Exercise.objects.filter(pk=archived.pk).update(archived_at=make.NOW)
        assert set(Exercise.objects.of(clinic).published()) == {kept}


def test_visible_to_shows_the_shared_and_ones_own(clinic, other_clinic):
    ours, theirs = library.exercise(of=clinic), library.exercise(of=other_clinic)
    with inside(clinic.pk):
        visible = set(Exercise.objects.visible_to(clinic))
    assert ours in visible
    assert theirs not in visible
    assert len(visible) == Exercise.objects.shared().count() + 1


def test_a_load_says_where_which_way_and_how_far():
    lumbar = Load(region=Region.LUMBAR, direction=Direction.FLEXION, range=Range.END)
    shoulder = Load(region=Region.SHOULDER, direction=Direction.NONE, range=Range.MID)
    assert str(lumbar) == "Lumbar spine flexion, end range"
    assert str(shoulder) == "Shoulder, no spinal load, mid range"


def test_source_keys_name_every_source_of_the_text():
    keys = make.exercise("REIL").current.source_keys
    assert {"BYBEE", "TOTALBACK", "AXIAL-EIL"} <= set(keys)
    assert keys == sorted(keys)
    assert "R9" not in keys
    assert "UNSOURCED" not in keys


# The database is the last guard.


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"sets": 0}, "edition_sets_in_range"),
        ({"repetitions": 10_000}, "edition_repetitions_in_range"),
        ({"hold_seconds": 1801}, "edition_hold_seconds_in_range"),
        ({"times_per_day": 0}, "edition_times_per_day_in_range"),
        ({"hold_seconds": 3, "max_hold_seconds": 2}, "edition_hold_within_its_own_limit"),
        ({"name": ""}, "edition_has_a_name"),
        ({"plain_cautions": ["You fall."]}, "edition_plain_cautions_line_for_line"),
    ],
)
def test_an_edition_that_cannot_be_is_refused(clinic, changes, constraint):
    draft = library.draft(of=clinic)
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        ExerciseEdition.objects.filter(pk=draft.pk).update(**changes)
    assert refusal(error) == constraint


@pytest.mark.parametrize(
    ("plain", "read", "told"),
    [
        pytest.param(
            ["You feel dizzy.", "Your knee hurts."],
            ["You feel dizzy.", "Your knee hurts."],
            [("Vertigo. [ADJ]", "You feel dizzy."), ("Knee pain.", "Your knee hurts.")],
            id="plain words",
        ),
        pytest.param(
            [],
            ["Vertigo. [ADJ]", "Knee pain."],
            [("Vertigo. [ADJ]", ""), ("Knee pain.", "")],
            id="none",
        ),
    ],
)
def test_patients_read_plain_words_or_the_cautions_never_nothing(clinic, plain, read, told):
    text = library.draft(of=clinic, cautions=["Vertigo. [ADJ]", "Knee pain."], plain_cautions=plain)
    assert text.take_care == read
    assert text.cautions_as_told == told


def test_two_drafts_of_one_exercise_are_refused(clinic):
    draft = library.draft(of=clinic)
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        ExerciseEdition.objects.create(
            clinic=clinic, exercise=draft.exercise, number=2, **library.text()
        )
    assert refusal(error) == "one_draft_edition_per_exercise"


@pytest.mark.parametrize(
    ("load", "constraint"),
    [
        (("lumbar", "flexion", "mid", "secondary"), "load_once_per_direction"),
        (("tail", "flexion", "mid", "secondary"), "load_region"),
        (("lumbar", "upwards", "mid", "secondary"), "load_direction"),
        (("lumbar", "extension", "far", "secondary"), "load_range"),
        (("lumbar", "extension", "mid", "main"), "load_role"),
    ],
)
def test_a_load_that_cannot_be_is_refused(clinic, load, constraint):
    draft = library.draft(of=clinic, loads=[library.FLEXION])
    values = dict(zip(("region", "direction", "range", "role"), load, strict=True))
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        Load.objects.create(clinic=clinic, edition=draft, **values)
    assert refusal(error) == constraint


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda editions: editions.update(name="Other"), id="update"),
        pytest.param(lambda editions: editions._raw_delete(editions.db), id="delete"),
    ],
)
def test_a_published_edition_is_kept_as_it_is(clinic, act):
    editions = ExerciseEdition.objects.filter(exercise=library.exercise(of=clinic))
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        act(editions)
    assert refusal(error) == "exercises_exerciseedition_frozen"


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda loads, load: load.save(force_insert=True), id="add"),
        pytest.param(lambda loads, load: loads.update(range=Range.MID), id="update"),
        pytest.param(lambda loads, load: loads.delete(), id="delete"),
    ],
)
def test_the_loads_of_a_published_edition_are_kept(clinic, act):
    edition = library.exercise(of=clinic).current
    new = Load(
        clinic=clinic, edition=edition, region=Region.HIP, direction=Direction.NONE,
        range=Range.MID, role=Role.SECONDARY,
    )  # fmt: skip
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        act(Load.objects.filter(edition=edition), new)
    assert refusal(error) == "exercises_load_frozen"


def test_a_companion_is_shared_or_ones_own(clinic, other_clinic):
    theirs, draft = library.exercise(of=other_clinic), library.draft(of=clinic)
    with pytest.raises(IntegrityError) as error, inside(clinic.pk):
        ExerciseEdition.objects.filter(pk=draft.pk).update(companion=theirs.pk)
    assert refusal(error) == "exercises_exerciseedition_companion_id_reachable"
