"""The therapist's desk, as a browser meets it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinics.access import GRANTS, Can
from clinics.models import AuditEvent, Membership
from exercises import actions as exercise_actions
from exercises.models import Exercise
from patients import actions as patient_actions
from prescriptions import actions
from prescriptions.forms import MOST_LINES, line_data, posted_rows, text_data
from prescriptions.models import PrescribedExercise, Prescription, PrescriptionEdition
from tests import make
from tests.conftest import signed_in
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words

DAY = timedelta(days=1)
SCRIPT = "<script>alert('x')</script>"

pytestmark = pytest.mark.usefixtures("clock")


def url(name: str, pk: int) -> str:
    return reverse(f"prescriptions:{name}", args=[pk])


@pytest.fixture
def draft(patient) -> PrescriptionEdition:
    """A draft of edition 1 with Flexion in Lying and Pelvic Tilt."""
    return make.draft(of=patient, lines=[make.line("FIL"), make.line("TILT")])


@pytest.fixture
def elif_(clinic) -> Client:
    """A second therapist at a desk of her own."""
    client = signed_in(clinic, Membership.Role.THERAPIST)
    client.user.name = "Elif Kaya"
    client.user.save(update_fields=["name"])
    return client


def stored(patient) -> dict[str, list]:
    """Everything prescribed to the patient, to see that nothing has changed."""
    with inside(patient.clinic_id):
        models = (Prescription, PrescriptionEdition, PrescribedExercise)
        rows = {
            model.__name__: list(model.objects.of_patient(patient).order_by("pk").values())
            for model in models
        }
        trail = AuditEvent.objects.acts().filter(patient_id=patient.pk).order_by("pk")
        return rows | {"trail": list(trail.values_list("verb", flat=True))}


def codes(draft) -> list[str]:
    with inside(draft.clinic_id):
        return [line.exercise_edition.exercise.code for line in draft.lines.with_exercises()]


def version_of(draft) -> int:
    with inside(draft.clinic_id):
        return PrescriptionEdition.objects.get(pk=draft.pk).version


def rows_on(draft) -> list[dict]:
    """The stored lines as the page shows them."""
    with inside(draft.clinic_id):
        return [line_data(line) for line in draft.lines.with_exercises()]


def row(code: str, **typed) -> dict:
    return text_data(make.exercise(code).current) | typed


def page(draft, *, do="save", rows=None, **typed) -> dict:
    """What the browser sends from the draft's page, as it was opened."""
    fields = {
        "do": do,
        "patient": draft.patient_id,
        "version": draft.version,
        "starts_on": TODAY.isoformat(),
        "review_on": "",
        "reason": draft.reason,
        "q": "",
    }
    rows = rows_on(draft) if rows is None else rows
    records = {
        f"lines-{place}-record-{rule}-{name}": value
        for place, row in enumerate(rows)
        for rule, written in row.get("recorded", {}).items()
        for name, value in written.items()
    }
    return fields | dict(posted_rows(rows).lists()) | records | typed


def press(client, draft, do="save", *, follow=False, **typed):
    return client.post(url("edit", draft.pk), page(draft, do=do, **typed), follow=follow)


def resent(response, **typed) -> dict:
    """What the browser sends from the page of this response."""
    html = response.content.decode()
    form = response.context["form"]
    posted = dict(response.context["lines"].data.lists())
    version = re.search(r'name="version" value="(\d+)"', html)[1]
    patient = re.search(r'name="patient" value="(\d+)"', html)[1]
    dates = {name: form[name].value() or "" for name in ("starts_on", "review_on")}
    reason = form["reason"].value() if "reason" in form.fields else ""
    given = {"version": version, "patient": patient, "reason": reason, "do": "save"}
    return posted | dates | given | typed


def sent_to(response) -> str:
    """Where the form of this page goes."""
    return re.search(r'action="([^"]*)" id="desk"', response.content.decode())[1]


# Who may


WHO = [("therapist", 200), ("assistant", 403), ("stranger", 404)]


@pytest.mark.parametrize(("who", "status"), WHO)
@pytest.mark.parametrize("name", ["edit", "picker", "discard"])
def test_the_desk_is_for_who_may_prescribe(request, draft, who, status, name):
    assert request.getfixturevalue(who).get(url(name, draft.pk)).status_code == status


@pytest.mark.parametrize(("who", "status"), WHO)
def test_who_may_press_a_button(request, patient, draft, who, status):
    before = stored(patient)
    response = press(request.getfixturevalue(who), draft, rows=[])
    assert response.status_code == (302 if status == 200 else status)
    assert (stored(patient) == before) is (status != 200)


