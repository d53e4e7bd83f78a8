from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from django.urls import reverse

from prescriptions.kept import kept_lines
from prescriptions.models import PrescriptionEdition
from prescriptions.note import note
from tests import make
from tests.make import TODAY, inside

pytestmark = pytest.mark.usefixtures("clock")


def written(edition) -> str:
    with inside(edition.clinic_id):
        found = PrescriptionEdition.objects.with_lines().get(pk=edition.pk)
        found.review_on = TODAY + timedelta(days=14)
        found.avoid = "Do not slump."
        return note(found, kept_lines(found))


def test_it_says_when_who_and_what_in_plain_lines(patient):
    line = replace(make.line("DOOR", sets=2), side="left", direction_note="Keep still.")
    text = written(make.edition(of=patient, lines=[line]))
    assert text.startswith(
        "Home exercise programme, edition 1\n"
        "Published: 20 May 2026\n"
        "Therapist: Founder\n"
        "From: 20 May 2026, review on 3 June 2026\n"
        "\n"
        "1. Doorway Stretch\n"
        "   Side: left\n"
        "   Dosage: 2 sets of 3 repetitions, hold 20 s, once a day, every day\n"
    )
    assert "   Direction note: Keep still.\n" in text
    assert text.endswith("\nTo avoid: Do not slump.\n")


def test_a_finding_gone_on_despite_is_told_with_its_reason_and_who_wrote_it(patient):
    lines = [make.line("FIL")]  # without the exercise that should follow it
    text = written(make.edition(of=patient, lines=lines))
    (told,) = [line for line in text.splitlines() if line.startswith("   Finding V15")]
    assert "Prescribed despite it." in told
    assert "Not with this one." in told
    assert told.endswith("Written down by Founder, 20 May 2026.")


def test_it_names_no_patient(patient):
    assert patient.name not in written(make.edition(of=patient))


@pytest.mark.parametrize(
    ("who", "status"), [("therapist", 200), ("assistant", 200), ("stranger", 404)]
)
def test_it_is_read_by_the_clinics_own_people(request, patient, who, status):
    edition = make.edition(of=patient)
    response = request.getfixturevalue(who).get(reverse("prescriptions:note", args=[edition.pk]))
    assert response.status_code == status
    assert ("1. Pelvic Tilt" in response.content.decode()) is (status == 200)


def test_the_page_has_it_as_typed_and_ready_to_copy(therapist, patient):
    line = replace(make.line(), direction_note="</textarea><script>x</script>")
    edition = make.edition(of=patient, lines=[line])
    page = therapist.get(reverse("prescriptions:note", args=[edition.pk])).content.decode()
    assert "<script>x" not in page
    assert "</textarea><script>x</script>" in unescape(page)
    assert 'data-copy="note"' in page
