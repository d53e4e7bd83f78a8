import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinics.models import AuditEvent
from clinics.tenancy import inside
from exercises import actions
from exercises.content import Statement, load_education
from exercises.models import Exercise, ExerciseEdition
from tests import make
from tests.exercises import library

pytestmark = pytest.mark.django_db
LIBRARY = reverse("exercises:library")
CREATE = reverse("exercises:create")
OWN = reverse("exercises:own")


def url(name: str, exercise: Exercise, *more: object) -> str:
    return reverse(f"exercises:{name}", args=[exercise.pk, *more])


def html(response) -> str:
    return response.content.decode()


@pytest.fixture
def ours(clinic) -> Exercise:
    return library.exercise(of=clinic, name="Wall stretch")


@pytest.fixture
def draft(clinic) -> ExerciseEdition:
    """The draft of an exercise that was never published."""
    return library.draft(of=clinic, name="Chair stretch")


@pytest.fixture
def second(clinic, ours) -> ExerciseEdition:
    """The draft of the second edition of ours."""
    with inside(clinic.pk):
        return actions.save_draft(
            exercise=ours,
            number=2,
            text=library.text(name="Wall lean"),
            loads=[library.EXTENSION, library.FLEXION],
            by=make.founder(clinic),
        )


def archive(exercise: Exercise) -> None:
    with inside(exercise.clinic_id):
        actions.archive(exercise=exercise, by=make.founder(exercise.clinic), at=make.NOW)


def stored(clinic) -> list[tuple]:
    """Every text of the clinic, to see that nothing was written."""
    with inside(clinic.pk):
        return list(ExerciseEdition.objects.of(clinic).order_by("pk").values_list())


# The library


def test_library_shows_direction_range_start_and_needs(therapist):
    page = html(therapist.get(LIBRARY))
    for words in (
        "Repeated Extension in Lying",
        "Lumbar spine extension",
        "end range",
        "Lying on the front",
        "(may use pillow)",
        "Shared catalogue",
        "7 exercises",
        "General stretches for healthy people.",
    ):
        assert words in page


def test_library_names_whose_an_exercise_is(therapist, clinic, ours):
    with inside(clinic.pk):
        by = make.founder(clinic)
        copy = actions.copy(original=make.exercise("FIL"), clinic=clinic, by=by)
        actions.publish(draft=copy, by=by, at=make.NOW)
    page = html(therapist.get(LIBRARY))
    assert page.count("Our own") == 2
    assert page.count("Copied") == 1


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "glut"}, {"Kneeling Lumbar Flexion"}),
        ({"q": "wall str"}, {"Wall stretch"}),
        ({"direction": "extension", "position": "prone"}, {"Repeated Extension in Lying"}),
        ({"region": "shoulder"}, {"Doorway Stretch"}),
        ({"q": "zzz"}, set()),
    ],
)
def test_library_finds(therapist, ours, query, found):
    names = {exercise.current.name for exercise in therapist.get(LIBRARY, query).context["page"]}
    assert names == found


def test_nothing_found_says_what_to_try(therapist):
    assert "take one filter away" in html(therapist.get(LIBRARY, {"q": "zzz"}))


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"region": "mars"}, "mars is not one of the available choices"),
        ({"q": "x" * 101}, "at most 100 characters"),
        ({"page": "\x00"}, ""),
        ({"page": "-7"}, ""),
        ({"page": "9" * 50}, ""),
        ({"equipment": "<script>alert(1)</script>"}, "is not one of the available choices"),
    ],
)
def test_library_answers_what_it_cannot_read(therapist, query, problem):
    response = therapist.get(LIBRARY, query)
    assert response.status_code == 200
    assert problem in html(response)
    assert "<script>alert" not in html(response)
    assert response.context["page"].paginator.count == 7