@pytest.mark.parametrize("may_override", [True, False])
def test_to_go_on_despite_a_finding_is_a_right_of_its_own(
    patient, draft, therapist, monkeypatch, may_override
):
    if not may_override:
        rights = GRANTS[Membership.Role.THERAPIST] - {Can.OVERRIDE}
        monkeypatch.setitem(GRANTS, Membership.Role.THERAPIST, rights)
    before = stored(patient)
    response = press(therapist, draft, do="publish")
    assert response.status_code == (302 if may_override else 200)
    assert ("may not go on despite a finding" in words(response)) is not may_override
    assert (stored(patient) == before) is not may_override
    without_findings = press(therapist, draft, do="publish", rows=[row("TILT")])
    assert without_findings.status_code == (409 if may_override else 302)


@pytest.mark.parametrize(("who", "status"), WHO)
def test_who_may_discard(request, patient, draft, who, status):
    before = stored(patient)
    response = request.getfixturevalue(who).post(url("discard", draft.pk))
    assert response.status_code == (302 if status == 200 else status)
    assert (stored(patient) == before) is (status != 200)


@pytest.mark.parametrize(("who", "status"), WHO)
def test_who_may_begin(request, patient, who, status):
    response = request.getfixturevalue(who).post(url("start", patient.pk))
    assert response.status_code == (302 if status == 200 else status)
    assert bool(stored(patient)["PrescriptionEdition"]) is (status == 200)


@pytest.mark.parametrize(("who", "status"), [*WHO[:2], ("stranger", 200)])
def test_who_may_choose_a_patient_for_an_exercise(request, patient, who, status):
    """The exercise is shared, so a stranger chooses too, among patients of their own."""
    response = request.getfixturevalue(who).get(url("for_whom", make.exercise("FIL").pk))
    assert response.status_code == status
    assert ("Ana Ruiz" in words(response)) is (who == "therapist")


# To begin


def test_a_press_begins_a_draft_and_a_second_opens_it(patient, therapist):
    first = therapist.post(url("start", patient.pk))
    again = therapist.post(url("start", patient.pk))
    assert first.url == again.url
    assert stored(patient)["trail"][-2:] == ["opened a course", "began a draft"]
    text = words(therapist.get(first.url))
    assert "New programme Draft of edition 1" in text
    assert "No exercises yet" in text


def test_an_exercise_comes_along_from_the_library(patient, therapist):
    key = make.exercise("FIL").pk
    assert "Ana Ruiz" in words(therapist.get(url("for_whom", key)))
    response = therapist.post(url("start", patient.pk), {"exercise": key}, follow=True)
    assert response.context["draft"].version == 2
    assert codes(response.context["draft"]) == ["FIL"]


def test_an_exercise_that_is_there_already_is_said_to_be(patient, draft, therapist):
    before = stored(patient)
    data = {"exercise": make.exercise("FIL").pk}
    response = therapist.post(url("start", patient.pk), data, follow=True)
    assert "Flexion in Lying is in the programme already." in words(response)
    assert stored(patient) == before


def own_exercise(clinic, *, archived=False) -> Exercise:
    by = make.founder(clinic)
    with inside(clinic.pk):
        copy = exercise_actions.copy(original=make.exercise("TILT"), clinic=clinic, by=by)
        text = exercise_actions.publish(draft=copy, by=by, at=NOW)
        if archived:
            exercise_actions.archive(exercise=text.exercise, by=by, at=NOW)
        return Exercise.objects.with_current().get(pk=text.exercise_id)


def not_prescribed(clinic, other_clinic) -> dict[str, object]:
    """Keys of exercises that nobody of the clinic may prescribe anew."""
    with inside(clinic.pk):
        by = make.founder(clinic)
        unpublished = exercise_actions.copy(original=make.exercise("FIL"), clinic=clinic, by=by)
    return {
        "another clinic's": own_exercise(other_clinic).pk,
        "archived": own_exercise(clinic, archived=True).pk,
        "never published": unpublished.exercise_id,
        "none": 10**17,
    }


STRANGE = ["x", "", "-1", "9" * 40, "1.5", "\x00", "<b>"]


def test_an_exercise_one_may_not_prescribe_does_not_come_along(
    patient, draft, clinic, other_clinic, therapist, subtests
):
    before = stored(patient)
    strange = not_prescribed(clinic, other_clinic) | {repr(key): key for key in STRANGE}
    for why, key in strange.items():
        with subtests.test(why):
            response = therapist.post(url("start", patient.pk), {"exercise": key}, follow=True)
            assert response.status_code == 200
            assert "That exercise is not in your library." in words(response)
            assert stored(patient) == before


def test_only_what_one_may_prescribe_has_a_page_of_patients(clinic, other_clinic, therapist):
    for why, key in not_prescribed(clinic, other_clinic).items():
        assert therapist.get(url("for_whom", key)).status_code == 404, why


def test_nothing_is_begun_for_an_archived_patient(patient, therapist):
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))
    assert therapist.post(url("start", patient.pk)).status_code == 404
    assert stored(patient)["PrescriptionEdition"] == []
    assert "Ana Ruiz" not in words(therapist.get(url("for_whom", make.exercise("FIL").pk)))


