"""Every view has a door, and whoever comes through it finds nothing of another clinic.

What each of them answers to everybody is in docs/who-may.md, see test_who_may.py.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from clinics import actions
from clinics.access import GRANTS, Can
from clinics.models import ApiToken, AuditEvent, Clinic, Membership, StaffInvitation
from clinics.tenancy import inside
from exercises.content import load_education
from exercises.models import Exercise, ExerciseEdition
from patients import actions as patient_actions
from patients.models import (
    ConditionOnFile,
    Device,
    Episode,
    Erasure,
    Invitation,
    MeasureEdition,
    MeasurePlan,
    MeasureResponse,
    Patient,
    RaisedFlag,
)
from portal.access import COOKIE
from prescriptions.models import (
    Absence,
    Alert,
    FollowUp,
    Pause,
    Prescription,
    PrescriptionEdition,
    ProgrammeTemplate,
    PushSubscription,
    SavedFilter,
    SessionLog,
)
from tests import make
from tests.conftest import as_login, signed_in

METHODS = ["get", "head", "post", "put", "patch", "delete", "options"]
SECRET = "Xylophone"  # in every text of the other clinic

# What the number in a URL is of. A new view fails here until somebody says what it is about.
ABOUT = {
    "patient": Patient,
    "patients:record": Patient,
    "patients:edit": Patient,
    "patients:note": Patient,
    "patients:archive": Patient,
    "patients:restore": Patient,
    "patients:portal": Patient,
    "patients:invite": Patient,
    "patients:erase": Patient,
    "patients:ask_for_erasure": Patient,
    "patients:take_back_erasure": Patient,
    "patients:certificate": Erasure,
    "patients:certificate_file": Erasure,
    "patients:revoke": Invitation,
    "patients:sign_out": Device,
    "patients:direction": Patient,
    "patients:begin_episode": Patient,
    "patients:add_condition": Patient,
    "patients:end_condition": ConditionOnFile,
    "patients:close_episode": Episode,
    "patients:change_phase": Episode,
    "patients:set_preference": Episode,
    "patients:note_event": Episode,
    "patients:screen": Episode,
    "patients:direction_test": Episode,
    "patients:clear_flag": RaisedFlag,
    "prescriptions:of_patient": Patient,
    "prescriptions:start": Patient,
    "prescriptions:for_whom": Exercise,
    "prescriptions:edit": PrescriptionEdition,
    "prescriptions:picker": PrescriptionEdition,
    "prescriptions:line": PrescriptionEdition,
    "prescriptions:keep": PrescriptionEdition,
    "prescriptions:others": PrescriptionEdition,
    "prescriptions:findings": PrescriptionEdition,
    "prescriptions:rename_template": ProgrammeTemplate,
    "prescriptions:archive_template": ProgrammeTemplate,
    "prescriptions:restore_template": ProgrammeTemplate,
    "prescriptions:discard": PrescriptionEdition,
    "clinics:member": Membership,
    "clinics:send_again": StaffInvitation,
    "clinics:withdraw": StaffInvitation,
    "clinics:revoke_token": ApiToken,
    "prescriptions:log_in_clinic": PrescriptionEdition,
    "prescriptions:edition": PrescriptionEdition,
    "prescriptions:handout": PrescriptionEdition,
    "prescriptions:note": PrescriptionEdition,
    "prescriptions:detail": Prescription,
    "prescriptions:end": Prescription,
    "prescriptions:messages": Patient,
    "prescriptions:answer": Patient,
    "prescriptions:mark_read": Patient,
    "prescriptions:timeline": Patient,
    "prescriptions:done": Patient,
    "prescriptions:snooze": Patient,
    "prescriptions:bring_back": Patient,
    "prescriptions:forget_filter": SavedFilter,
    "prescriptions:progress": Patient,
    "prescriptions:measures": Patient,
    "prescriptions:ask_measure": Patient,
    "prescriptions:enter_measure": Patient,
    "prescriptions:stop_measure": MeasurePlan,
    "prescriptions:correct_measure": MeasureResponse,
    "patients:measure": MeasureEdition,
    "portal:measure": MeasurePlan,
    "prescriptions:progress_note": Patient,
    "prescriptions:progress_report": Patient,
    "prescriptions:progress_numbers": Patient,
    "prescriptions:absences": Patient,
    "prescriptions:add_absence": Patient,
    "prescriptions:correct_absence": Absence,
    "prescriptions:withdraw_absence": Absence,
    "prescriptions:give_record": Patient,
    "prescriptions:monitoring": Patient,
    "prescriptions:monitoring_pdf": Patient,
    "prescriptions:monitoring_csv": Patient,
    "prescriptions:record_consent": Patient,
    "prescriptions:record_setup": Patient,
    "prescriptions:record_time": Patient,
    "prescriptions:record_contact": Patient,
    "prescriptions:timer": Patient,
    "prescriptions:start_timer": Patient,
    "prescriptions:stop_timer": Patient,
    "prescriptions:keep_timer": Patient,
    "prescriptions:alert": Alert,
    "prescriptions:open_alert": Alert,
    "prescriptions:close_alert": Alert,
    "prescriptions:lift": Pause,
    "api:patient": Patient,
    "api:programmes": Patient,
    "api:logs": Patient,
    "exercises:detail": Exercise,
    "exercises:edition": Exercise,
    "exercises:translation": Exercise,
    "exercises:sign_translation": Exercise,
    "exercises:translate": Exercise,
    "exercises:copy": Exercise,
    "exercises:edit": Exercise,
    "exercises:publish": Exercise,
    "exercises:discard": Exercise,
    "exercises:archive": Exercise,
    "exercises:restore": Exercise,
    "portal:log": PrescriptionEdition,
    "portal:saved": SessionLog,
    "portal:correct": SessionLog,
    "portal:take_back": SessionLog,
    "portal:follow_up": FollowUp,
    "portal:sign_out_phone": Device,
    "portal:phone_off": PushSubscription,
}
OF_NO_ROW = {
    "home": "staff",
    "patients": "staff",
    "prescriptions:save_filter": "staff",
    "design": "staff",
    "api:patients": "token",
    "api:openapi-json": "open",
    "api:api-root": "open",
    "prescriptions:alerts": "staff",
    "prescriptions:unread": "staff",
    "prescriptions:digest": "staff",
    "prescriptions:templates": "staff",
    "patients:create": "staff",
    "patients:archived": "staff",
    "patients:erasures": "staff",
    "patients:measures": "staff",
    "patients:add_measure": "staff",
    "exercises:library": "staff",
    "exercises:own": "staff",
    "exercises:create": "staff",
    "exercises:figure_preview": "staff",
    "exercises:education": "staff",
    "exercises:education_page": "staff",
    "exercises:education_translation": "staff",
    "exercises:sign_education": "staff",
    "clinics:settings": "staff",
    "clinics:audit": "staff",
    "clinics:people": "staff",
    "clinics:invite": "staff",
    "clinics:roles": "staff",
    "clinics:connections": "staff",
    "clinics:connect": "staff",
    "clinics:join": "link",
    "clinics:audit_export": "staff",
    "portal:looked": "patient",
    "clinics:sign_in_rules": "staff",
    "clinics:change_sign_in_rules": "staff",
    "clinics:choose": "person",
    "clinics:security": "person",
    "clinics:second_step": "person",
    "clinics:end_session": "person",
    "clinics:end_other_sessions": "person",
    "clinics:locked": "person",
    "clinics:lock": "person",
    "clinics:active": "person",
    "portal:today": "patient",
    "portal:player": "patient",
    "portal:logs": "patient",
    "portal:messages": "patient",
    "portal:learn": "patient",
    "portal:learn_page": "patient",
    "portal:why": "patient",
    "portal:more": "patient",
    "portal:mark_read": "patient",
    "portal:handout": "patient",
    "portal:my_data": "patient",
    "portal:leave": "patient",
    "portal:understood": "patient",
    "portal:reminders": "patient",
    "portal:turn_off": "patient",
    "portal:phone": "patient",
    "portal:make_calendar": "patient",
    "portal:close_calendar": "patient",
    "portal:stop_mail": "link",
    "portal:calendar": "link",
    "portal:outbox": "patient",
    "portal:kept_pages": "patient",
    "portal:manifest": "anyone",
    "portal:worker": "anyone",
    "portal:not_kept": "anyone",
    "portal:help": "anyone",
    "portal:comfort": "anyone",
    "portal:enter": "link",
    "portal:code": "doorstep",
    "portal:new_phone": "doorstep",
    "portal:mailed_code": "doorstep",
    "portal:people": "doorstep",
    "portal:phones": "patient",
    "portal:sign_out_others": "patient",
    "portal:choose_pin": "patient",
    "portal:type_pin": "doorstep",
    "fhir:metadata": "open",
    "fhir:search": "token",
    "fhir:read": "token",
    "fhir:everything": "token",
    "fhir:unknown": "token",
    "fhir:export": "token",
    "fhir:export_patients": "token",
    "fhir:bulk": "token",
    "fhir:bulk_file": "token",
}
# What stands in the addresses that other systems ask at.
FHIR_PARTS = {"kind": "Patient", "key": "1", "path": "a/b/c", "uuid": UUID(int=1)}
# django-allauth's own pages: sign-in and its second factors, which have no door.
ALLAUTH = ("account_", "mfa_")


def walk(resolver=None, namespace=""):
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry, inner)
        elif isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}", entry


SITE = [
    pytest.param(name, entry, id=name) for name, entry in walk() if not name.startswith(ALLAUTH)
]
NAMES = [name for name, _ in walk() if not name.startswith(ALLAUTH)]


def door_of(name: str) -> str:
    if name in OF_NO_ROW:
        return OF_NO_ROW[name]
    if name.startswith("api:"):
        return "token"
    return "patient" if name.startswith("portal:") else "staff"


STAFF_ROWS = [name for name in ABOUT if door_of(name) == "staff"]


def test_every_view_says_what_it_is_about():
    assert set(NAMES) == set(ABOUT) | set(OF_NO_ROW), "then run make who-may"


@pytest.mark.parametrize(("name", "entry"), SITE)
def test_every_view_has_its_door(name, entry):
    assert getattr(entry.callback, "door", None) == door_of(name)


def url(name: str, pk: int) -> str:
    if name == "exercises:edition":
        return reverse(name, args=[pk, 1])
    if name in {"exercises:translation", "exercises:sign_translation", "exercises:translate"}:
        return reverse(name, args=[pk, 1, "es"])
    if name in {"exercises:education_translation", "exercises:sign_education"}:
        return reverse(name, args=[load_education()[0].slug, "es"])
    if name in {"exercises:education_page", "portal:learn_page"}:
        return reverse(name, args=[load_education()[0].slug])
    if OF_NO_ROW.get(name) == "token":
        parts = next(entry.pattern for known, entry in walk() if known == name).converters
        return reverse(name, kwargs={part: FHIR_PARTS[part] for part in parts})
    if OF_NO_ROW.get(name) == "link":
        return reverse(name, args=["1-nothing"])
    return reverse(name, args=[pk] if name in ABOUT else [])


@contextmanager
def undone() -> Iterator[None]:
    """What is done meanwhile, a press of a button among it, is taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def theirs(clinic) -> dict[type, int]:
    """A clinic full of rows, each text with the secret word; the key of one row of each kind."""
    return keys_of_everything(clinic)


