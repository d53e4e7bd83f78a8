from datetime import date
from uuid import uuid4

import pytest
from django.http import QueryDict

from exercises.vocabulary import Direction, Region
from patients.bodymap import ZONES
from patients.compass import Latest, compass
from patients.episodes import Event, Phase
from patients.forms import (
    BeginForm,
    BodyMapField,
    ClearanceForm,
    ConditionForm,
    EndConditionForm,
    EventForm,
    PhaseForm,
    PreferenceForm,
    ScreenForm,
    TestForm,
    WhichForm,
    to_begin_with,
    to_go_on_with,
)
from patients.lights import GIVEN_BY_A_TEST, After, Light
from patients.models import DirectionTest, Episode, Patient, RaisedFlag
from patients.redflags import RED_FLAGS
from tests.make import NOW, TODAY

BORN = date(1980, 5, 17)
LONG = "x" * 100_000
HOSTILE = [
    pytest.param("", id="nothing"),
    pytest.param("\x00", id="NUL"),
    pytest.param("\u202e\u200b\u3164", id="unseen"),
    pytest.param("\ud800", id="half a character"),
    pytest.param(LONG, id="very long"),
    pytest.param("' OR 1=1 --", id="SQL"),
    pytest.param("９" * 5000, id="digits without end"),
]


def patient() -> Patient:
    return Patient(birth_date=BORN, time_zone="America/New_York")


def errors(form, name) -> str:
    return " ".join(form.errors.get(name, []))


def posted(**fields) -> QueryDict:
    data = QueryDict(mutable=True)
    for name, value in fields.items():
        data.setlist(name, value if isinstance(value, list) else [str(value)])
    return data


# The body map


def test_places_come_back_in_the_order_of_the_map_each_once():
    sent = ["upper-6-R", "low-3-L", "low-1-C", "low-3-L"]
    assert BodyMapField().clean(sent) == ["low-1-C", "low-3-L", "upper-6-R"]


def test_nothing_marked_is_an_empty_list():
    assert BodyMapField().clean([]) == BodyMapField().clean(None) == []


def test_every_zone_is_on_the_map():
    codes = [zone.code for zone in ZONES]
    assert BodyMapField().clean(codes) == codes


@pytest.mark.parametrize("value", [*HOSTILE, "low-7-L", "low-1-L", "low-3-l", "LOW-3-L"])
def test_a_place_that_is_none_is_refused_beside_the_map(value):
    form = filled(zones_before=[value, "low-3-L"])
    assert errors(form, "zones_before") == "There is no such place on the map."


def test_left_and_right_are_named():
    labels = [option.choice_label for option in TestForm(settles_within=5)["zones_before"]]
    assert len(labels) == 22
    assert {"Centre of the low back", "Left thigh", "Right thigh"} <= set(labels)


def test_only_what_lies_beside_the_spine_is_not_seen_from_the_front():
    options = [option.data for option in TestForm(settles_within=5)["zones_before"]]
    behind = {option["value"] for option in options if not option["is_seen_from_the_front"]}
    assert behind == {
        f"{part}-{place}" for part in ("low", "upper") for place in ("1-C", "2-L", "2-R")
    }


@pytest.mark.parametrize("layer", ["pain", "numbness"])
def test_a_layer_is_handed_to_the_page(layer):
    assert BodyMapField(layer=layer).widget.layer == layer


# The episode


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        pytest.param("complaint", "", "required", id="no complaint"),
        pytest.param("complaint", "\u200b\x00", "required", id="a complaint of nothing"),
        pytest.param("complaint", "x" * 301, "at most 300", id="a complaint too long"),
        pytest.param("onset_on", "2026-05-21", "in the future", id="tomorrow"),
        pytest.param("onset_on", "1980-05-16", "before the patient was born", id="before birth"),
        pytest.param("onset_on", "2026-02-30", "Write the date like", id="no such day"),
        pytest.param("onset_on", "0000-00-00", "Write the date like", id="no date at all"),
        pytest.param("onset_on", LONG, "Write the date like", id="a date without end"),
    ],
)
def test_a_field_of_the_episode_is_refused_beside_itself(field, typed, message):
    data = {"complaint": "Low back pain", "onset_on": "2026-05-01", field: typed}
    assert message in errors(BeginForm(data, patient=patient(), today=TODAY), field)