def test_patients_are_found_for_an_exercise(clinic, patient, therapist):
    make.patient(of=clinic, name="Ben Okoye")
    text = words(therapist.get(url("for_whom", make.exercise("FIL").pk), {"q": "okoye"}))
    assert "Ben Okoye" in text
    assert "Ana Ruiz" not in text


# To look


def test_the_desk_shows_the_draft_as_it_is_stored(draft, therapist):
    response = therapist.get(url("edit", draft.pk))
    text = words(response)
    shown = [line.exercise.code for line in response.context["desk"]]
    assert shown == ["FIL", "TILT"]
    assert 'value="2026-05-20"' in response.content.decode()
    assert "What changed and why" not in text


def test_edition_2_asks_for_the_reason(patient, therapist):
    make.edition(of=patient)
    text = words(therapist.get(url("edit", make.draft(of=patient).pk)))
    assert "Change the programme Draft of edition 2" in text
    assert "What changed and why" in text


def test_the_address_of_a_published_draft_leads_to_the_edition(patient, therapist):
    edition = make.edition(of=patient)
    response = therapist.get(url("edit", edition.pk))
    assert (response.status_code, response.url) == (302, url("edition", edition.pk))


def test_the_address_of_a_discarded_draft_leads_nowhere(draft, therapist):
    therapist.post(url("discard", draft.pk))
    assert therapist.get(url("edit", draft.pk)).status_code == 404


ASKED = {
    "knees to ch": True,  # a synonym, half typed
    "": True,
    "xyz": False,
    "x" * 101: True,  # more than a search
    "\x00": True,
    "' & | ! :*": False,
    SCRIPT: False,
    "\u0301": False,
}


def test_the_picker_finds_exercises(draft, therapist, subtests):
    for asked, is_found in ASKED.items():
        with subtests.test(repr(asked[:20])):
            response = therapist.get(url("picker", draft.pk), {"q": asked})
            assert response.status_code == 200
            assert ("Flexion in Lying" in words(response)) is is_found
    assert therapist.get(url("edit", draft.pk), {"q": SCRIPT}).status_code == 200


# To save, add, move and remove


def test_saving_stores_what_is_typed(patient, draft, therapist):
    typed = row("TILT", sets=3, repetitions=7, hold_seconds=0, times_per_day=4)
    typed |= {"side": "left", "weekdays": ["1", "5"], "direction_note": "Roll, gently."}
    response = press(
        therapist,
        draft,
        rows=[typed, row("FIL")],
        starts_on=(TODAY + DAY).isoformat(),
        review_on=(TODAY + 14 * DAY).isoformat(),
        follow=True,
    )
    assert "The draft is saved." in words(response)
    with inside(patient.clinic_id):
        saved = PrescriptionEdition.objects.get(pk=draft.pk)
        assert (saved.starts_on, saved.review_on) == (TODAY + DAY, TODAY + 14 * DAY)
        assert (saved.version, saved.edited_by) == (draft.version + 1, therapist.user)
        line = saved.lines.get(order=1)
        assert (line.sets, line.repetitions, line.hold_seconds, line.times_per_day) == (3, 7, 0, 4)
        assert (line.side, line.weekdays) == ("left", [1, 5])
        assert line.direction_note == "Roll, gently."
    assert codes(draft) == ["TILT", "FIL"]


def test_what_the_desk_shows_can_be_saved_again_without_a_change(draft, therapist):
    before = rows_on(draft)
    before[1]["recorded"] = {}  # of what is no finding any more nothing is kept
    response = therapist.get(url("edit", draft.pk))
    initial = [form.initial for form in response.context["lines"].forms]
    press(therapist, draft, rows=initial)
    assert rows_on(draft) == before


@pytest.mark.parametrize(
    ("do", "after"),
    [
        pytest.param("up:1", ["TILT", "FIL"], id="up"),
        pytest.param("down:0", ["TILT", "FIL"], id="down"),
        pytest.param("up:0", ["FIL", "TILT"], id="up from the top"),
        pytest.param("down:1", ["FIL", "TILT"], id="down from the bottom"),
        pytest.param("remove:0", ["TILT"], id="remove"),
        pytest.param("remove:7", ["FIL", "TILT"], id="remove what is not there"),
        pytest.param("search", ["FIL", "TILT"], id="search"),
    ],
)
def test_a_button_moves_or_removes_a_line(draft, therapist, do, after):
    response = press(therapist, draft, do)
    assert response.status_code == 302
    assert codes(draft) == after


