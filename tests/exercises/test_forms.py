from datetime import date

import pytest
from django.http import QueryDict

from clinics.tenancy import inside
from exercises import actions
from exercises.forms import NAME_TAKEN, ExerciseForm, LibraryForm
from exercises.models import Exercise
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db


def query(values: dict[str, object]) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in values.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    return data


def form_of(clinic, instance=None, **changes) -> ExerciseForm:
    return ExerciseForm(
        query(library.posted(**changes)), clinic=clinic, today=make.TODAY, instance=instance
    )


@pytest.fixture(autouse=True)
def _in_the_clinic(clinic):
    with inside(clinic.pk):
        yield


def test_a_form_that_may_be_stored(clinic):
    form = form_of(clinic, equipment=["mat", "towel"], demands=["prone"], synonyms="One\nTwo")
    assert form.is_valid(), form.errors
    assert form.text["steps"] == ["Stand.", "Bend.", "Come back."]
    assert form.text["equipment"] == ["mat", "towel"]
    assert form.text["synonyms"] == ["One", "Two"]
    assert form.loads.records == [library.FLEXION]


def test_the_clinic_is_never_the_browsers(clinic):
    smuggled = {"clinic": str(clinic.pk + 1), "exercise": "1", "published_at": "2026-01-01"}
    data = query(library.posted() | smuggled)
    form = ExerciseForm(data, clinic=clinic, today=make.TODAY)
    assert form.is_valid()
    assert form.instance.clinic == clinic
    assert not set(smuggled) & set(form.text)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "", "This field is required."),
        ("name", "\u200b\u200d", "only characters that cannot be seen"),
        ("name", "\u3164", "only characters that cannot be seen"),
        ("name", "x" * 121, "at most 120 characters"),
        ("name", "a\x00b", "Null characters are not allowed."),
        ("summary", "x" * 501, "at most 500 characters"),
        ("summary", "\u2800", "only characters that cannot be seen"),
        ("direction_note", "", "This field is required."),
        ("steps", "\n \n", "This field is required."),
        ("steps", "Stand. [NOWHERE]", "There is no source NOWHERE"),
        ("stop_for", "", "This field is required."),
        ("plain_cautions", "You fall.", "Write 0 lines, as there are cautions, or none"),
        ("mode", "sideways", "is not one of the available choices"),
        ("position", "hanging", "is not one of the available choices"),
        ("side", "front", "is not one of the available choices"),
        ("equipment", ["mat", "rocket"], "is not one of the available choices"),
        ("demands", ["\x00"], "is not one of the available choices"),
        ("sets", "0", "greater than or equal to 1"),
        ("repetitions", "10000", "less than or equal to 100"),
        ("repetitions", "ten", "Enter a whole number."),
        ("repetitions", "1e3", "Enter a whole number."),
        ("hold_seconds", "-1", "greater than or equal to 0"),
        ("times_per_day", "9" * 40, "less than or equal to 24"),
        ("times_per_day", "", "This field is required."),
        ("max_hold_seconds", "1801", "less than or equal to 1800"),
        ("companion", "999999999", "not one of the available choices"),
        ("companion", "x", "not one of the available choices"),
        ("companion_optional", "on", "Choose the other exercise first"),
        ("hold_message", "Choose another.", "Set the longest hold allowed"),
        ("reviewer", "A. Ruiz, PT", "Say who checked the text and when"),
        ("reviewed_on", "2126-01-01", "today at the latest"),
        ("reviewed_on", "1926-01-01", "last five years"),
        ("reviewed_on", "soon", "Enter a valid date."),
        ("review_due", "2027-01-01", "Say first when the text was checked."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(clinic, field, value, problem):
    form = form_of(clinic, **{field: value})
    assert not form.is_valid()
    assert list(form.errors) == [field]
    assert problem in str(form.errors[field])


@pytest.mark.parametrize(
    "name",
    [
        "تمرين الظهر",
        "伸展",
        "🧘 stretch",
        "e\u0301tirement",
        "<script>alert(1)</script>",
        "x" * 120,
    ],
)
def test_a_name_of_any_script_is_fine(clinic, name):
    form = form_of(clinic, name=name)
    assert form.is_valid(), form.errors
    assert form.text["name"] == name


def test_a_name_is_one_line_with_single_blanks(clinic):
    form = form_of(clinic, name=" Wall \n stretch ")
    assert form.is_valid()
    assert form.text["name"] == "Wall stretch"


@pytest.mark.parametrize(
    ("plain", "is_fine"), [("", True), ("One.\nTwo.", True), ("One.", False), ("1\n2\n3", False)]
)
def test_plain_words_are_one_for_each_caution_or_none(clinic, plain, is_fine):
    form = form_of(clinic, cautions="Vertigo. [ADJ]\nKnee pain.", plain_cautions=plain)
    assert form.is_valid() is is_fine
    if is_fine:
        assert form.text["plain_cautions"] == plain.split("\n") * bool(plain)


def test_a_hold_longer_than_its_own_limit_is_refused(clinic):
    form = form_of(clinic, hold_seconds="3", max_hold_seconds="2", hold_message="Choose another.")
    assert form.errors == {"hold_seconds": ["Longer than the longest hold allowed, 2 s."]}


@pytest.mark.parametrize(
    ("due", "is_fine"), [("2026-05-19", False), ("2027-05-19", True), ("2126-01-01", False)]
)
def test_the_next_check_is_within_five_years_of_this_one(clinic, due, is_fine):
    form = form_of(clinic, reviewer="A. Ruiz, PT", reviewed_on="2026-05-19", review_due=due)
    assert form.is_valid() is is_fine
    if is_fine:
        assert form.text["review_due"] == date(2027, 5, 19)


# The name belongs to one exercise of the clinic.


@pytest.mark.parametrize("name", ["Wall stretch", "wall STRETCH", " Wall  stretch "])
def test_a_name_that_the_clinic_has_is_refused(clinic, name):
    library.draft(of=clinic, name="Wall stretch")
    assert form_of(clinic, name=name).errors == {"name": [NAME_TAKEN]}


def test_an_exercise_keeps_its_own_name(clinic):
    text = library.exercise(of=clinic, name="Wall stretch").current
    assert form_of(clinic, instance=text, name="Wall stretch").is_valid()


def test_the_name_of_a_shared_exercise_is_free(clinic):
    assert form_of(clinic, name="Flexion in Lying").is_valid()


# Companions.


def test_companions_are_what_may_be_prescribed_and_never_the_exercise_itself(clinic):
    ours, archived = library.exercise(of=clinic), library.exercise(of=clinic)
    draft = library.draft(of=clinic)
    Exercise.objects.filter(pk=archived.pk).update(archived_at=make.NOW)
    choices = set(form_of(clinic, instance=ours.current).fields["companion"].queryset)
    assert choices == set(Exercise.objects.shared())
    choices = set(form_of(clinic, instance=draft).fields["companion"].queryset)
    assert choices == {*Exercise.objects.shared(), ours}


# Loads.


def load(number: int, region="", direction="", range="", role="") -> dict[str, str]:
    row = {"region": region, "direction": direction, "range": range, "role": role}
    return {f"loads-{number}-{name}": value for name, value in row.items()}


EMPTY = load(0)


@pytest.mark.parametrize(
    ("rows", "row", "field", "problem"),
    [
        pytest.param(load(1, "lumbar"), 1, "direction", "Choose one.", id="half a row"),
        pytest.param(load(1, direction="flexion"), 1, "region", "Choose one.", id="other half"),
        pytest.param(
            load(1, "mars", "flexion", "end", "primary"), 1, "region", "not one of", id="unknown"
        ),
        pytest.param(
            load(2, "lumbar", "flexion", "mid", "secondary"), 2, "direction", "here twice",
            id="the same twice",
        ),
        pytest.param(
            load(1, "hip", "flexion", "mid", "secondary"), 1, "direction", "No spinal load",
            id="a hip with a spinal direction",
        ),
        pytest.param(
            load(1, "thoracic", "none", "mid", "secondary"), 1, "direction", "say which way",
            id="a spine without direction",
        ),
    ],
)  # fmt: skip
def test_a_load_that_cannot_be_is_said_beside_its_field(clinic, rows, row, field, problem):
    form = form_of(clinic, **rows)
    assert not form.is_valid()
    assert problem in str(form.loads.forms[row].errors[field])
    assert "Where and which way" in str(form.non_field_errors())


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        pytest.param(EMPTY, "Say at least once", id="no load"),
        pytest.param(EMPTY | {"loads-0-role": "primary"}, "Say at least once", id="only a role"),
        pytest.param(
            {"loads-0-role": "secondary"}, "Make one of the loads primary", id="none primary"
        ),
        pytest.param({"loads-TOTAL_FORMS": "1000000"}, "at most 4 forms", id="too many rows"),
        pytest.param({"loads-TOTAL_FORMS": "x"}, "Say at least once", id="no number of rows"),
    ],
)
def test_loads_that_cannot_be_together(clinic, rows, problem):
    form = form_of(clinic, **rows)
    assert not form.is_valid()
    assert problem in str(form.loads.non_form_errors())


