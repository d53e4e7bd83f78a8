import pytest
from django.urls import reverse

from clinics.models import AuditEvent
from patients.models import Patient
from tests import make
from tests.make import inside
from tests.portal.conftest import phone_of
from tests.prescriptions.pdf import words_of

HANDOUT = reverse("portal:handout")

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def phone(patient):
    return phone_of(patient)


def test_a_patient_downloads_their_own_programme(phone, patient, clinic):
    edition = make.edition(of=patient)
    response = phone.get(HANDOUT)
    assert response.content.startswith(b"%PDF")
    assert patient.name not in response["Content-Disposition"]
    assert "no-store" in response["Cache-Control"]
    with inside(clinic.pk):
        line = AuditEvent.objects.of(clinic).get(verb="printed a handout")
    assert (line.actor_kind, line.actor_id, line.target_id) == ("patient", patient.pk, edition.pk)


def test_large_print_has_more_pages(phone, patient):
    make.edition(of=patient, lines=[make.line("FIL"), make.line("REIL")])
    small, large = (phone.get(HANDOUT, {"large": large}).content for large in ("0", "1"))
    assert large.count(b"/MediaBox") > small.count(b"/MediaBox")


@pytest.mark.parametrize(("language", "title"), [("es", "Su programa en casa"), ("ar", None)])
def test_it_is_in_the_patients_language(phone, therapist, patient, language, title):
    """Also when the clinic prints it; of Arabic the order of the shapes is not read back here."""
    edition = make.edition(of=patient)
    with inside(patient.clinic_id):
        Patient.objects.filter(pk=patient.pk).update(language=language)
    staff = reverse("prescriptions:handout", args=[edition.pk])
    for response in (phone.get(HANDOUT), therapist.get(staff)):
        assert f"/Lang({language})".encode() in response.content.replace(b" ", b"")
        assert title is None or title in words_of(response.content)


def test_without_a_programme_there_is_nothing_to_print(phone, patient):
    make.draft(of=patient)
    response = phone.get(HANDOUT, follow=True)
    assert response.redirect_chain == [(reverse("portal:today"), 302)]
    assert "There is no programme to print yet." in response.content.decode()


def test_what_the_portal_holds_back_is_not_printed(phone, patient):
    make.edition(of=patient)
    make.flag(of=patient, code="bladder")
    response = phone.get(HANDOUT, follow=True)
    assert response.redirect_chain == [(reverse("portal:today"), 302)]
    assert "Stop. Get help now." in response.content.decode()


def test_the_page_of_today_leads_to_it(phone, patient):
    make.edition(of=patient)
    assert f'href="{HANDOUT}"' in phone.get(reverse("portal:today")).content.decode()