@pytest.mark.parametrize("typed", ["", "1980-05-17", "2026-05-20", "20 May 2026"])
def test_when_it_began_may_be_open_or_any_day_of_a_life(typed):
    form = BeginForm({"complaint": "Pain", "onset_on": typed}, patient=patient(), today=TODAY)
    assert form.errors == {}


def episode(**fields) -> Episode:
    return Episode(phase=Phase.ASSESSMENT.value, **fields)


def test_the_phase_there_is_already_is_refused():
    form = PhaseForm({"phase": "assessment", "reason": "x"}, episode=episode())
    assert "already" in errors(form, "phase")


@pytest.mark.parametrize("phase", HOSTILE)
def test_a_phase_that_is_none_is_refused(phase):
    form = PhaseForm({"phase": phase, "reason": "x"}, episode=episode())
    assert form.errors.keys() == {"phase"}


@pytest.mark.parametrize("reason", ["", " \n ", "\u200b", "x" * 501])
def test_a_change_of_phase_needs_a_reason(reason):
    form = PhaseForm({"phase": "reduction", "reason": reason}, episode=episode())
    assert form.errors.keys() == {"reason"}


LUMBAR_EXTENSION = Region.LUMBAR, Direction.EXTENSION


def preference_form(*, light=Light.GREEN, of=None, **data) -> PreferenceForm:
    latest = {LUMBAR_EXTENSION: Latest(light, TODAY)} if light else {}
    lumbar = compass(Region.LUMBAR, latest, today=TODAY, valid_days=14)
    return PreferenceForm(posted(**data), episode=of or episode(), compasses=[lumbar])


def with_preference(**fields) -> Episode:
    return episode(preferred_region="lumbar", preferred_direction="extension", **fields)


def test_a_green_direction_is_confirmed_without_a_word():
    form = preference_form(preference="lumbar:extension")
    assert form.errors == {}
    assert form.way == LUMBAR_EXTENSION


@pytest.mark.parametrize("light", [Light.RED, Light.AMBER, Light.EXPECTED, Light.NO_EFFECT, None])
def test_any_other_direction_needs_a_reason(light):
    assert errors(preference_form(light=light, preference="lumbar:extension"), "reason")
    assert preference_form(light=light, preference="lumbar:extension", reason="Because").is_valid()


def test_withdrawing_needs_a_reason():
    form = preference_form(of=with_preference(), preference="none")
    assert "Say why" in errors(form, "reason")
    form = preference_form(of=with_preference(), preference="none", reason="No longer helps.")
    assert form.errors == {}
    assert form.way is None


def test_there_is_nothing_to_withdraw_before_one_is_confirmed():
    assert errors(preference_form(preference="none", reason="x"), "preference")


def test_the_preference_there_is_already_is_refused():
    form = preference_form(of=with_preference(), preference="lumbar:extension")
    assert "already" in errors(form, "preference")


@pytest.mark.parametrize("value", [*HOSTILE, "lumbar:neutral", "hip:flexion", "lumbar", ":"])
def test_a_preference_that_is_none_is_refused(value):
    assert preference_form(preference=value, reason="x").errors.keys() == {"preference"}


def test_reduction_is_offered_and_never_ticked_in_advance():
    assert preference_form()["begin_reduction"].initial is None
    in_reduction = preference_form(of=Episode(phase=Phase.REDUCTION.value))
    assert "begin_reduction" not in in_reduction.fields


def test_reduction_does_not_begin_with_a_withdrawal():
    form = preference_form(
        of=with_preference(), preference="none", reason="x", begin_reduction="on"
    )
    assert form.errors.keys() == {"begin_reduction"}


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        pytest.param("event", "flag_cleared", id="what a clearance notes by itself"),
        pytest.param("event", "", id="no event"),
        pytest.param("event", "earthquake", id="an event that is none"),
        pytest.param("on", "2026-05-21", id="tomorrow"),
        pytest.param("on", "1980-05-16", id="before birth"),
        pytest.param("on", "", id="no day"),
        pytest.param("reason", "x" * 501, id="too many words"),
    ],
)
def test_a_field_of_the_event_is_refused_beside_itself(field, typed):
    data = {"event": Event.SURGERY.value, "on": "2026-05-20", "reason": "", field: typed}
    assert EventForm(data, patient=patient(), today=TODAY).errors.keys() == {field}