@pytest.mark.parametrize(
    ("place", "after"),
    [
        pytest.param("", ["FIL", "TILT", "DOOR"], id="at the end"),
        pytest.param(":0", ["DOOR", "FIL", "TILT"], id="at the start"),
        pytest.param(":1", ["FIL", "DOOR", "TILT"], id="after the first"),
        pytest.param(":99", ["FIL", "TILT", "DOOR"], id="beyond the end"),
    ],
)
def test_an_exercise_is_added_where_it_was_asked_for(draft, therapist, place, after):
    response = press(therapist, draft, f"add:{make.exercise('DOOR').pk}{place}")
    assert response.url.endswith("#lines")
    assert codes(draft) == after


def test_an_added_exercise_begins_as_its_own_text_has_it(patient, draft, therapist):
    press(therapist, draft, f"add:{make.exercise('DOOR').pk}")
    text = make.exercise("DOOR").current
    with inside(patient.clinic_id):
        line = draft.lines.get(order=3)
        assert (line.dosage, line.direction_note) == (text.dosage, text.direction_note)


def test_a_button_stores_what_was_typed_elsewhere_too(patient, draft, therapist):
    rows = [row("FIL", sets=9), row("TILT")]
    press(therapist, draft, f"add:{make.exercise('DOOR').pk}", rows=rows)
    with inside(patient.clinic_id):
        assert draft.lines.get(order=1).sets == 9


def test_a_search_comes_back_with_its_words(draft, therapist):
    response = press(therapist, draft, "search", q="door & way", follow=True)
    assert response.redirect_chain[0][0].endswith("?q=door+%26+way#picker")
    assert 'value="door &amp; way"' in response.content.decode()
    response = press(therapist, replace_version(draft), f"add:{make.exercise('DOOR').pk}", q="door")
    assert response.url.endswith("?q=door#lines")


def replace_version(draft) -> PrescriptionEdition:
    """The draft as somebody sees it who opens the page now."""
    with inside(draft.clinic_id):
        return PrescriptionEdition.objects.get(pk=draft.pk)


def test_the_companion_is_offered_and_added_after_its_exercise(draft, therapist):
    response = therapist.get(url("edit", draft.pk))
    text = words(response)
    assert "Flexion in Lying is usually followed by Repeated Extension in Lying." in text
    assert "Rule V15" in text
    do = re.search(r'value="(add:\d+:1)"', response.content.decode())[1]
    response = press(therapist, draft, do, follow=True)
    assert codes(draft) == ["FIL", "REIL", "TILT"]
    assert "Rule V15" not in words(response)


def test_a_line_that_is_wrong_can_be_removed(draft, therapist):
    rows = [row("FIL", sets="many", direction_note=""), row("TILT")]
    response = press(therapist, draft, "remove:0", rows=rows)
    assert response.status_code == 302
    assert codes(draft) == ["TILT"]


def test_a_line_whose_exercise_is_strange_can_be_removed(draft, therapist):
    rows = [row("FIL", exercise=2**62), row("TILT")]
    response = press(therapist, draft, "save", rows=rows)
    assert "Unknown exercise" in words(response)
    assert press(therapist, draft, "remove:0", rows=rows).status_code == 302
    assert codes(draft) == ["TILT"]


@pytest.mark.parametrize(
    ("do", "shown"),
    [
        pytest.param("add", ["many", "1", "1"], id="add"),
        pytest.param("up:1", ["1", "many"], id="up"),
        pytest.param("publish", ["many", "1"], id="publish"),
        pytest.param("search", ["many", "1"], id="search"),
    ],
)
def test_while_a_line_is_wrong_nothing_is_stored_and_all_is_kept(
    patient, draft, therapist, do, shown
):
    before = stored(patient)
    do = f"add:{make.exercise('DOOR').pk}" if do == "add" else do
    response = press(therapist, draft, do, rows=[row("FIL", sets="many"), row("TILT", sets=1)])
    assert response.status_code == 200
    assert "Enter a whole number." in words(response)
    assert [form["sets"].value() for form in response.context["lines"].forms] == shown
    assert stored(patient) == before


# To publish


def test_publishing_freezes_what_is_on_the_desk(patient, draft, therapist):
    rows = [row("TILT", sets=4)]
    response = press(therapist, draft, "publish", rows=rows, follow=True)
    assert "Edition 1 is published." in words(response)
    assert response.redirect_chain[-1][0] == reverse("patient", args=[patient.pk])
    with inside(patient.clinic_id):
        edition = PrescriptionEdition.objects.of_patient(patient).in_force_on(TODAY).get()
        assert (edition.published_by_name, edition.lines.get().sets) == ("Therapist", 4)
    assert stored(patient)["trail"][-2:] == ["saved a draft", "published an edition"]