def test_library_sends_htmx_the_rows_only(therapist):
    part = therapist.get(LIBRARY, {"q": "glut"}, headers={"HX-Request": "true"})
    assert "<html" not in html(part)
    assert "Kneeling Lumbar Flexion" in html(part)
    assert 'id="found" role="status" hx-swap-oob="true">1 exercise\n' in html(part)
    page = therapist.get(LIBRARY, {"q": "glut"})
    restored = therapist.get(
        LIBRARY, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    for response in (part, page, restored):
        assert "HX-Request" in response["Vary"]
    for whole in (page, restored):
        assert "<html" in html(whole)
        assert "hx-swap-oob" not in html(whole)


def test_therapists_find_no_draft_and_nothing_archived(therapist, clinic, draft, second):
    archived = library.exercise(of=clinic, name="Gone stretch")
    archive(archived)
    page = html(therapist.get(LIBRARY))
    assert "Wall stretch" in page
    for name in ("Wall lean", "Chair stretch", "Gone stretch", "Add an exercise"):
        assert name not in page


def test_another_clinics_exercise_is_not_found(stranger, ours):
    assert "Wall stretch" not in html(stranger.get(LIBRARY))


def test_library_turns_the_page_after_sixty(therapist, clinic):
    for number in range(55):
        library.exercise(of=clinic, name=f"Many {number:02}")
    first, last = therapist.get(LIBRARY), therapist.get(LIBRARY, {"page": 2, "q": ""})
    assert (len(first.context["page"]), len(last.context["page"])) == (60, 2)
    assert "1–60 of 62" in html(first)


def queries_of(client, address: str) -> list[str]:
    """The statements of one page, without those that open and close the transaction."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return [query["sql"] for query in captured if query["sql"].startswith("SELECT")]


@pytest.mark.parametrize("rows", [1, 3])
def test_library_costs_the_same_for_one_row_and_three(therapist, clinic, rows):
    for _ in range(rows):
        library.exercise(of=clinic, loads=[library.FLEXION, library.EXTENSION][:rows])
    # Session, user, clinic, membership, exercises, loads; and in tests the clinic left again.
    assert len(queries_of(therapist, LIBRARY)) == 7


@pytest.mark.parametrize("rows", [1, 3])
def test_own_costs_the_same_for_one_row_and_three(admin, clinic, rows):
    for _ in range(rows):
        library.exercise(of=clinic)
        library.draft(of=clinic)
    assert len(queries_of(admin, OWN)) == 8


@pytest.mark.parametrize("rows", [1, 3])
def test_detail_costs_the_same_for_one_row_and_three(admin, clinic, rows):
    exercise = library.exercise(of=clinic, companion=make.exercise("REIL"))
    for number in range(2, rows + 1):
        with inside(clinic.pk):
            by = make.founder(clinic)
            draft = actions.save_draft(
                exercise=exercise, number=number, text={}, loads=[library.FLEXION], by=by
            )
            actions.publish(draft=draft, by=by, at=make.NOW)
    assert len(queries_of(admin, exercise.get_absolute_url())) == 10


# The text of an exercise


@pytest.mark.parametrize("code", ["FIL", "REIL", "SUTE", "KLF", "DOOR", "TILT", "PILLOW"])
def test_detail_shows_the_whole_text_with_its_sources(therapist, code):
    exercise = make.exercise(code)
    text = exercise.current
    response = therapist.get(exercise.get_absolute_url())
    page = html(response)
    for fact in text.facts:
        assert f'id="fact-{fact["id"]}"' in page
    for key in text.source_keys:
        assert f'id="source-{key}"' in page
        assert f'href="#source-{key}"' in page
    assert page.count('rel="noreferrer"') == len(text.source_keys)
    for words in (
        "Direction note",
        "Stop for",
        "Proposed default; no source fixes it",
        "Awaiting review",
        "by a licensed physical therapist",
        "General stretches for healthy people.",
        "Apache-2.0",
        str(text.dosage),
        *(load.movement for load in text.loads.all()),
    ):
        assert words in page


def test_detail_says_what_was_rebuilt(therapist):
    assert "Rebuilt from other sources." in html(
        therapist.get(make.exercise("DOOR").get_absolute_url())
    )


def test_detail_names_the_companion_and_the_longest_hold(therapist):
    page = html(therapist.get(make.exercise("FIL").get_absolute_url()))
    assert make.exercise("REIL").get_absolute_url() in page
    assert "straight after it" in page
    assert "Longest hold" in html(therapist.get(make.exercise("REIL").get_absolute_url()))


def test_a_text_cannot_carry_markup(admin, clinic):
    evil = "<script>alert(1)</script>"
    exercise = library.exercise(
        of=clinic, name=evil, summary=evil, direction_note=evil, steps=[evil], cautions=[evil],
        synonyms=[evil], start=evil, reviewer=evil, licence=evil, hold_message=evil,
        max_hold_seconds=2, companion_note=[evil], background=[evil],
    )  # fmt: skip
    for address in (LIBRARY, OWN, exercise.get_absolute_url(), url("edit", exercise)):
        page = html(admin.get(address))
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


@pytest.mark.parametrize(
    ("who", "status"), [("admin", 200), ("therapist", 200), ("assistant", 200), ("stranger", 404)]
)
def test_who_reads_a_published_exercise(request, ours, who, status):
    client = request.getfixturevalue(who)
    assert client.get(ours.get_absolute_url()).status_code == status
    assert client.get(url("edition", ours, 1)).status_code == status


@pytest.mark.parametrize(
    ("who", "status"), [("admin", 200), ("therapist", 404), ("assistant", 404), ("stranger", 404)]
)
def test_who_reads_a_draft(request, draft, second, who, status):
    client = request.getfixturevalue(who)
    assert client.get(draft.exercise.get_absolute_url()).status_code == status
    assert client.get(draft.get_absolute_url()).status_code == status
    response = client.get(second.get_absolute_url())
    assert response.status_code == status
    assert ("Wall lean" in html(response)) is (status == 200)


def test_a_therapist_does_not_hear_of_a_draft(therapist, ours, second):
    page = html(therapist.get(ours.get_absolute_url()))
    assert "Wall stretch" in page
    assert "Edition 2" not in page


@pytest.mark.parametrize(
    ("who", "status", "edition_status"),
    [("admin", 200, 200), ("therapist", 404, 200), ("stranger", 404, 404)],
)
def test_who_reads_an_archived_exercise(request, ours, who, status, edition_status):
    archive(ours)
    client = request.getfixturevalue(who)
    assert client.get(ours.get_absolute_url()).status_code == status
    # A programme may hold it, and who treats the patient must be able to read it.
    assert client.get(url("edition", ours, 1)).status_code == edition_status


def test_an_edition_of_the_past_says_so(therapist, clinic, ours, second):
    with inside(clinic.pk):
        actions.publish(draft=second, by=make.founder(clinic), at=make.NOW)
    page = html(therapist.get(url("edition", ours, 1)))
    assert "This is edition 1, kept as it was published on 20 May 2026." in page
    assert "Wall stretch" in page
    assert "Prescribe</a>" not in page
    assert "Wall lean" in html(therapist.get(ours.get_absolute_url()))


@pytest.mark.parametrize("number", [0, 3, 40_000, 2**63])
def test_an_edition_that_is_not_there(admin, ours, number):
    assert admin.get(url("edition", ours, number)).status_code == 404


# Education


def test_each_caution_stands_beside_what_patients_read_of_it(therapist):
    extension = make.exercise("REIL")
    shown = html(therapist.get(extension.get_absolute_url()))
    for caution, plain in extension.current.cautions_as_told:
        said = Statement.parse(caution)
        assert shown.index(said.text) < shown.index(f'<span dir="auto">{plain}</span>')
        assert all(f'href="#source-{key}"' in shown for key in said.sources)
    assert "67%" in shown
    assert "Patients read these lines as they stand." not in shown


def test_cautions_without_plain_words_say_that_patients_read_them(therapist, clinic):
    own = library.exercise(of=clinic, cautions=["Vertigo. [ADJ]"])
    shown = html(therapist.get(own.get_absolute_url()))
    assert "Patients read these lines as they stand." in shown
    assert "Patients read:" not in shown


def test_education_lists_its_pages_with_a_warning(therapist):
    page = html(therapist.get(reverse("exercises:education")))
    for one in load_education():
        assert one.title in page
    assert "contested ones say so" in page


@pytest.mark.parametrize("slug", [page.slug for page in load_education()])
def test_an_education_page_says_how_far_each_point_is_backed(therapist, slug):
    page = next(page for page in load_education() if page.slug == slug)
    shown = html(therapist.get(reverse("exercises:education_page", args=[slug])))
    assert "contested ones say so" in shown
    for fact in page.facts:
        assert f'id="fact-{fact.id}"' in shown
        assert fact.standing.label in shown
        assert fact.text in shown
    plain = [text.plain for text in (*page.facts, *page.sections) if text.plain]
    assert all(f'Patients read:</strong> <span dir="auto">{one}<' in shown for one in plain)
    for key in page.source_keys:
        assert f'id="source-{key}"' in shown


def test_an_education_page_that_is_not_there(therapist):
    assert therapist.get(reverse("exercises:education_page", args=["nothing"])).status_code == 404


# Writing: who may


WRITING = [
    ("get", "edit"), ("post", "edit"), ("get", "publish"), ("post", "publish"),
    ("get", "discard"), ("post", "discard"), ("post", "archive"), ("post", "restore"),
    ("post", "copy"),
]  # fmt: skip


@pytest.mark.parametrize(("who", "status"), [("therapist", 403), ("stranger", 404)])
@pytest.mark.parametrize(("method", "name"), WRITING)
def test_others_write_nothing(request, clinic, ours, second, who, status, method, name):
    before = stored(clinic)
    response = getattr(request.getfixturevalue(who), method)(
        url(name, ours), library.posted(number="2")
    )
    assert response.status_code == status
    assert "Wall" not in html(response)
    assert stored(clinic) == before


@pytest.mark.parametrize(("who", "status"), [("therapist", 403), ("assistant", 403)])
@pytest.mark.parametrize("address", [CREATE, OWN])
def test_only_admins_add_and_list(request, who, status, address):
    assert request.getfixturevalue(who).get(address).status_code == status


@pytest.mark.parametrize(
    ("method", "name"), [one for one in WRITING if one not in {("post", "copy")}]
)
def test_a_shared_exercise_is_read_only(admin, method, name):
    shared = make.exercise("FIL")
    response = getattr(admin, method)(url(name, shared), library.posted())
    assert response.status_code == 404
    assert make.exercise("FIL").current.number == 1


# Writing: what happens


def test_an_admin_adds_checks_and_publishes(admin, therapist, clinic):
    response = admin.post(
        CREATE, library.posted(name="Wall stretch", publish="", companion=make.exercise("REIL").pk)
    )
    with inside(clinic.pk):
        exercise = Exercise.objects.of(clinic).get()
    assert response.url == url("publish", exercise)
    assert "Publish edition 1 of" in html(admin.get(response.url))
    assert therapist.get(exercise.get_absolute_url()).status_code == 404
    published = admin.post(response.url, {"number": "1"}, follow=True)
    assert "Edition 1 is published." in html(published)
    assert "Wall stretch" in html(therapist.get(LIBRARY))
    with inside(clinic.pk):
        verbs = AuditEvent.objects.filter(target_id=exercise.pk, target="exercises.Exercise")
        assert list(verbs.order_by("pk").values_list("verb", "actor_name")) == [
            ("added an exercise", "Admin"),
            ("published an exercise", "Admin"),
        ]


def test_saving_goes_back_to_the_draft(admin, clinic):
    response = admin.post(CREATE, library.posted(), follow=True)
    assert "The draft is saved." in html(response)
    assert response.request["PATH_INFO"].endswith("/edit/")


def test_a_form_sent_twice_adds_one(admin, clinic):
    data = library.posted(name="Wall stretch")
    admin.post(CREATE, data)
    response = admin.post(CREATE, data)
    assert "Your library has an exercise by this name" in html(response)
    assert len(stored(clinic)) == 1


def test_a_form_sent_twice_at_once_adds_one(admin, clinic, ours, monkeypatch):
    monkeypatch.setattr(actions, "_free_code", lambda clinic, name: ours.code)
    response = admin.post(CREATE, library.posted(name="Fresh"))
    assert "Your library has an exercise by this name" in html(response)
    response = admin.post(url("copy", ours), follow=True)
    assert "A copy is being made already." in html(response)
    assert len(stored(clinic)) == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"name": "\u200b"}, "only characters that cannot be seen"),
        ({"name": "x" * 5000}, "at most 120 characters"),
        ({"repetitions": "10000"}, "less than or equal to 100"),
        ({"sets": "0"}, "greater than or equal to 1"),
        ({"hold_seconds": "5", "max_hold_seconds": "2"}, "Longer than the longest hold allowed"),
        ({"steps": "x\n" * 5000}, "Write at most 40 lines"),
        ({"loads-1-region": "lumbar", "loads-1-direction": "flexion", "loads-1-range": "mid",
          "loads-1-role": "secondary"}, "This region and direction are here twice."),
        ({"loads-0-region": ""}, "Choose one."),
        ({"loads-TOTAL_FORMS": "-1"}, "Say at least once"),
        ({"reviewed_on": "3026-01-01", "reviewer": "A. Ruiz"}, "today at the latest"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("where", ["create", "edit"])
def test_bad_input_is_told_and_nothing_is_stored(admin, clinic, ours, where, changes, problem):
    before = stored(clinic)
    address = CREATE if where == "create" else url("edit", ours)
    response = admin.post(address, library.posted(number="2") | changes)
    assert response.status_code == 200
    assert "Please check the form" in html(response)
    assert problem in html(response)
    assert stored(clinic) == before


@pytest.mark.parametrize(
    "name", ["تمرين الظهر", "🧘‍♀️ stretch", "Z̸̢̧̛a̷lgo", "\u202eright to left", "伸展"]
)
def test_a_name_of_any_script_goes_all_the_way(admin, therapist, clinic, name):
    admin.post(CREATE, library.posted(name=name))
    with inside(clinic.pk):
        exercise = Exercise.objects.of(clinic).get()
    admin.post(url("publish", exercise), {"number": "1"})
    for address in (LIBRARY, exercise.get_absolute_url()):
        assert name in html(therapist.get(address))


def test_looking_at_the_form_begins_no_draft(admin, clinic, ours):
    before = stored(clinic)
    assert "You are writing the draft of edition 2." in html(admin.get(url("edit", ours)))
    assert stored(clinic) == before


def test_a_change_is_kept_apart_until_it_is_published(admin, therapist, clinic, ours):
    admin.post(url("edit", ours), library.posted(name="Wall lean", number="2"))
    assert "Wall lean" not in html(therapist.get(ours.get_absolute_url()))
    confirm = html(admin.get(url("publish", ours)))
    assert '<del dir="auto">Wall stretch</del>' in confirm
    assert '<ins dir="auto">Wall lean</ins>' in confirm
    admin.post(url("publish", ours), {"number": "2"})
    assert "Wall lean" in html(therapist.get(ours.get_absolute_url()))
    assert "Wall stretch" in html(therapist.get(url("edition", ours, 1)))


def test_a_draft_published_meanwhile_is_told_and_the_text_is_kept(admin, clinic, ours, second):
    with inside(clinic.pk):
        actions.publish(draft=second, by=make.founder(clinic), at=make.NOW)
    before = stored(clinic)
    response = admin.post(url("edit", ours), library.posted(summary="What I wrote.", number="2"))
    assert "Somebody published this draft while you were writing." in html(response)
    assert "What I wrote." in html(response)
    assert '<input type="hidden" name="number" value="3">' in html(response)
    assert stored(clinic) == before
    admin.post(url("edit", ours), library.posted(summary="What I wrote.", number="3"))
    with inside(clinic.pk):
        assert ours.editions.drafts().get().number == 3


@pytest.mark.parametrize("number", ["", "1", "9" * 30, "\x00", "-2", "٢٢"])
def test_an_edition_number_that_is_none_stores_nothing(admin, clinic, ours, number):
    before = stored(clinic)
    response = admin.post(url("edit", ours), library.posted(number=number))
    assert "Somebody published this draft" in html(response)
    assert stored(clinic) == before


def test_publishing_twice_is_told(admin, clinic, ours, second):
    for told in ("Edition 2 is published.", "already published or discarded"):
        response = admin.post(url("publish", ours), {"number": "2"}, follow=True)
        assert told in html(response)
    with inside(clinic.pk):
        assert ours.editions.published().count() == 2


def test_another_draft_than_the_one_read_is_not_published(admin, clinic, ours, second):
    response = admin.post(url("publish", ours), {"number": "3"}, follow=True)
    assert "This is another draft than the one you read." in html(response)
    with inside(clinic.pk):
        assert ours.editions.drafts().exists()


def test_publishing_a_draft_without_changes_says_so(admin, clinic, ours):
    with inside(clinic.pk):
        actions.save_draft(
            exercise=ours, number=2, text={}, loads=[library.FLEXION], by=make.founder(clinic)
        )
    assert "the draft says the same as edition 1" in html(admin.get(url("publish", ours)))


def test_discarding_asks_first(admin, clinic, ours, second):
    assert "The published edition stays as it is." in html(admin.get(url("discard", ours)))
    with inside(clinic.pk):
        assert ours.editions.drafts().exists()
    response = admin.post(url("discard", ours), follow=True)
    assert "The draft is discarded." in html(response)
    again = admin.post(url("discard", ours), follow=True)
    assert "already published or discarded" in html(again)


def test_discarding_the_first_draft_leaves_nothing(admin, clinic, draft):
    assert "It was never published" in html(admin.get(url("discard", draft.exercise)))
    admin.post(url("discard", draft.exercise))
    assert stored(clinic) == []
    assert admin.post(url("discard", draft.exercise)).status_code == 404


def test_copying_a_shared_exercise_begins_a_draft(admin, clinic):
    response = admin.post(url("copy", make.exercise("REIL")), follow=True)
    assert "This is your copy." in html(response)
    assert "Repeated Extension in Lying (our version)" in html(response)
    admin.post(url("copy", make.exercise("REIL")))
    assert len(stored(clinic)) == 1


@pytest.mark.parametrize("which", ["draft", "archived"])
def test_only_what_is_published_is_copied(admin, ours, draft, which):
    archive(ours)
    original = ours if which == "archived" else draft.exercise
    assert admin.post(url("copy", original)).status_code == 404


def test_archive_and_restore(admin, therapist, ours):
    response = admin.post(url("archive", ours), follow=True)
    assert "Archived. Programmes that hold it keep it." in html(response)
    assert "Wall stretch" not in html(therapist.get(LIBRARY))
    assert admin.get(url("edit", ours)).status_code == 404
    response = admin.post(url("restore", ours), follow=True)
    assert "in the library again" in html(response)
    assert "Wall stretch" in html(therapist.get(LIBRARY))


def test_a_draft_is_not_archived(admin, draft):
    assert admin.post(url("archive", draft.exercise)).status_code == 404


def test_own_lists_drafts_published_and_archived(admin, clinic, ours, draft, second):
    gone = library.exercise(of=clinic, name="Gone stretch")
    archive(gone)
    page = html(admin.get(OWN))
    for words in ("Wall stretch", "Chair stretch", "Gone stretch", "Archived", "Not yet"):
        assert words in page


def test_own_teaches_when_it_is_empty(admin):
    assert "Nothing of your own yet" in html(admin.get(OWN))