# Safety


def answers(**said) -> dict[str, str]:
    return {flag.code: "no" for flag in RED_FLAGS} | {"client_uuid": str(uuid4())} | said


def test_all_questions_have_to_be_answered():
    form = ScreenForm({"client_uuid": str(uuid4())})
    assert form.errors.keys() == {flag.code for flag in RED_FLAGS}
    assert len(form.errors) == 15


def test_no_question_is_answered_in_advance():
    assert all(ScreenForm()[flag.code].value() is None for flag in RED_FLAGS)


def test_what_was_said_yes_to_is_told_by_code():
    form = ScreenForm(answers(fever="yes", bladder="yes"))
    assert form.is_valid()
    assert form.answers == ["bladder", "fever"]


@pytest.mark.parametrize("said", [*HOSTILE, "maybe", "YES", "on", "1"])
def test_an_answer_is_yes_or_no(said):
    assert ScreenForm(answers(fever=said)).errors == {"fever": ["Answer yes or no."]}


def test_questions_stand_in_two_groups():
    form = ScreenForm()
    assert (len(form.emergencies), len(form.for_today)) == (7, 8)


@pytest.mark.parametrize("key", ["", "x", "\x00", LONG])
def test_a_screen_without_its_key_is_refused(key):
    assert ScreenForm(answers(client_uuid=key)).errors.keys() == {"client_uuid"}


def clearance_form(**typed) -> ClearanceForm:
    flag = RaisedFlag(patient=patient(), code="fever", raised_at=NOW)
    data = {"assessed_by": "Dr Lee", "assessed_on": "2026-05-20", "outcome": "A cold."} | typed
    return ClearanceForm(data, flag=flag, today=date(2026, 5, 25))


@pytest.mark.parametrize("day", ["2026-05-20", "2026-05-25"])
def test_a_flag_is_assessed_from_the_day_it_was_raised_until_today(day):
    assert clearance_form(assessed_on=day).errors == {}


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        pytest.param("assessed_on", "2026-05-19", "before the flag", id="the day before"),
        pytest.param("assessed_on", "2026-05-26", "in the future", id="tomorrow"),
        pytest.param("assessed_on", "", "required", id="no day"),
        pytest.param("assessed_by", "\u200b", "required", id="by nobody"),
        pytest.param("assessed_by", "x" * 201, "at most 200", id="a name too long"),
        pytest.param("outcome", " \n\x00", "required", id="no outcome"),
        pytest.param("outcome", "x" * 1001, "at most 1000", id="too long an outcome"),
    ],
)
def test_a_field_of_the_clearance_is_refused_beside_itself(field, typed, message):
    form = clearance_form(**{field: typed})
    assert form.errors.keys() == {field}
    assert message in errors(form, field)


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("condition", ""),
        ("condition", "bad_luck"),
        ("since", "2026-05-21"),
        ("since", "1980-05-16"),
        ("since", "soon"),
        ("source", ""),
        ("source", "x" * 201),
    ],
)
def test_a_field_of_the_condition_is_refused_beside_itself(field, typed):
    data = {"condition": "stenosis", "since": "2026-05-20", "source": "Letter", field: typed}
    assert ConditionForm(data, patient=patient(), today=TODAY).errors.keys() == {field}


@pytest.mark.parametrize(
    ("until", "is_valid"),
    [
        pytest.param("2026-05-01", True, id="the day it began"),
        pytest.param("2026-05-20", True, id="today"),
        pytest.param("2026-04-30", False, id="before it began"),
        pytest.param("2026-05-21", False, id="tomorrow"),
        pytest.param("", False, id="no day"),
    ],
)
def test_when_a_condition_can_end(until, is_valid):
    form = EndConditionForm({"until": until}, since=date(2026, 5, 1), today=TODAY)
    assert form.is_valid() is is_valid


# The direction test

SEEN = {
    "client_uuid": "7b1f6c1e-8d0a-4d0e-9d42-0a3c8a3f5b11",
    "region": "lumbar",
    "direction": "extension",
    "position": "lying",
    "loading": "repeated",
    "amount": "10",
    "baseline_pain": "4",
    "during": "decreased",
    "after": "better",
    "where": "same",
    "rom": "same",
    "neuro": "same",
}


