"""A form that a nervous finger sends twice does its work once.

Each is filled as a browser fills it, from the page it stands on, and sent two times. The second
time may add no row to any table of the clinic: neither of its own kind nor to the audit trail.
Forms whose content is made here with more care (a patient, a screen, a direction test, a condition,
a programme, an exercise, a link) are sent twice in the tests of their own app.
"""

from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from clinics.models import AuditEvent, AuditLink, Clinic
from clinics.tenancy import inside
from exercises.models import Exercise
from patients.models import ConditionOnFile, Episode, Invitation, Patient, RaisedFlag
from prescriptions.models import Alert, Pause, PrescriptionEdition, ProgrammeTemplate
from tests.clinics.test_walls import OF_A_CLINIC
from tests.test_doors import keys_of_everything, undone

P = Patient
# Where a form is sent to, the page it stands on, what is typed into it, and what it is about.
FORMS = {
    "patients:note": ("patients:record", {"text": "Said hello."}, P),
    "patients:archive": ("patients:archive", {}, P),
    "patients:end_condition": ("patients:end_condition", {}, ConditionOnFile),
    "patients:change_phase": (
        "patients:change_phase",
        {"phase": "reduction", "reason": "Better."},
        Episode,
    ),
    "patients:close_episode": ("patients:close_episode", {}, Episode),
    "patients:clear_flag": (
        "patients:clear_flag",
        {"assessed_by": "Dr Lee", "assessed_on": "2026-05-20", "outcome": "A cold."},
        RaisedFlag,
    ),
    "prescriptions:answer": ("prescriptions:messages", {"text": "Yes, you may."}, P),
    "prescriptions:mark_read": ("prescriptions:messages", {}, P),
    "prescriptions:open_alert": ("prescriptions:alert", {}, Alert),
    "prescriptions:close_alert": (
        "prescriptions:alert",
        {"contact": "I called.", "decision": "Go on."},
        Alert,
    ),
    "prescriptions:lift": ("prescriptions:lift", {}, Pause),
    "prescriptions:discard": ("prescriptions:discard", {}, PrescriptionEdition),
    "prescriptions:rename_template": (
        "prescriptions:rename_template",
        {"name": "Another"},
        ProgrammeTemplate,
    ),
    "prescriptions:archive_template": ("prescriptions:templates", {}, ProgrammeTemplate),
    "exercises:copy": ("exercises:detail", {}, Exercise),
    "exercises:archive": ("exercises:detail", {}, Exercise),
}


class Forms(HTMLParser):
    """What a browser would send of each form of a page, by the address it is sent to."""

    def __init__(self, page: str, here: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, list[str]]] = {}
        self._here, self._form, self._select, self._area = here, None, None, None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name, kind = given.get("name"), given.get("type", "text")
        if tag == "form" and given.get("method") == "post":
            action = given.get("action") or self._here
            self._form = self.found.setdefault(action.partition("?")[0], {})
        elif self._form is None:
            return
        elif tag == "input" and name and (kind not in {"radio", "checkbox"} or "checked" in given):
            self._form.setdefault(name, []).append(given.get("value", "on"))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._form.setdefault(self._select, []).append(given.get("value", ""))
        elif tag == "textarea":
            self._area = name
            self._form[name] = [""]

    def handle_data(self, data):
        if self._area:
            self._form[self._area][0] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._form = None


def counts(clinic: Clinic) -> dict[str, int]:
    with inside(clinic.pk):
        return {
            model.__name__: model.objects.filter(clinic=clinic).count()
            for model in OF_A_CLINIC
            if model is not AuditLink
        } | {"AuditEvent": AuditEvent.objects.of(clinic).acts().count()}


@pytest.fixture
def keys(clinic) -> dict[type, int]:
    return keys_of_everything(clinic)


def address(name: str, keys: dict[type, int], about: type | None) -> str:
    return reverse(name, args=[keys[about]] if about else [])


def filled(admin: Client, page: str, to: str, typed: dict) -> dict:
    forms = Forms(admin.get(page).content.decode(), page).found
    assert to in forms, f"{page} has no form that is sent to {to}, only {sorted(forms)}"
    return forms[to] | typed


def page_of(name: str, keys: dict[type, int], about: type | None) -> str:
    stands_on_patient = {"prescriptions:messages", "patients:record"}
    if name == "prescriptions:templates":
        return reverse(name)
    return address(name, keys, Patient if name in stands_on_patient else about)


def test_a_form_sent_twice_does_its_work_once(admin, clinic, keys, subtests):
    before = counts(clinic)
    for name, (page, typed, about) in FORMS.items():
        with subtests.test(name), undone():
            to = address(name, keys, about)
            sent = filled(admin, page_of(page, keys, about), to, typed)
            first = admin.post(to, sent)
            once = counts(clinic)
            assert first.status_code in {200, 302}
            assert once != before, "nothing was done"
            assert admin.post(to, sent).status_code in {200, 302, 404, 409}
            assert counts(clinic) == once


def test_a_second_invitation_closes_the_first(admin, clinic, keys):
    to = reverse("patients:invite", args=[keys[Patient]])
    for _ in range(2):
        assert admin.post(to).status_code == 200
    with inside(clinic.pk):
        assert Invitation.objects.filter(clinic=clinic).not_used().count() == 1


def test_a_form_without_its_key_would_be_stored_twice(admin, clinic, keys):
    """So the test above can fail: here each sending has another key, as if there were none."""
    to, page = (
        reverse(name, args=[keys[Patient]]) for name in ("patients:note", "patients:record")
    )
    before = counts(clinic)["Note"]
    for _ in range(2):
        admin.post(to, filled(admin, page, to, {"text": "Said hello."}))
    assert counts(clinic)["Note"] == before + 2