def keys_of_everything(clinic: Clinic, *, word: str = SECRET) -> dict[type, int]:
    make.everything(of=clinic, word=word)
    with inside(clinic.pk):
        return {
            Patient: Patient.objects.get().pk,
            Invitation: Invitation.objects.not_used().get().pk,
            Device: Device.objects.get().pk,
            Erasure: Erasure.objects.get().pk,
            Episode: Episode.objects.open().get().pk,
            RaisedFlag: RaisedFlag.objects.open().get().pk,
            ConditionOnFile: ConditionOnFile.objects.get().pk,
            MeasureEdition: MeasureEdition.objects.get(is_shipped=False).pk,
            MeasurePlan: MeasurePlan.objects.get(key="own").pk,
            MeasureResponse: MeasureResponse.objects.get().pk,
            Prescription: Prescription.objects.get().pk,
            PrescriptionEdition: PrescriptionEdition.objects.drafts().get().pk,
            Exercise: Exercise.objects.of(clinic).get().pk,
            Absence: Absence.objects.order_by("pk")[0].pk,
            Alert: Alert.objects.order_by("pk")[0].pk,
            Pause: Pause.objects.order_by("pk")[0].pk,
            ProgrammeTemplate: ProgrammeTemplate.objects.get().pk,
            SavedFilter: SavedFilter.objects.get().pk,
            Membership: Membership.objects.order_by("pk")[0].pk,
            StaffInvitation: StaffInvitation.objects.get().pk,
            ApiToken: ApiToken.objects.get().pk,
        }


