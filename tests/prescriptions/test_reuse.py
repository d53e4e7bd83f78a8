"""Programmes used again: templates, as last time, and after another patient's."""

from dataclasses import replace

import pytest
from django.db import IntegrityError
from django.urls import reverse

from clinics.models import AuditEvent, Membership
from exercises import actions as exercise_actions
from exercises.models import Exercise
from patients import actions as patient_actions
from prescriptions import reuse
from prescriptions.actions import LinePlan, end
from prescriptions.models import (
    PrescribedExercise,
    PrescriptionEdition,
    ProgrammeTemplate,
    TemplateLine,
)
from tests import make
from tests.conftest import signed_in
from tests.make import NOW, TODAY, inside
from tests.prescriptions.conftest import words
from tests.prescriptions.test_views_drafts import page

pytestmark = pytest.mark.usefixtures("clock")
PERSONAL = "Mind your daughter Eva, Ana."


def url(name: str, pk: int | None = None) -> str:
    return reverse(f"prescriptions:{name}", args=[] if pk is None else [pk])


def press(client, draft, do, **typed):
    return client.post(url("edit", draft.pk), page(draft, do=do, **typed), follow=True)


def lines(draft) -> list[PrescribedExercise]:
    with inside(draft.clinic_id):
        return list(draft.lines.with_exercises())


def codes(draft) -> list[str]:
    return [line.exercise_edition.exercise.code for line in lines(draft)]


def trail(clinic, verb) -> list[AuditEvent]:
    with inside(clinic.pk):
        return list(AuditEvent.objects.of(clinic).filter(verb=verb).order_by("pk"))


def kept(template) -> list[TemplateLine]:
    with inside(template.clinic_id):
        return list(template.lines.select_related("exercise").order_by("order"))


@pytest.fixture
def draft(patient) -> PrescriptionEdition:
    return make.draft(of=patient, lines=[])


@pytest.fixture
def neighbour(clinic):
    """Another patient of the clinic, with a programme full of personal words."""
    other = make.patient(of=clinic, name="Ben Okoye")
    personal = [
        replace(make.line("TILT", sets=3), direction_note=PERSONAL, weekdays=[1, 3], side="left"),
        make.line("KLF"),
    ]
    make.edition(of=other, lines=personal)
    return other


# Templates are kept


def test_what_is_on_the_desk_becomes_a_template(clinic, patient, draft, therapist):
    rows_of_two = make.draft(of=patient, lines=[make.line("TILT", sets=3), make.line("KLF")])
    typed = {"template-name": "Low back", "template-is_shared": "on"}
    response = press(therapist, rows_of_two, "keep_template", **typed)
    assert "Kept as the template “Low back”." in words(response)
    with inside(clinic.pk):
        template = ProgrammeTemplate.objects.get()
    assert (template.name, template.owner, template.created_by) == (
        "Low back",
        None,
        therapist.user,
    )
    assert [(line.exercise.code, line.sets, line.note) for line in kept(template)] == [
        ("TILT", 3, ""),
        ("KLF", 1, ""),
    ]
    (line,) = trail(clinic, "kept a template")
    assert line.detail == {"name": "Low back", "shared": True}


def test_a_template_needs_a_name_and_an_exercise(clinic, patient, draft, therapist):
    filled = make.draft(of=patient)
    response = press(therapist, filled, "keep_template")
    assert "This field is required." in words(response)
    empty = make.draft(of=patient, lines=[])
    response = press(therapist, empty, "keep_template", **{"template-name": "Nothing"})
    assert "Add an exercise before you keep" in words(response)
    with inside(clinic.pk):
        assert not ProgrammeTemplate.objects.exists()


def test_a_template_keeps_no_word_about_the_patient_unless_asked_and_never_the_name(patient):
    personal = replace(make.line("TILT"), direction_note="Ana, roll to the {side}.", side="left")
    without = make.template(of=patient, lines=[personal], with_notes=False)
    (line,) = kept(without)
    assert (line.note, line.side) == ("", "")
    with_notes = make.template(of=patient, name="Mine", lines=[personal])
    assert [line.note for line in kept(with_notes)] == ["{name}, roll to the {side}."]


def test_lines_that_differ_only_in_their_side_are_one_in_a_template(patient):
    sides = [replace(make.line("TILT"), side=side) for side in ("left", "right")]
    assert len(kept(make.template(of=patient, lines=[*sides, make.line("KLF")]))) == 2