def test_rows_may_be_left_empty_anywhere(clinic):
    rows = EMPTY | load(3, "lumbar", "flexion", "end", "primary")
    form = form_of(clinic, **rows)
    assert form.is_valid(), (form.errors, form.loads.errors)
    assert form.loads.records == [library.FLEXION]


def test_every_exercise_of_the_catalogue_could_be_written_with_the_form(clinic):
    for exercise in Exercise.objects.shared().with_current():
        kept = {"instance": exercise.current, "loads": actions.loads_of(exercise.current)}
        about = {"clinic": clinic, "today": make.TODAY, "initial": actions.UNREVIEWED}
        shown = ExerciseForm(**about, **kept)
        form = ExerciseForm(query(library.sent_from(shown)), **about, **kept)
        assert form.is_valid(), (exercise.code, form.errors, form.loads.errors)
        assert form.text["steps"] == exercise.current.steps
        assert form.loads.records == kept["loads"]


# The search of the library.


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 7),
        ({"q": "press-up"}, 1),
        ({"region": "lumbar", "direction": "flexion"}, 3),
        ({"position": "prone"}, 1),
        ({"q": "press-up", "position": "supine"}, 0),
        ({"equipment": "doorway"}, 2),  # the doorway stretch, and the one that needs nothing
        ({"equipment": "nothing"}, 1),
    ],
)
def test_library_form_finds(asked, found):
    assert LibraryForm(asked).found(Exercise.objects.shared()).count() == found


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"q": "x" * 101}, "q"),
        ({"q": "a\x00"}, "q"),
        ({"region": "mars"}, "region"),
        ({"direction": "\x00"}, "direction"),
        ({"position": "x" * 10_000}, "position"),
        ({"equipment": "rocket"}, "equipment"),
    ],
)
def test_a_filter_that_is_none_is_told_and_narrows_nothing(asked, field):
    form = LibraryForm(asked | {"position": asked.get("position", "prone")})
    found = form.found(Exercise.objects.shared())
    assert list(form.errors) == [field]
    assert found.count() == (7 if field == "position" else 1)