def filled(**seen) -> TestForm:
    form = TestForm(posted(**SEEN | seen), settles_within=5)
    form.is_valid()
    return form


def test_what_was_seen_is_taken_as_a_test():
    form = filled(zones_before=["low-3-L"], where="moved", zones_after=["low-1-C"])
    assert form.errors == {}
    tested = form.tested()
    assert (tested.region, tested.direction) == LUMBAR_EXTENSION
    assert (tested.amount, tested.baseline_pain) == (10, 4)
    assert (tested.zones_before, tested.zones_after) == (["low-3-L"], ["low-1-C"])
    assert tested.series.after is After.BETTER


def test_pain_that_was_not_asked_is_not_zero():
    assert filled(baseline_pain="").tested().baseline_pain is None
    assert filled(baseline_pain="0").tested().baseline_pain == 0


@pytest.mark.parametrize(
    ("where", "zones_after"),
    [
        pytest.param("same", ["low-3-L"], id="in the same places"),
        pytest.param("gone", [], id="nowhere"),
        pytest.param("moved", ["low-5-L"], id="in other places"),
    ],
)
def test_where_symptoms_are_after(where, zones_after):
    form = filled(zones_before=["low-3-L"], zones_after=["low-5-L"], where=where)
    assert "zones_after" not in form.errors
    assert form._places_after == zones_after


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "field",
    [
        "region",
        "direction",
        "position",
        "loading",
        "amount",
        "during",
        "after",
        "where",
        "rom",
        "neuro",
    ],
)
def test_a_field_of_the_test_is_refused_beside_itself(field, value):
    form = filled(**{field: value})
    assert field in form.errors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("amount", "0", id="no repetition"),
        pytest.param("amount", "3601", id="more than an hour"),
        pytest.param("amount", "-1", id="less than nothing"),
        pytest.param("amount", "1.5", id="half a repetition"),
        pytest.param("baseline_pain", "11", id="more pain than there is"),
        pytest.param("baseline_pain", "-1", id="less pain than none"),
        pytest.param("settle_minutes", "241", id="minutes without end"),
        pytest.param("settle_minutes", "-1", id="minutes before"),
        pytest.param("recheck", "x" * 201, id="too long a movement"),
        pytest.param("light", "stale", id="a light no test gives"),
        pytest.param("light", "blue", id="a light that is none"),
        pytest.param("because", "x" * 501, id="too long a reason"),
        pytest.param("region", "hip", id="a region that is not tested"),
        pytest.param("direction", "neutral", id="a direction that is none"),
        pytest.param("client_uuid", "1", id="a key that is none"),
    ],
)
def test_a_value_out_of_range_is_refused_beside_the_field(field, value):
    assert filled(**{field: value}).errors.keys() == {field}


WORSE = {"during": "increased", "after": "worse"}
SPREAD = {"zones_before": ["low-3-L"], "where": "moved", "zones_after": ["low-5-L"]}


@pytest.mark.parametrize(
    ("seen", "field"),
    [
        pytest.param(WORSE, "settle_minutes", id="worse, and nothing said of settling"),
        pytest.param(
            WORSE | {"settle_minutes": "3", "not_settled": "on"},
            "settle_minutes",
            id="settled and not settled",
        ),
        pytest.param(SPREAD, "settle_minutes", id="spread, and nothing said of settling"),
        pytest.param(
            {"after": "no_worse", "not_settled": "on"}, "not_settled", id="not settled, not worse"
        ),
        pytest.param(
            {"after": "abolished", "zones_before": ["low-3-L"]}, "where", id="abolished and there"
        ),
        pytest.param(
            {"after": "centralised", "zones_before": ["low-3-L"]},
            "where",
            id="centralised in the same place",
        ),
        pytest.param(
            {"after": "no_better", "zones_before": ["low-3-L"], "where": "gone"},
            "where",
            id="no better and gone",
        ),
        pytest.param({"where": "moved"}, "zones_after", id="elsewhere, and nothing marked"),
    ],
)
def test_what_does_not_fit_together_is_asked_again(seen, field):
    form = filled(**seen)
    assert form.errors.keys() == {field}
    assert form.reading is None