def test_a_name_is_there_once_for_each_owner_while_it_is_not_archived(clinic, patient):
    first = make.template(of=patient, name="Low back")
    make.template(of=patient, name="Low back", is_shared=False)
    with pytest.raises(reuse.NameTaken):
        make.template(of=patient, name="LOW BACK")
    by = make.founder(clinic)
    with inside(clinic.pk):
        reuse.archive_template(template=first, by=by, at=NOW)
    make.template(of=patient, name="Low back")
    with inside(clinic.pk), pytest.raises(reuse.NameTaken):
        reuse.restore_template(template=ProgrammeTemplate.objects.get(pk=first.pk), by=by)


def test_the_database_keeps_a_patients_side_out_of_templates(clinic, patient):
    template = make.template(of=patient)
    with (
        pytest.raises(IntegrityError, match="template_line_side_of_no_patient"),
        inside(clinic.pk),
    ):
        TemplateLine.objects.create(
            clinic=clinic, template=template, exercise=make.exercise("FIL"), order=9, side="left"
        )


def test_a_template_of_a_colleague_is_nobody_elses(clinic, patient, draft, therapist):
    private = make.template(of=patient, name="Mine alone", is_shared=False)
    assert "Mine alone" not in words(therapist.get(url("edit", draft.pk)))
    assert "Mine alone" not in words(therapist.get(url("templates")))
    response = press(therapist, draft, f"template:{private.pk}")
    assert "There is no such template any more." in words(response)
    assert codes(draft) == []
    for name in ("rename_template", "archive_template", "restore_template"):
        assert therapist.post(url(name, private.pk), {"name": "x"}).status_code == 404


WHO = [("therapist", 302), ("assistant", 403), ("stranger", 404)]


@pytest.mark.parametrize(("who", "status"), WHO)
@pytest.mark.parametrize("name", ["rename_template", "archive_template", "restore_template"])
def test_who_may_change_a_template(request, patient, who, status, name):
    template = make.template(of=patient, name="Low back")
    client = request.getfixturevalue(who)
    assert client.post(url(name, template.pk), {"name": "Changed"}).status_code == status
    with inside(patient.clinic_id):
        template.refresh_from_db()
    if status != 302:
        assert (template.name, template.archived_at) == ("Low back", None)


@pytest.mark.parametrize(("who", "status"), [("therapist", 200), *WHO[1:]])
@pytest.mark.parametrize("name", ["others", "line"])
def test_who_may_look_for_what_is_added(request, neighbour, draft, who, status, name):
    asked = {"whose": "ben", "exercise": make.exercise("FIL").pk}
    response = request.getfixturevalue(who).get(url(name, draft.pk), asked)
    assert response.status_code == status
    assert ("Ben Okoye" in words(response)) is (name == "others" and who == "therapist")


def test_templates_are_renamed_archived_and_restored(clinic, patient, therapist):
    template = make.template(of=patient, name="Low back")
    make.template(of=patient, name="Other")
    assert "Rename the template" in words(therapist.get(url("rename_template", template.pk)))
    taken = therapist.post(url("rename_template", template.pk), {"name": "other"})
    assert "There is a template of this name already." in words(taken)
    therapist.post(url("rename_template", template.pk), {"name": "Lumbar"})
    text = words(therapist.post(url("archive_template", template.pk), follow=True))
    assert "“Lumbar” is archived." in text
    assert "Lumbar" in words(therapist.post(url("restore_template", template.pk), follow=True))
    for verb in ("renamed a template", "archived a template", "restored a template"):
        assert len(trail(clinic, verb)) == 1


# Templates are used


def test_a_template_is_used_in_one_press(clinic, patient, draft, therapist):
    note = "{name}, roll to the {side}."
    plan = replace(make.line("TILT", sets=3), direction_note=note, weekdays=[1, 5], side="right")
    template = make.template(of=patient, lines=[plan, make.line("KLF")])
    press(therapist, draft, f"template:{template.pk}")
    first, second = lines(draft)
    assert (first.sets, first.weekdays) == (3, [1, 5])
    assert first.direction_note == "Ana, roll to the {side}."
    assert second.direction_note == make.exercise("KLF").current.direction_note
    (line,) = trail(clinic, "used a template")
    assert (line.patient_id, line.detail) == (patient.pk, {"template": template.pk})


def test_what_is_there_already_is_not_brought_twice(patient, therapist):
    template = make.template(of=patient, lines=[make.line("TILT", sets=9), make.line("KLF")])
    draft = make.draft(of=patient, lines=[make.line("TILT", sets=2)])
    press(therapist, draft, f"template:{template.pk}")
    assert [(line.exercise_edition.exercise.code, line.sets) for line in lines(draft)] == [
        ("TILT", 2),
        ("KLF", 1),
    ]


