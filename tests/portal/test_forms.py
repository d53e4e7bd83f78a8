from uuid import UUID, uuid4

import pytest
from django.http import QueryDict

from exercises.models import ExerciseEdition
from portal.forms import ANSWERS, QUESTIONS, SCALE, EntryForm, KeyForm, entry_forms
from prescriptions.models import Moment, Outcome, PrescribedExercise

LINE = PrescribedExercise(
    pk=7, sets=2, repetitions=10, exercise_edition=ExerciseEdition(name="Pelvic Tilt")
)


def entry(**typed: object) -> EntryForm:
    """The answers about one exercise as a phone sends them."""
    data = QueryDict(mutable=True)
    for name, value in ({"outcome": "done"} | typed).items():
        if value is not None:
            data[f"line7-{name}"] = value
    return EntryForm(data, line=LINE)


def reported(**typed: object):
    form = entry(**typed)
    assert form.is_valid(), form.errors
    return form.report()


# What is asked


def test_pain_is_asked_before_during_and_after_on_one_scale():
    fields = EntryForm(line=LINE).fields
    assert list(fields) == [
        "outcome", "why_not", "repetitions", "any_pain", "pain_before", "pain_during",
        "pain_after", "feel", "ease", "zones_before", "new", "zones_after", "gone", "numb_before",
        "numb_after", "comment",
    ]  # fmt: skip
    assert [value for value, _ in SCALE] == [*map(str, range(11)), ""]
    assert set(QUESTIONS) == set(Moment)
    assert {fields[f"pain_{moment}"].label for moment in Moment} == set(QUESTIONS.values())


def test_every_outcome_can_be_said():
    assert [value for value, _ in ANSWERS] == Outcome.values


def test_the_number_begins_with_what_was_prescribed():
    assert EntryForm(line=LINE)["repetitions"].value() == 20


def test_each_line_has_its_own_answers():
    other = PrescribedExercise(pk=8, sets=1, repetitions=3)
    forms = entry_forms([LINE, other], QueryDict("line7-outcome=done&line8-outcome=no"))
    assert [form.is_valid() for form in forms] == [True, True]
    assert [form.report().outcome for form in forms] == [Outcome.DONE, Outcome.NO]


def test_a_new_page_has_a_new_key():
    keys = {KeyForm()["client_uuid"].value() for _ in range(3)}
    assert len(keys) == 3
    assert all(UUID(key) for key in keys)


@pytest.mark.parametrize(
    ("sent", "is_fine"),
    [
        pytest.param(str(uuid4()), True, id="a key"),
        pytest.param(uuid4().hex, True, id="a key without dashes"),
        pytest.param("", False, id="empty"),
        pytest.param("7", False, id="a number"),
        pytest.param("x" * 36, False, id="letters"),
        pytest.param(f"{uuid4()}\x00", False, id="NUL"),
        pytest.param("9" * 5000, False, id="very long"),
    ],
)
def test_a_key_is_a_uuid(sent, is_fine):
    assert KeyForm({"client_uuid": sent}).is_valid() is is_fine


def test_a_page_without_a_key_is_refused():
    assert "client_uuid" in KeyForm({}).errors


# What is answered


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_is_reported(outcome):
    report = reported(outcome=outcome.value)
    assert (report.prescribed_exercise_id, report.outcome) == (7, outcome)


@pytest.mark.parametrize(
    ("outcome", "answers", "pain"),
    [
        pytest.param("done", {"before": "0"}, {"before": 0}, id="0 is an answer"),
        pytest.param("done", {"after": "10"}, {"after": 10}, id="10"),
        pytest.param("done", {"before": ""}, {}, id="skipped"),
        pytest.param("part", {}, {}, id="not touched"),
    ],
)
def test_pain_that_is_not_answered_is_skipped(outcome, answers, pain):
    typed = {f"pain_{moment}": value for moment, value in answers.items()}
    expected = {moment: pain.get(moment.value) for moment in Moment}
    assert reported(outcome=outcome, **typed).pain == expected


@pytest.mark.parametrize(
    ("answers", "pain"),
    [
        pytest.param({}, {}, id="not asked"),
        pytest.param({"before": "", "during": "", "after": ""}, {}, id="left at skip"),
        pytest.param({"before": "8"}, {Moment.BEFORE: 8}, id="the reason why"),
        pytest.param({"before": "0"}, {Moment.BEFORE: 0}, id="none at all"),
    ],
)
def test_of_what_was_not_done_pain_counts_only_when_answered(answers, pain):
    typed = {f"pain_{moment}": value for moment, value in answers.items()}
    assert reported(outcome="no", **typed).pain == pain


@pytest.mark.parametrize(
    ("outcome", "typed", "repetitions"),
    [
        pytest.param("done", "12", 12, id="done"),
        pytest.param("part", "0", 0, id="0 of it"),
        pytest.param("done", "2000", 2000, id="the most"),
        pytest.param("done", "", None, id="left empty"),
        pytest.param("done", None, None, id="not sent"),
        pytest.param("no", "20", None, id="not done, whatever stands there"),
    ],
)
def test_how_many_were_done(outcome, typed, repetitions):
    assert reported(outcome=outcome, repetitions=typed).repetitions == repetitions


@pytest.mark.parametrize(
    "comment",
    ["It pulled.", "<script>alert(1)</script>", "\u202etxet", "💪🏽", "بخير", "x" * 500],
)
def test_a_word_is_kept_as_written(comment):
    assert reported(comment=comment).comment == comment


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        pytest.param("a\r\nb", "a\nb", id="line ends"),
        pytest.param("a\x00b", "ab", id="NUL"),
        pytest.param("\u200b\u0301", "", id="what nobody can see"),
        pytest.param("x\r\n" * 250, ("x\n" * 250).strip(), id="500 as the phone counts"),
    ],
)
def test_a_word_is_kept_as_it_is_read(typed, kept):
    assert reported(comment=typed).comment == kept


@pytest.mark.parametrize(
    ("name", "typed", "message"),
    [
        pytest.param("outcome", None, "Tell us if you did this one.", id="no answer"),
        pytest.param("outcome", "", "Tell us if you did this one.", id="an empty answer"),
        pytest.param("outcome", "maybe", "Select a valid choice", id="another answer"),
        pytest.param("outcome", "\x00", "Select a valid choice", id="NUL"),
        pytest.param("repetitions", "-1", "greater than or equal to 0", id="-1 times"),
        pytest.param("repetitions", "2001", "less than or equal to 2000", id="2001 times"),
        pytest.param("repetitions", "ten", "Enter a whole number", id="a word for a number"),
        pytest.param("repetitions", "1.5", "Enter a whole number", id="half a time"),
        pytest.param("repetitions", "9" * 5000, "", id="5000 digits"),
        *(
            pytest.param(f"pain_{moment}", value, "Select a valid choice", id=f"{value} {moment}")
            for moment in Moment
            for value in ("11", "-1", "5.5", "much", "٥")
        ),
        pytest.param("comment", "x" * 501, "at most 500 characters", id="501 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(name, typed, message):
    form = entry(**{name: typed})
    assert list(form.errors) == [name]
    assert message in str(form.errors[name])