# Looking leaves a line in the audit trail of whoever looks, and nothing else.
TRAIL = {"clinics_auditevent", "clinics_auditlink", "clinics_audithead"}


def fingerprint() -> list[tuple]:
    """Every row of every clinic but the trail, by table, seen by a login that sees all."""
    with as_login("migrator"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relkind = 'r' ORDER BY 1"
        )
        tables = [name for (name,) in cursor.fetchall() if name not in TRAIL]
        hashes = []
        for table in tables:
            cursor.execute(
                f"SELECT %s, md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t",
                [table],
            )
            hashes += cursor.fetchall()
        return hashes


def body_and_headers(response) -> str:
    return response.content.decode(errors="replace") + str(response.headers)


@pytest.mark.django_db(transaction=True)
def test_no_stranger_changes_a_row_of_ours(transactional_db):
    ours, other = make.clinic(), make.clinic(name="Other clinic")
    keys = keys_of_everything(ours)
    stranger = signed_in(other, Membership.Role.ADMIN)
    before = fingerprint()
    with_this_word = {"name": "x", "text": "x", "do": "publish", "because": "x"}
    for name in STAFF_ROWS:
        for method in METHODS:
            response = getattr(stranger, method)(
                url(name, keys[ABOUT[name]]),
                **({"data": with_this_word} if method == "post" else {}),
            )
            assert response.status_code in {404, 405} or method == "options", f"{method} {name}"
            assert SECRET not in body_and_headers(response)
    assert fingerprint() == before


