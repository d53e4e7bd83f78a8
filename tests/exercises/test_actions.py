import pytest

from clinics.models import AuditEvent
from clinics.tenancy import inside
from exercises import actions
from exercises.models import Exercise, ExerciseEdition
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db


@pytest.fixture
def by(clinic):
    return make.founder(clinic)


@pytest.fixture(autouse=True)
def _in_the_clinic(clinic):
    with inside(clinic.pk):
        yield


def said_of(exercise) -> list[str]:
    """What the audit trail tells of an exercise, the first act first."""
    lines = AuditEvent.objects.filter(target="exercises.Exercise", target_id=exercise.pk)
    return list(lines.order_by("pk").values_list("verb", flat=True))


def revised(exercise, by, **changes) -> ExerciseEdition:
    last = exercise.editions.newest_first()[0]
    return actions.save_draft(
        exercise=exercise,
        number=actions.next_number(last),
        text=library.text(name=last.name) | changes,
        loads=[library.FLEXION],
        by=by,
    )


def test_create_begins_with_a_draft_of_edition_1(clinic, by):
    draft = library.draft(of=clinic, name="Wall stretch")
    assert (draft.number, draft.is_draft, draft.name) == (1, True, "Wall stretch")
    assert draft.exercise.current is None
    assert draft.exercise.code == "wall-stretch"
    assert actions.loads_of(draft) == [library.FLEXION]
    assert said_of(draft.exercise) == ["added an exercise"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Wall stretch", "wall-stretch-2"),
        ("🧘", "exercise"),
        ("伸展", "伸展"),
        ("x" * 120, "x" * 30),
    ],
)
def test_every_name_gives_a_code_of_its_own(clinic, name, code):
    library.draft(of=clinic, name="Wall stretch")
    assert library.draft(of=clinic, name=name).exercise.code == code


def test_create_sent_twice_at_once_adds_one(clinic, monkeypatch):
    library.draft(of=clinic, name="Wall stretch")
    monkeypatch.setattr(actions, "_free_code", lambda clinic, name: "wall-stretch")
    with pytest.raises(actions.NameTaken):
        library.draft(of=clinic, name="Wall stretch")
    assert Exercise.objects.of(clinic).count() == 1


def test_a_copy_says_the_same_under_its_own_name_and_is_not_reviewed(clinic, by):
    original = make.exercise("REIL")
    draft = actions.copy(original=original, clinic=clinic, by=by)
    same = {"name", *actions.UNREVIEWED}
    ours, theirs = actions.text_of(draft), actions.text_of(original.current)
    assert {n: v for n, v in ours.items() if n not in same} == {
        n: v for n, v in theirs.items() if n not in same
    }
    assert draft.name == "Repeated Extension in Lying (our version)"
    assert (draft.reviewer, draft.reviewed_on, draft.review_due) == ("", None, None)
    assert actions.loads_of(draft) == actions.loads_of(original.current)
    assert draft.exercise.copied_from == original
    assert said_of(draft.exercise) == ["added an exercise"]


def test_a_copy_that_is_changed_leaves_the_original(clinic, by):
    draft = actions.copy(original=make.exercise("REIL"), clinic=clinic, by=by)
    actions.publish(draft=draft, by=by, at=make.NOW)
    published = actions.publish(
        draft=revised(draft.exercise, by, summary="Ours."), by=by, at=make.NOW
    )
    assert published.summary == "Ours."
    original = make.exercise("REIL").current
    assert original.summary != "Ours."
    assert original.number == 1


def test_copying_again_gives_the_copy_that_waits(clinic, by):
    original = make.exercise("FIL")
    first = actions.copy(original=original, clinic=clinic, by=by)
    assert actions.copy(original=original, clinic=clinic, by=by) == first
    actions.publish(draft=first, by=by, at=make.NOW)
    second = actions.copy(original=original, clinic=clinic, by=by)
    assert second.name == "Flexion in Lying (our version 2)"


def test_the_name_of_a_copy_is_never_too_long(clinic, by):
    original = library.exercise(of=clinic, name="x" * 120)
    draft = actions.copy(original=original, clinic=clinic, by=by)
    assert len(draft.name) == 120
    assert draft.name.endswith(" (our version)")


def test_publish_freezes_the_draft_and_makes_it_current(clinic, by):
    draft = library.draft(of=clinic)
    actions.publish(draft=draft, by=by, at=make.NOW)
    exercise = Exercise.objects.of(clinic).published().get()
    assert exercise.current == draft
    assert (exercise.current.published_at, exercise.current.published_by) == (make.NOW, by)
    assert said_of(exercise) == ["added an exercise", "published an exercise"]