def test_a_hold_that_is_too_long_blocks_and_everything_typed_stays(patient, draft, therapist):
    before = stored(patient)
    rows = [row("FIL"), row("REIL", hold_seconds=30, direction_note="Up on your arms.")]
    review = (TODAY + 9 * DAY).isoformat()
    response = press(therapist, draft, "publish", rows=rows, review_on=review)
    assert response.status_code == 200
    text = words(response)
    assert "Not published: look at what is blocked below." in text
    assert "This one is repeated, not held: holding loads a few joints." in text
    assert "Set the hold to 2 s or less. Rule V14" in text
    assert "Up on your arms." in text
    assert f'value="{review}"' in response.content.decode()
    assert stored(patient) == before
    # The same page, put right, goes out.
    put_right = resent(response, do="publish", **{"lines-1-hold_seconds": "2"})
    assert therapist.post(sent_to(response), put_right).status_code == 302
    assert codes(draft) == ["FIL", "REIL"]


def test_a_programme_that_would_be_blocked_may_be_saved(draft, therapist):
    response = press(therapist, draft, rows=[row("REIL", hold_seconds=30)], follow=True)
    text = words(response)
    assert "The draft is saved." in text
    assert "Rule V14" in text


def test_an_empty_programme_is_not_published(patient, draft, therapist):
    before = stored(patient)
    response = press(therapist, draft, "publish", rows=[])
    assert "Add at least one exercise before you publish." in words(response)
    assert stored(patient) == before


def test_edition_2_is_not_published_without_a_reason(patient, therapist):
    make.edition(of=patient)
    draft = make.draft(of=patient)
    before = stored(patient)
    response = press(therapist, draft, "publish", reason=" ")
    assert "Say what changed and why: it is kept with the edition." in words(response)
    assert stored(patient) == before
    again = resent(response, do="publish", reason="More of it.")
    assert therapist.post(sent_to(response), again).status_code == 302
    with inside(patient.clinic_id):
        assert PrescriptionEdition.objects.get(pk=draft.pk).reason == "More of it."


# Two at one desk


def test_what_a_colleague_saved_is_shown_beside_what_was_typed(patient, draft, therapist, elif_):
    press(elif_, draft, rows=[row("DOOR", direction_note="Elif was here.")])
    before = stored(patient)
    mine = [row("TILT", sets=7, direction_note=f"Mine {SCRIPT}")]
    response = press(therapist, draft, rows=mine, starts_on=(TODAY + DAY).isoformat())
    assert response.status_code == 409
    text = words(response)
    assert "Somebody else worked on this programme" in text
    assert "Elif Kaya stored the draft of edition 1 after you opened it." in text
    assert text.index("Elif was here.") < text.index("Mine")
    assert SCRIPT not in response.content.decode()
    assert stored(patient) == before


def test_after_a_conflict_mine_can_replace_theirs(patient, draft, therapist, elif_):
    press(elif_, draft, rows=[row("DOOR")])
    response = press(therapist, draft, rows=[row("TILT", sets=7)])
    again = therapist.post(sent_to(response), resent(response), follow=True)
    assert "The draft is saved." in words(again)
    assert codes(draft) == ["TILT"]
    assert version_of(draft) == draft.version + 2


def test_after_a_conflict_theirs_can_be_taken(draft, therapist, elif_):
    press(elif_, draft, rows=[row("DOOR")])
    response = press(therapist, draft, rows=[row("TILT")])
    assert f'href="{url("edit", draft.pk)}">take theirs' in response.content.decode()
    assert codes(draft) == ["DOOR"]


def test_a_conflict_comes_back_as_often_as_somebody_saves(draft, therapist, elif_):
    press(elif_, draft, rows=[row("DOOR")])
    response = press(therapist, draft, rows=[row("TILT")])
    press(elif_, replace_version(draft), rows=[row("FIL")])
    again = therapist.post(sent_to(response), resent(response))
    assert again.status_code == 409
    assert codes(draft) == ["FIL"]


def test_any_button_meets_the_conflict(draft, therapist, elif_, subtests):
    press(elif_, draft, rows=[row("DOOR")])
    mine = [row("TILT"), row("FIL"), row("REIL")]
    for do in ("publish", "remove:0", "up:1", "search"):
        with subtests.test(do):
            assert press(therapist, draft, do, rows=mine).status_code == 409
            assert codes(draft) == ["DOOR"]


def test_what_was_published_meanwhile_stays_and_mine_goes_into_the_next(
    patient, draft, therapist, elif_
):
    press(elif_, draft, "publish", rows=[row("DOOR")])
    response = press(therapist, draft, "publish", rows=[row("TILT", sets=7)])
    assert response.status_code == 409
    text = words(response)
    assert "The draft that you had open was published or discarded." in text
    assert "stored the draft" not in text
    assert codes(draft) == ["DOOR"]
    following = response.context["draft"]
    assert (following.number, codes(following)) == (2, ["DOOR"])
    again = resent(response, do="publish", reason="Mine.")
    assert therapist.post(sent_to(response), again).status_code == 302
    assert codes(following) == ["TILT"]