def test_a_placeholder_is_filled_with_the_side_and_not_published_open(patient, therapist):
    plan = replace(make.line("TILT"), direction_note="To the {side}.")
    draft = make.draft(of=patient, lines=[plan])
    response = press(therapist, draft, "publish")
    assert "Write out {side}, or choose the side." in words(response)
    rows = page(draft, do="publish") | {"lines-0-side": "left"}
    assert therapist.post(url("edit", draft.pk), rows).status_code == 302
    assert lines(draft)[0].direction_note == "To the left."


def test_an_archived_exercise_stays_out_of_what_a_template_brings(
    clinic, patient, draft, therapist
):
    by = make.founder(clinic)
    with inside(clinic.pk):
        copy = exercise_actions.copy(original=make.exercise("TILT"), clinic=clinic, by=by)
        own = exercise_actions.publish(draft=copy, by=by, at=NOW).exercise
        own = Exercise.objects.with_current().get(pk=own.pk)
        plan = LinePlan(own, own.text.dosage, "Roll.", [1], "none")
    template = make.template(of=patient, lines=[plan, make.line("KLF")])
    with inside(clinic.pk):
        exercise_actions.archive(exercise=own, by=by, at=NOW)
    press(therapist, draft, f"template:{template.pk}")
    assert codes(draft) == ["KLF"]


# As last time


def test_the_last_programme_comes_back_after_its_course_has_ended(clinic, patient, therapist):
    edition = make.edition(of=patient, lines=[make.line("FIL", sets=4), make.line("TILT")])
    with inside(clinic.pk):
        prescription = PrescriptionEdition.objects.with_lines().get(pk=edition.pk).prescription
        end(prescription=prescription, on=TODAY, because="Well.", by=make.founder(clinic))
    draft = make.draft(of=patient, lines=[])
    assert "As last time Edition 1, 20 May 2026" in words(therapist.get(url("edit", draft.pk)))
    response = press(therapist, draft, "again")
    assert codes(draft) == ["FIL", "TILT"]
    assert lines(draft)[0].sets == 4
    # The reason of last time is not a reason of today.
    assert lines(draft)[0].recorded.get("V15", {}) == {}
    assert "Rule V15" in words(response)
    assert len(trail(clinic, "took over the last programme")) == 1


def test_without_a_last_programme_nothing_comes_back(draft, therapist):
    assert "As last time" not in words(therapist.get(url("edit", draft.pk)))
    assert "has had no programme yet" in words(press(therapist, draft, "again"))
    assert codes(draft) == []


# After another patient's


def test_another_patients_programme_is_found_and_copied_without_a_personal_word(
    clinic, patient, neighbour, draft, therapist
):
    found = therapist.get(url("others", draft.pk), {"whose": "oko"})
    assert "Ben Okoye" in words(found)
    assert "Pelvic Tilt, Kneeling Lumbar Flexion" in words(found)
    (one,) = found.context["others"]
    response = press(therapist, draft, f"copy:{one.edition.pk}")
    first, second = lines(draft)
    text = make.exercise("TILT").current
    assert (first.sets, first.weekdays) == (3, [1, 3])
    assert (first.direction_note, first.side) == (text.direction_note, text.side)
    assert first.recorded == second.recorded == {}
    assert "daughter" not in response.content.decode()
    (line,) = trail(clinic, "copied the programme of another patient")
    assert line.patient_id == patient.pk
    assert line.detail == {"from_patient": neighbour.pk, "edition": one.edition.pk}


def test_only_active_patients_of_the_clinic_with_a_programme_are_offered(
    clinic, other_clinic, patient, neighbour, therapist
):
    theirs = make.edition(of=make.patient(of=other_clinic, name="Ben Strange"))
    make.patient(of=clinic, name="Ben Without")
    make.edition(of=patient)
    by = make.founder(clinic)
    archived = make.patient(of=clinic, name="Ben Archived")
    edition = make.edition(of=archived)
    with inside(clinic.pk):
        patient_actions.archive(patient=archived, at=NOW, by=by)
    following = make.draft(of=patient, lines=[])
    offered = [
        one.patient.name
        for asked in ("ben", "ana")
        for one in therapist.get(url("others", following.pk), {"whose": asked}).context["others"]
    ]
    assert offered == ["Ben Okoye"]
    for key in (theirs.pk, edition.pk, following.pk, 10**17):
        fresh = make.draft(of=patient, lines=[])
        response = press(therapist, fresh, f"copy:{key}")
        assert "That programme is not there any more." in words(response)
        assert codes(fresh) == []