def test_publishing_twice_is_refused_and_changes_nothing(clinic, by):
    draft = library.draft(of=clinic)
    actions.publish(draft=draft, by=by, at=make.NOW)
    with pytest.raises(actions.NoDraft):
        actions.publish(draft=draft, by=by, at=make.NOW)
    assert said_of(draft.exercise).count("published an exercise") == 1


def test_a_change_becomes_the_next_edition(clinic, by):
    exercise = library.exercise(of=clinic, summary="First.", synonyms=["Bend"])
    draft = revised(exercise, by, summary="Second.")
    assert draft.number == 2
    exercise.refresh_from_db()
    assert exercise.current.summary == "First."
    actions.publish(draft=draft, by=by, at=make.NOW)
    exercise.refresh_from_db()
    assert exercise.current.summary == "Second."
    assert exercise.current.synonyms == ["Bend"]  # what the change left out stays
    assert exercise.editions.get(number=1).summary == "First."


def test_a_new_edition_is_not_reviewed_because_the_last_was(clinic, by):
    exercise = library.exercise(of=clinic, reviewer="A. Ruiz, PT", reviewed_on=make.TODAY)
    draft = revised(exercise, by)
    assert (draft.reviewer, draft.reviewed_on) == ("", None)


def test_saving_a_draft_again_keeps_one_draft(clinic, by):
    exercise = library.exercise(of=clinic)
    first = revised(exercise, by, summary="Second.")
    again = revised(exercise, by, summary="Third.")
    assert again == first
    assert exercise.editions.drafts().get().summary == "Third."
    assert actions.loads_of(again) == [library.FLEXION]


def test_a_draft_is_found_by_its_new_name_after_it_is_published(clinic, by):
    exercise = library.exercise(of=clinic, name="Old name")
    draft = revised(exercise, by, name="Fresh name")
    assert not Exercise.objects.of(clinic).search("fresh").exists()
    actions.publish(draft=draft, by=by, at=make.NOW)
    assert Exercise.objects.of(clinic).search("fresh").exists()
    assert not Exercise.objects.of(clinic).search("old").exists()


@pytest.mark.parametrize("number", [0, 1, 3])
def test_saving_another_edition_than_the_next_is_refused(clinic, by, number):
    exercise = library.exercise(of=clinic)
    with pytest.raises(actions.NoDraft):
        actions.save_draft(
            exercise=exercise, number=number, text=library.text(), loads=[library.FLEXION], by=by
        )
    assert not exercise.editions.drafts().exists()


def test_discard_leaves_the_published_edition(clinic, by):
    exercise = library.exercise(of=clinic)
    draft = revised(exercise, by)
    actions.discard(draft=draft, by=by)
    assert [edition.number for edition in exercise.editions.all()] == [1]
    assert said_of(exercise)[-1] == "discarded a draft of an exercise"
    with pytest.raises(actions.NoDraft):
        actions.discard(draft=draft, by=by)


def test_discard_takes_an_exercise_that_was_never_published_with_it(clinic, by):
    draft = library.draft(of=clinic)
    actions.discard(draft=draft, by=by)
    assert not Exercise.objects.of(clinic).exists()
    for act in (actions.discard, lambda **what: actions.publish(**what, at=make.NOW)):
        with pytest.raises(actions.NoDraft):
            act(draft=draft, by=by)


def test_archive_and_restore(clinic, by):
    exercise = library.exercise(of=clinic)
    for _ in range(2):
        actions.archive(exercise=exercise, by=by, at=make.NOW)
    assert not Exercise.objects.of(clinic).published().exists()
    assert Exercise.objects.archived().get().current is not None
    for _ in range(2):
        actions.restore(exercise=exercise, by=by)
    assert Exercise.objects.of(clinic).published().get() == exercise
    assert said_of(exercise)[2:] == ["archived an exercise", "restored an exercise"]


def test_a_shared_exercise_is_read_only(clinic, by):
    shared = make.exercise("FIL")
    with pytest.raises(actions.NotOurs):
        revised(shared, by)
    with pytest.raises(actions.NotOurs):
        actions.archive(exercise=shared, by=by, at=make.NOW)
    with pytest.raises(actions.NotOurs):
        actions.restore(exercise=shared, by=by)
    assert make.exercise("FIL").archived_at is None