@pytest.mark.django_db(transaction=True)
def test_looking_changes_nothing(transactional_db):
    clinic = make.clinic()
    keys = keys_of_everything(clinic)
    admin = signed_in(clinic, Membership.Role.ADMIN)
    before = fingerprint()
    for name in NAMES:
        for method in ("get", "head", "options"):
            response = getattr(admin, method)(url(name, keys.get(ABOUT.get(name), 0)))
            assert response.status_code < 500, name
    assert fingerprint() == before


NEEDS_MORE_THAN_LOOKING = {
    "prescriptions:done",
    "prescriptions:snooze",
    "prescriptions:bring_back",
    "patients:create",
    "patients:edit",
    "patients:note",
    "patients:archive",
    "patients:restore",
    "patients:invite",
    "patients:revoke",
    "patients:sign_out",
    "patients:begin_episode",
    "patients:add_condition",
    "patients:end_condition",
    "patients:close_episode",
    "patients:change_phase",
    "patients:set_preference",
    "patients:note_event",
    "patients:screen",
    "patients:direction_test",
    "patients:clear_flag",
    "prescriptions:start",
    "prescriptions:for_whom",
    "prescriptions:edit",
    "prescriptions:picker",
    "prescriptions:line",
    "prescriptions:keep",
    "prescriptions:others",
    "prescriptions:findings",
    "prescriptions:templates",
    "prescriptions:rename_template",
    "prescriptions:archive_template",
    "prescriptions:restore_template",
    "prescriptions:discard",
    "prescriptions:end",
    "prescriptions:answer",
    "prescriptions:mark_read",
    "prescriptions:record_consent",
    "prescriptions:record_setup",
    "prescriptions:open_alert",
    "prescriptions:close_alert",
    "prescriptions:lift",
    "prescriptions:ask_measure",
    "prescriptions:enter_measure",
    "prescriptions:stop_measure",
    "prescriptions:correct_measure",
}
ADMIN_ONLY = {
    "patients:measures",
    "patients:add_measure",
    "patients:measure",
    "prescriptions:progress_numbers",
    "clinics:settings",
    "clinics:sign_in_rules",
    "clinics:change_sign_in_rules",
    "clinics:audit",
    "clinics:people",
    "clinics:invite",
    "clinics:member",
    "clinics:send_again",
    "clinics:withdraw",
    "clinics:roles",
    "clinics:connections",
    "clinics:connect",
    "clinics:revoke_token",
    "clinics:audit_export",
    "prescriptions:give_record",
    "patients:erasures",
    "patients:erase",
    "patients:ask_for_erasure",
    "patients:take_back_erasure",
    "patients:certificate",
    "patients:certificate_file",
    *(name for name in NAMES if name.startswith("exercises:") and name.split(":")[1] in {
        "own", "create", "copy", "edit", "publish", "discard", "archive", "restore",
        "figure_preview", "sign_translation", "translate", "sign_education",
    }),
}  # fmt: skip