@pytest.mark.parametrize(
    ("seen", "light"),
    [
        pytest.param({}, Light.GREEN, id="better"),
        pytest.param(WORSE | {"not_settled": "on"}, Light.RED, id="worse, had not settled"),
        pytest.param(WORSE | {"settle_minutes": "5"}, Light.AMBER, id="settled in the limit"),
        pytest.param(WORSE | {"settle_minutes": "6"}, Light.RED, id="settled after the limit"),
        pytest.param(
            SPREAD | {"not_settled": "on"}, Light.RED, id="less pain that covers more leg is red"
        ),
        pytest.param(
            {"after": "abolished", "zones_before": ["low-3-L"], "where": "gone"},
            Light.GREEN,
            id="gone",
        ),
        pytest.param({"after": "no_worse", "during": "produced"}, Light.AMBER, id="transient"),
        pytest.param(
            {"after": "no_worse", "during": "produced", "dysfunction": "on"},
            Light.EXPECTED,
            id="expected of a short tissue",
        ),
        pytest.param({"after": "no_effect", "during": "no_effect"}, Light.NO_EFFECT, id="nothing"),
        pytest.param({"neuro": "worse"}, Light.RED, id="neurological signs"),
    ],
)
def test_the_light_of_what_is_on_the_page(seen, light):
    form = filled(**seen)
    assert form.errors == {}
    assert form.reading.light is light


def test_the_light_does_not_wait_for_what_does_not_count():
    form = filled(direction="", amount="", client_uuid="")
    assert form.reading.light is Light.GREEN
    assert form.movement_in_words == ""


@pytest.mark.parametrize("missing", ["during", "after", "rom", "neuro"])
def test_there_is_no_light_before_all_that_counts_is_there(missing):
    assert filled(**{missing: ""}).reading is None


def test_there_is_no_light_before_anything_was_sent():
    assert TestForm(settles_within=5).reading is None


def test_the_clinic_says_how_long_settling_may_take():
    seen = posted(**SEEN | WORSE | {"settle_minutes": "10"})
    assert TestForm(seen, settles_within=5).reading.light is Light.RED
    assert TestForm(seen, settles_within=10).reading.light is Light.AMBER


@pytest.mark.parametrize("light", GIVEN_BY_A_TEST)
def test_another_light_needs_a_reason_and_the_computed_one_none(light):
    assert filled(light=light.value).errors.keys() == (
        set() if light is Light.GREEN else {"because"}
    )
    assert filled(light=light.value, because="I saw it.").errors == {}


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param({"after": "7"}, {"after": 7}, id="after a test"),
        pytest.param({"after": "9" * 30, "region": "neck"}, {}, id="nonsense"),
        pytest.param({"after": "\x00", "region": "lumbar"}, {"region": "lumbar"}, id="half of it"),
        pytest.param({"direction": "flexion"}, {"direction": "flexion"}, id="a direction"),
    ],
)
def test_an_address_may_ask_for_a_test(query, asked):
    assert WhichForm(query).asked == asked


def test_the_first_test_begins_where_symptoms_are_now():
    begun = to_begin_with(Episode(zones_now=["low-4-L"]), {"region": "thoracic"})
    assert begun == {"zones_before": ["low-4-L"], "region": "thoracic"}


@pytest.mark.parametrize(
    ("settled", "zones_before"),
    [
        pytest.param(None, ["low-5-L"], id="where symptoms stayed"),
        pytest.param(3, ["low-3-L"], id="back where they were, once they settled"),
    ],
)
def test_the_next_test_keeps_all_but_what_was_seen(settled, zones_before):
    test = DirectionTest(
        region="lumbar",
        direction="flexion",
        position="standing",
        loading="sustained",
        amount=30,
        baseline_pain=0,
        zones_before=["low-3-L"],
        zones_after=["low-5-L"],
        settle_minutes=settled,
        during="increased",
        recheck="Bending",
    )
    assert to_go_on_with(test, Direction.EXTENSION) == {
        "region": "lumbar",
        "direction": "extension",
        "position": "standing",
        "loading": "sustained",
        "amount": 30,
        "baseline_pain": "0",
        "zones_before": zones_before,
        "recheck": "Bending",
    }


def test_the_keyboard_begins_in_the_first_field_to_fill():
    form = TestForm(settles_within=5, focus_on="during")
    assert str(form["during"]).count("autofocus") == 1
    assert "autofocus" not in str(TestForm(settles_within=5))
    assert "autofocus" not in str(TestForm(SEEN, settles_within=5, focus_on="during"))