def test_what_was_discarded_meanwhile_leaves_mine_on_the_desk(patient, draft, therapist, elif_):
    elif_.post(url("discard", draft.pk))
    response = press(therapist, draft, rows=[row("TILT", sets=7)])
    assert response.status_code == 409
    assert "The draft that you had open was published or discarded." in words(response)
    following = response.context["draft"]
    assert following.pk != draft.pk
    assert codes(following) == []
    therapist.post(sent_to(response), resent(response))
    assert codes(following) == ["TILT"]


def test_while_the_patient_was_archived_nothing_is_begun_anew(patient, draft, therapist, elif_):
    elif_.post(url("discard", draft.pk))
    with inside(patient.clinic_id):
        patient_actions.archive(patient=patient, at=NOW, by=make.founder(patient.clinic))
    before = stored(patient)
    assert press(therapist, draft).status_code == 404
    assert stored(patient) == before


def test_a_page_without_its_patient_begins_nothing(patient, draft, therapist, subtests):
    therapist.post(url("discard", draft.pk))
    before, data = stored(patient), page(draft, rows=[])
    del data["patient"]
    for key in (None, "", "x", "0", "-1", "9" * 40, "\x00"):
        with subtests.test(repr(key)):
            sent = data if key is None else data | {"patient": key}
            assert therapist.post(url("edit", draft.pk), sent).status_code == 404
            assert stored(patient) == before


def test_a_patient_of_another_clinic_is_not_found_by_the_page(draft, other_clinic, therapist):
    theirs = make.patient(of=other_clinic)
    therapist.post(url("discard", draft.pk))
    data = page(draft, rows=[]) | {"patient": theirs.pk}
    assert therapist.post(url("edit", draft.pk), data).status_code == 404
    assert stored(theirs)["PrescriptionEdition"] == []


# Sent twice


def test_a_save_that_is_sent_twice_is_one(patient, draft, therapist):
    data = page(draft, rows=[row("TILT")])
    therapist.post(url("edit", draft.pk), data)
    before = stored(patient)
    response = therapist.post(url("edit", draft.pk), data, follow=True)
    assert response.status_code == 200
    assert "This was stored already." in words(response)
    assert stored(patient) == before


def test_a_publication_that_is_sent_twice_is_one(patient, draft, therapist):
    data = page(draft, do="publish", rows=[row("TILT")])
    therapist.post(url("edit", draft.pk), data)
    before = stored(patient)
    response = therapist.post(url("edit", draft.pk), data, follow=True)
    assert response.redirect_chain[-1][0] == reverse("patient", args=[patient.pk])
    assert "This was stored already." in words(response)
    assert stored(patient) == before


DIFFERS: dict[str, dict] = {
    "another start": {"starts_on": (TODAY + DAY).isoformat()},
    "another review": {"review_on": (TODAY + DAY).isoformat()},
    "another dose": {"lines-0-sets": "9"},
    "other days": {"lines-0-weekdays": ["1"]},
}


def test_what_differs_was_not_sent_twice(draft, therapist, elif_, subtests):
    data = page(draft, rows=[row("TILT")])
    elif_.post(url("edit", draft.pk), data)
    for why, typed in DIFFERS.items():
        with subtests.test(why):
            assert therapist.post(url("edit", draft.pk), data | typed).status_code == 409


def test_an_exercise_added_twice_by_a_double_press_is_there_once(draft, therapist):
    data = page(draft, do=f"add:{make.exercise('DOOR').pk}")
    for _ in range(2):
        assert therapist.post(url("edit", draft.pk), data).status_code == 302
    assert codes(draft) == ["FIL", "TILT", "DOOR"]


# To discard


def test_discarding_is_asked_and_done(patient, draft, therapist):
    assert "Discard the draft of edition 1?" in words(therapist.get(url("discard", draft.pk)))
    response = therapist.post(url("discard", draft.pk), follow=True)
    assert "The draft is discarded." in words(response)
    assert stored(patient)["PrescriptionEdition"] == []


def test_a_published_edition_is_not_discarded(patient, therapist):
    edition = make.edition(of=patient)
    before = stored(patient)
    assert therapist.get(url("discard", edition.pk)).status_code == 404
    assert therapist.post(url("discard", edition.pk)).status_code == 404
    assert stored(patient) == before


def test_a_draft_that_changes_at_this_very_moment_is_not_discarded(
    patient, draft, therapist, monkeypatch
):
    def changed(**_):
        raise actions.DraftChanged

    monkeypatch.setattr(actions, "discard_draft", changed)
    response = therapist.post(url("discard", draft.pk), follow=True)
    assert response.status_code == 200
    assert "Somebody changed the draft just now." in words(response)
    assert codes(draft) == ["FIL", "TILT"]


# Bad input