def test_a_row_that_never_was_looks_like_a_strangers(therapist, admin, subtests):
    for name in STAFF_ROWS:
        with subtests.test(name), undone():
            who = admin if name in ADMIN_ONLY else therapist
            assert who.get(url(name, 2**62)).status_code in {404, 405}


def test_membership_that_ended_lets_nobody_in(therapist, clinic):
    assert therapist.get("/").status_code == 200
    with inside(clinic.pk):
        membership = Membership.objects.of(clinic).of_user(therapist.user).get()
        actions.end_membership(membership=membership, by=make.founder(clinic))
    # The session is over too; whoever signs in again comes no further than the choice.
    assert therapist.get("/").url.startswith(reverse("account_login"))
    therapist.force_login(therapist.user)
    assert therapist.get("/").url.startswith("/clinics/")
    assert therapist.get("/clinics/").status_code == 200


def test_a_role_is_read_at_every_request(therapist, clinic):
    with inside(clinic.pk):
        Membership.objects.of(clinic).of_user(therapist.user).update(role="assistant")
    assert therapist.get(reverse("patients:create")).status_code == 403


# The portal: the same walk, aimed at another patient of the same clinic.


def phone_of(patient: Patient) -> Client:
    """A browser on which the patient opened the invitation."""
    with inside(patient.clinic_id):
        by = make.founder(patient.clinic)
        _, token = patient_actions.invite(patient=patient, at=make.timezone_now(), by=by)
    client = Client()
    response = client.post(reverse("portal:enter", args=[token]))
    assert response.status_code == 302
    return client


def test_a_patient_finds_nothing_of_a_neighbour(clinic):
    neighbour = make.everything(of=clinic, word=SECRET)
    with inside(clinic.pk):
        edition = PrescriptionEdition.objects.of_patient(neighbour).published().get()
    phone = phone_of(make.patient(of=clinic))
    for method in METHODS:
        response = getattr(phone, method)(reverse("portal:log", args=[edition.pk]))
        assert response.status_code in {404, 405} or method == "options"
        assert SECRET not in body_and_headers(response)
    with inside(clinic.pk):
        their_phone = Device.objects.of_patient(neighbour).get()
    path = reverse("portal:sign_out_phone", args=[their_phone.pk])
    assert phone.post(path).status_code == 404
    for name in [name for name, door in OF_NO_ROW.items() if door in {"patient", "anyone"}]:
        assert SECRET not in body_and_headers(phone.get(url(name, 0)))


def test_a_forged_cookie_opens_nothing(clinic):
    patient = make.patient(of=clinic)
    phone = phone_of(patient)
    value = phone.cookies[COOKIE].value
    for forged in (
        value[:-1] + ("a" if value[-1] != "a" else "b"),
        f"{clinic.pk}:{patient.pk}:x",
        "",
    ):
        phone.cookies[COOKIE] = forged
        assert phone.get(reverse("portal:today")).status_code == 401


def test_staff_are_no_patients_and_patients_no_staff(therapist, clinic):
    assert therapist.get(reverse("portal:today")).status_code == 401
    phone = phone_of(make.patient(of=clinic))
    assert phone.get("/").status_code == 302


def test_every_role_is_granted_something():
    assert set(GRANTS) == set(Membership.Role)
    assert frozenset(Can) == GRANTS[Membership.Role.ADMIN]


def test_acts_leave_a_line_in_the_audit_trail(clinic):
    make.everything(of=clinic)
    with inside(clinic.pk):
        verbs = set(AuditEvent.objects.of(clinic).values_list("verb", flat=True))
        assert ExerciseEdition.objects.of(clinic).exists()
    assert verbs >= {
        "opened the clinic",
        "recorded a patient",
        "wrote a note",
        "published an edition",
        "logged a session",
        "wrote a message",
        "invited a patient to the portal",
        "opened the portal on a new device",
        "published an exercise",
    }