@pytest.mark.django_db(transaction=True)
def test_looking_for_others_costs_the_same_for_one_and_three(
    clinic, neighbour, draft, therapist, django_assert_num_queries
):
    for more in ("Ben One", "Ben Two"):
        with django_assert_num_queries(10):
            therapist.get(url("others", draft.pk), {"whose": "ben"})
        make.edition(of=make.patient(of=clinic, name=more))


@pytest.mark.django_db(transaction=True)
def test_the_list_of_templates_costs_the_same_for_one_and_three(
    clinic, patient, therapist, django_assert_num_queries
):
    for round_ in range(2):
        make.template(of=patient, name=f"One {round_}", lines=[make.line("TILT")])
        make.template(of=patient, name=f"Two {round_}", lines=[make.line("TILT"), make.line("KLF")])
        with django_assert_num_queries(9):
            therapist.get(url("templates"))


# Kept while it is typed


def keep(client, draft, **typed):
    return client.post(url("keep", draft.pk), page(draft, **typed))


def test_what_is_typed_is_kept_as_a_draft(clinic, patient, therapist):
    draft = make.draft(of=patient, lines=[make.line("TILT")])
    response = keep(therapist, draft, **{"lines-0-sets": "5"})
    assert response.json() == {"version": draft.version + 1, "at": "11:00"}
    assert lines(draft)[0].sets == 5


def test_what_is_wrong_is_named_and_nothing_is_kept(patient, therapist):
    draft = make.draft(of=patient, lines=[make.line("TILT")])
    response = keep(therapist, draft, **{"lines-0-sets": "many"})
    assert response.status_code == 422
    assert response.json() == {
        "field": "id_lines-0-sets",
        "problem": "Sets: Enter a whole number.",
    }
    assert lines(draft)[0].sets == 1


def test_a_colleagues_draft_is_not_overwritten_while_it_is_typed(clinic, patient, therapist):
    draft = make.draft(of=patient, lines=[make.line("TILT")])
    elif_ = signed_in(clinic, Membership.Role.THERAPIST)
    assert keep(elif_, draft, **{"lines-0-sets": "7"}).status_code == 200
    assert keep(therapist, draft, **{"lines-0-sets": "5"}).status_code == 409
    assert lines(draft)[0].sets == 7


def test_the_same_sent_twice_is_kept_once(patient, therapist):
    draft = make.draft(of=patient, lines=[make.line("TILT")])
    first = keep(therapist, draft, **{"lines-0-sets": "5"})
    assert keep(therapist, draft, **{"lines-0-sets": "5"}).json() == first.json()


def test_a_published_draft_is_kept_no_more(patient, therapist):
    edition = make.edition(of=patient)
    assert keep(therapist, edition).status_code == 409


@pytest.mark.parametrize(("who", "status"), [("therapist", 200), *WHO[1:]])
def test_who_may_keep(request, patient, who, status):
    draft = make.draft(of=patient, lines=[make.line("TILT")])
    response = keep(request.getfixturevalue(who), draft, **{"lines-0-sets": "5"})
    assert response.status_code == status
    assert lines(draft)[0].sets == (5 if status == 200 else 1)


# Long programmes, and the last dosage


def test_a_long_programme_is_told_and_not_blocked(patient, therapist):
    draft = make.draft(of=patient, lines=[make.line("TILT", times_per_day=20)])
    text = words(therapist.get(url("edit", draft.pk)))
    assert "1 exercise, about 23 minutes a day." in text
    assert "this is only a reminder" in text
    short = page(draft, **{"lines-0-times_per_day": "1"})
    assert "only a reminder" not in words(therapist.post(url("findings", draft.pk), short))


def test_the_last_dosage_is_repeated_without_a_script(patient, therapist):
    make.edition(of=patient, lines=[make.line("TILT", sets=4, hold_seconds=9)])
    plans = [make.line("TILT", sets=2), make.line("KLF")]
    draft = make.draft(of=patient, lines=plans)
    press(therapist, draft, "repeat:0")
    assert (lines(draft)[0].sets, lines(draft)[0].hold_seconds) == (4, 9)
    with inside(patient.clinic_id):
        opened = PrescriptionEdition.objects.get(pk=draft.pk)
    press(therapist, opened, "repeat:1")  # never prescribed: as the line above it
    assert (lines(draft)[1].sets, lines(draft)[1].hold_seconds) == (4, 9)