FIELDS = {
    "starts_on": [
        ("", "This field is required."),
        ("x", "Enter a valid date."),
        ("2026-02-30", "Enter a valid date."),
        ((TODAY - DAY).isoformat(), "Choose today or a later day."),
        ("1926-05-20", "Choose today or a later day."),
        ("2126-05-20", "Choose a day within the next year."),
        ("9999-12-31", "Choose a day within the next year."),
        ("10000-01-01", "Enter a valid date."),
    ],
    "review_on": [
        ((TODAY - DAY).isoformat(), "Choose a day after the start, within a year of it."),
        ("2126-05-20", "Choose a day after the start, within a year of it."),
        ("٢٠٢٦", "Enter a valid date."),
        (SCRIPT, "Enter a valid date."),
    ],
    "reason": [("x" * 1001, "at most 1000 characters")],
    "version": [
        ("", "Version: This field is required."),
        ("x", "Version: Enter a whole number."),
        ("0", "Version: Ensure this value is greater than or equal to 1."),
        ("9" * 40, "Version: "),
        ("\x00", "Version: "),
    ],
    **{
        f"lines-0-{name}": [
            ("three", "Enter a whole number."),
            ("-1", "Ensure this value is greater than or equal to"),
            ("10000", "Ensure this value is less than or equal to"),
        ]
        for name in ("hold_seconds", "times_per_day")
    },
    "lines-0-repetitions": [
        ("three", "Enter a whole number."),
        ("-1", "Ensure this value is greater than or equal to"),
        ("10000", "Ensure this value is less than or equal to"),
        ("", "This field is required."),
        ("1.5", "Enter a whole number."),
        ("9" * 300, "Ensure this value is less than or equal to"),
        ("💃🏽", "Enter a whole number."),
        (SCRIPT, "Enter a whole number."),
    ],
    "lines-0-sets": [
        ("three", "Enter a whole number."),
        ("10000", "Ensure this value is less than or equal to"),
        ("0", "Ensure this value is greater than or equal to 1."),
    ],
    "lines-0-side": [("up", "Select a valid choice.")],
    "lines-0-weekdays": [
        ([], "Choose at least one day."),
        (["8"], "Select a valid choice."),
        (["x", "1"], "Select a valid choice."),
        (["\x00"], "Select a valid choice."),
    ],
    "lines-0-direction_note": [
        ("", "This field is required."),
        ("\u0301\u0308", "This field is required."),
        ("\u200b\x00", "This field is required."),
        ("x" * 1001, "at most 1000 characters"),
    ],
    "lines-0-exercise": [
        ([], "This field is required."),
        ("", "This field is required."),
        ("x", "Enter a whole number."),
        ("-1", "There is no such exercise in your library."),
        (str(2**62), "There is no such exercise in your library."),
    ],
}
# A NUL is nowhere here: it is taken out of what is sent before any view (config/limits.py).
BAD = [
    (field, value, message)
    for field, values in FIELDS.items()
    for value, message in values
]  # fmt: skip


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_stored(patient, therapist, subtests):
    make.edition(of=patient)
    draft = make.draft(of=patient)
    before, data = stored(patient), page(draft, do="publish", q="nothing like it")
    for field, value, message in BAD:
        with subtests.test(f"{field} = {str(value)[:20]!r}"):
            response = therapist.post(url("edit", draft.pk), data | {field: value})
            assert response.status_code == 200
            assert message in words(response)
            assert SCRIPT not in response.content.decode()
            assert stored(patient) == before


def test_an_exercise_one_may_not_prescribe_is_refused_at_its_line(
    patient, draft, clinic, other_clinic, therapist, subtests
):
    before = stored(patient)
    strange = not_prescribed(clinic, other_clinic)
    del strange["archived"]
    for why, key in strange.items():
        with subtests.test(why):
            response = press(therapist, draft, rows=[row("FIL", exercise=key)])
            assert response.status_code == 200
            assert "There is no such exercise in your library." in words(response)
            assert stored(patient) == before


def test_an_exercise_one_may_not_prescribe_is_not_added(
    draft, clinic, other_clinic, therapist, subtests
):
    for why, key in not_prescribed(clinic, other_clinic).items():
        with subtests.test(why):
            response = press(therapist, replace_version(draft), f"add:{key}", follow=True)
            assert "That exercise is not in your library." in words(response)
            assert codes(draft) == ["FIL", "TILT"]


def test_an_exercise_that_is_archived_later_stays_in_the_programme(patient, therapist):
    own = own_exercise(patient.clinic)
    with inside(patient.clinic_id):
        text = own.text
        plan = actions.LinePlan(own, text.dosage, "Roll.", [1], "none")
    draft = make.draft(of=patient, lines=[plan])
    with inside(patient.clinic_id):
        exercise_actions.archive(exercise=own, by=make.founder(patient.clinic), at=NOW)
    assert press(therapist, draft, "publish").status_code == 302


NOTES = {
    "right to left": "\u202eezis lamron",
    "Arabic": "اثنِ ظهرك بلطف",
    "emoji": "💃🏽 slowly",
    "a script": SCRIPT,
    "a template": "{{ request.user }}{% csrf_token %}",
    "SQL": "'; DROP TABLE patients_patient; --",
    "1000 characters": "é" * 1000,
}


def test_a_note_in_any_script_is_stored_and_shown_as_text(patient, draft, therapist, subtests):
    for why, note in NOTES.items():
        with subtests.test(why):
            opened = replace_version(draft)
            rows = [row("FIL", direction_note=note)]
            response = press(therapist, opened, rows=rows, follow=True)
            assert "The draft is saved." in words(response)
            assert SCRIPT not in response.content.decode()
            with inside(patient.clinic_id):
                assert draft.lines.get().direction_note == note


def test_an_unknown_button_saves(draft, therapist, subtests):
    for do in ("", "delete", "publish:1", "up:-1", "\x00", SCRIPT):
        with subtests.test(repr(do)):
            before = replace_version(draft)
            assert press(therapist, before, do).status_code == 302
            assert version_of(draft) == before.version + 1
            assert codes(draft) == ["FIL", "TILT"]


def test_a_page_without_a_button_saves(draft, therapist):
    data = page(draft)
    del data["do"]
    assert therapist.post(url("edit", draft.pk), data).status_code == 302
    assert version_of(draft) == draft.version + 1


def test_the_same_line_twice_is_refused_at_the_second(patient, draft, therapist):
    before = stored(patient)
    for side in ("none", ""):
        rows = [row("FIL", side="none"), row("FIL", side=side)]
        response = press(therapist, draft, rows=rows)
        assert response.status_code == 200
        assert "This exercise is here twice for the same side." in words(response)
    assert stored(patient) == before


def test_a_programme_of_more_lines_than_a_page_holds_is_refused(patient, draft, therapist):
    before = stored(patient)
    rows = [row("FIL")] * (MOST_LINES + 1)
    response = press(therapist, draft, rows=rows)
    assert response.status_code == 200
    assert "A programme has at most 30 exercises." in words(response)
    assert stored(patient) == before


def test_one_exercise_more_than_fits_is_refused_and_the_rest_stays(patient, therapist):
    sides = ("none", "left", "right", "both")
    lines = [
        replace(make.line(code), side=side)
        for code in ("FIL", "REIL", "SUTE", "DOOR", "PILLOW", "TILT", "KLF")
        for side in sides
    ]
    own = own_exercise(patient.clinic)
    with inside(patient.clinic_id):
        more = actions.LinePlan(own, own.text.dosage, "Roll.", [1], "none")
    draft = make.draft(of=patient, lines=[*lines, more, replace(more, side="left")])
    before = stored(patient)
    assert len(before["PrescribedExercise"]) == MOST_LINES
    response = press(therapist, draft, f"add:{make.exercise('FIL').pk}")
    assert "A programme has at most 30 exercises." in words(response)
    assert stored(patient) == before


def test_a_page_that_miscounts_its_lines_empties_nothing(patient, draft, therapist, subtests):
    before, data = stored(patient), page(draft)
    del data["lines-TOTAL_FORMS"]
    for total in (None, "x", str(10**9)):
        with subtests.test(repr(total)):
            sent = data if total is None else data | {"lines-TOTAL_FORMS": total}
            response = therapist.post(url("edit", draft.pk), sent)
            assert response.status_code == 200
            assert "A programme has at most 30 exercises." in words(response)
            assert stored(patient) == before


def test_a_line_that_did_not_arrive_is_missed(patient, draft, therapist):
    before = stored(patient)
    response = therapist.post(url("edit", draft.pk), page(draft) | {"lines-TOTAL_FORMS": "3"})
    assert response.status_code == 200
    assert "Unknown exercise" in words(response)
    assert stored(patient) == before


# One and three cost the same. Counted with BEGIN, COMMIT and the setting of the clinic.


@pytest.mark.django_db(transaction=True)
def test_the_desk_costs_the_same_for_one_line_and_three(
    patient, therapist, django_assert_num_queries
):
    for codes_ in (["FIL"], ["FIL", "REIL", "TILT"]):
        draft = make.draft(of=patient, lines=[make.line(code) for code in codes_])
        with django_assert_num_queries(24):
            therapist.get(url("edit", draft.pk))


@pytest.mark.django_db(transaction=True)
def test_a_press_costs_the_same_for_one_line_and_three(
    patient, therapist, django_assert_num_queries
):
    for codes_ in (["FIL"], ["FIL", "REIL", "TILT"]):
        draft = make.draft(of=patient, lines=[make.line(code) for code in codes_])
        data = page(draft)
        with django_assert_num_queries(38):
            assert therapist.post(url("edit", draft.pk), data).status_code == 302
        data = page(replace_version(draft), rows=[row(code, sets="x") for code in codes_])
        with django_assert_num_queries(34):
            assert therapist.post(url("edit", draft.pk), data).status_code == 200
