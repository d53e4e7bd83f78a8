"""Tokens of other systems: made, shown once, used through their door, revoked."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.http import Http404, JsonResponse
from django.test import Client, RequestFactory
from django.urls import path, reverse

from clinics import api_tokens, reads, tokens
from clinics.api_tokens import bearer_of, require, token_only
from clinics.models import ApiToken, AuditEvent
from clinics.scopes import Scope
from clinics.tenancy import current_clinic_id, inside
from config import limits
from config.limits import Most
from patients.models import Patient
from tests import make
from tests.conftest import as_login

LIST, MAKE = reverse("clinics:connections"), reverse("clinics:connect")


# A door of each kind, in URLs of their own.


@token_only(Scope.PATIENTS_READ)
def names(request, pk=None):
    found = Patient.objects.all() if pk is None else Patient.objects.filter(pk=pk)
    if pk is not None and not found:
        raise Http404
    reads.seen_of(
        [patient.pk for patient in found],
        verb="read over a test",
        about=Patient,
        clinic_id=request.clinic.pk,
        by=request.token,
    )
    return JsonResponse({"names": [patient.name for patient in found]})


@token_only()
def writes(request):
    require(request, Scope.LOGS_READ)
    return JsonResponse({"inside": current_clinic_id(), "token": request.token.name})


urlpatterns = [
    path("names/", names, name="names"),
    path("names/<int:pk>/", names, name="name"),
    path("writes/", writes, name="writes"),
]
here = pytest.mark.urls(__name__)


def ask(address: str, secret: str | None = None, *, method: str = "get", **headers: str):
    shown = {} if secret is None else {"Authorization": f"Bearer {secret}"}
    return getattr(Client(enforce_csrf_checks=True), method)(address, headers=shown | headers)


def trail(clinic) -> list[tuple]:
    with inside(clinic.pk):
        rows = AuditEvent.objects.of(clinic).order_by("pk")
        return list(rows.values_list("actor_kind", "actor_name", "verb", "patient_id"))


def stored(made) -> ApiToken:
    with inside(made.token.clinic_id):
        return ApiToken.objects.get(pk=made.token.pk)


# The secret


def test_a_token_holds_256_random_bits_and_is_kept_as_a_hash_only(clinic):
    made = make.api_token(of=clinic)
    secret = made.secret.removeprefix(f"bearing-{clinic.pk:x}-")
    assert len(secret) == 43  # 32 bytes in base64
    assert make.api_token(of=clinic).secret != made.secret
    with inside(clinic.pk), connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(t)::text FROM clinics_apitoken AS t")
        assert not any(secret in row for (row,) in cursor.fetchall())
    assert stored(made).token_hash == tokens.hash_of(made.secret)


def test_it_is_shown_on_the_page_that_made_it_and_never_again(admin, clinic):
    page = admin.post(MAKE, {"name": "Records", "scopes": ["fhir.read"], "lasts": "90"})
    (token,) = _tokens(clinic)
    start = f"bearing-{clinic.pk:x}-"
    secret = start + page.content.decode().partition(start)[2][:43]
    assert tokens.hash_of(secret) == token.token_hash
    assert token.scopes == ["fhir.read"]
    assert start not in admin.get(LIST).content.decode()
    assert token.ending in admin.get(LIST).content.decode()


def _tokens(clinic) -> list[ApiToken]:
    with inside(clinic.pk):
        return list(ApiToken.objects.of(clinic))


# The page


def test_the_list_shows_use_end_and_who(admin, clinic):
    used = make.api_token(of=clinic, name="Records")
    with inside(clinic.pk):
        api_tokens.note_use(used.token, at=datetime(2026, 5, 20, 15, 4, tzinfo=UTC))
    page = admin.get(LIST).content.decode()
    assert "Records" in page
    assert "20 May 2026, 11:04" in page  # New York
    assert "by <bdi>Founder" in page
    make.api_token(of=clinic, name="Old one", at=datetime(2026, 1, 1, tzinfo=UTC))
    assert "Expired" in admin.get(LIST).content.decode()


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_token_and_three(
    admin, clinic, rows, django_assert_num_queries
):
    for _ in range(rows):
        make.api_token(of=clinic)
    with django_assert_num_queries(7 + 1):
        admin.get(LIST)


def test_who_makes_one_says_once_more_who_they_are(admin):
    session = admin.session
    del session[AUTHENTICATION_METHODS_SESSION_KEY]
    session.save()
    assert admin.get(MAKE).status_code == 302
    assert admin.get(MAKE).url.startswith("/accounts/")
    assert (
        admin.post(MAKE, {"name": "x", "scopes": ["fhir.read"], "lasts": "30"}).status_code == 302
    )


def test_therapists_make_none(therapist, clinic):
    for address in (LIST, MAKE):
        assert therapist.get(address).status_code == 403
    made = make.api_token(of=clinic)
    assert therapist.post(reverse("clinics:revoke_token", args=[made.token.pk])).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"name": "", "scopes": ["fhir.read"], "lasts": "30"},
        {"name": "x", "scopes": [], "lasts": "30"},
        {"name": "x", "scopes": ["everything"], "lasts": "30"},
        {"name": "x", "scopes": ["fhir.read"], "lasts": "100000"},
        {"name": "x" * 81, "scopes": ["fhir.read"], "lasts": "30"},
    ],
)
def test_what_makes_no_sense_makes_no_token(admin, clinic, sent):
    assert admin.post(MAKE, sent).status_code == 200
    assert _tokens(clinic) == []


def test_two_presses_make_one_token(admin, clinic):
    sent = {"name": "Records", "scopes": ["fhir.read"], "lasts": "30"}
    admin.post(MAKE, sent)
    assert "not revoked yet" in admin.post(MAKE, sent).content.decode()
    assert len(_tokens(clinic)) == 1


def test_a_revoked_token_opens_nothing_and_twice_changes_nothing(admin, clinic):
    made = make.api_token(of=clinic, name="Records")
    address = reverse("clinics:revoke_token", args=[made.token.pk])
    assert admin.post(address).status_code == 302
    first = stored(made).revoked_at
    assert admin.post(address).status_code == 302
    assert stored(made).revoked_at == first
    verbs = [verb for *_, verb, _ in trail(clinic)]
    assert verbs.count("made an API token") == verbs.count("revoked an API token") == 1
    assert "Revoked" in admin.get(LIST).content.decode()


def test_a_stranger_revokes_none_of_ours(stranger, clinic):
    made = make.api_token(of=clinic)
    address = reverse("clinics:revoke_token", args=[made.token.pk])
    assert stranger.post(address).status_code == 404
    assert stored(made).revoked_at is None


# The door


@here
def test_a_token_opens_its_clinic_and_no_other(clinic, other_clinic):
    ours, theirs = make.patient(of=clinic), make.patient(of=other_clinic)
    made = make.api_token(of=clinic)
    assert ask("/names/", made.secret).json() == {"names": [ours.name]}
    assert ask(f"/names/{theirs.pk}/", made.secret).status_code == 404


@here
def test_a_token_with_the_number_of_another_clinic_in_front_opens_neither(clinic, other_clinic):
    secret = make.api_token(of=clinic).secret
    moved = secret.replace(f"-{clinic.pk:x}-", f"-{other_clinic.pk:x}-", 1)
    assert moved != secret
    assert ask("/names/", moved).status_code == 401


@here
@pytest.mark.parametrize(
    "shown",
    [
        None,
        "Basic {}",
        "Bearer",
        "Bearer x{}",
        "Bearer bearing-1-x",
        "Bearer bearing-ffffffffffffffffffff-x",
        "Bearer bearing--1-x",
        "{}",
        "Bearer \x00",
    ],
)
def test_without_a_good_token_nothing_is_read(clinic, shown):
    secret = make.api_token(of=clinic).secret
    headers = {} if shown is None else {"Authorization": shown.format(secret)}
    response = Client().get("/names/", headers=headers)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response.json() == {"detail": api_tokens.UNKNOWN}


@here
def test_a_cookie_of_staff_is_no_token_and_none_is_set(admin, clinic):
    assert admin.get("/names/").status_code == 401
    response = admin.get(
        "/names/", headers={"Authorization": f"Bearer {make.api_token(of=clinic).secret}"}
    )
    assert response.status_code == 200
    assert not response.cookies


@here
def test_a_token_needs_no_form_token(clinic):
    response = ask("/writes/", make.api_token(of=clinic, name="EHR").secret, method="post")
    assert response.json() == {"inside": clinic.pk, "token": "EHR"}


@here
@pytest.mark.parametrize("address", ["/names/", "/writes/"])
def test_what_the_scopes_do_not_open_is_forbidden_and_noted(clinic, address):
    made = make.api_token(of=clinic, scopes=[Scope.FHIR_READ], name="EHR")
    response = ask(address, made.secret)
    assert response.status_code == 403
    assert "insufficient_scope" in response["WWW-Authenticate"]
    assert trail(clinic)[-1] == ("token", "EHR", "was refused", None)


@here
def test_expired_and_revoked_tokens_are_turned_away_and_noted(clinic):
    long_ago = datetime.now(UTC) - timedelta(days=91)
    expired = make.api_token(of=clinic, at=long_ago, name="Expired")
    revoked = make.api_token(of=clinic, name="Revoked")
    with inside(clinic.pk):
        api_tokens.revoke(token=revoked.token, by=make.founder(clinic), at=datetime.now(UTC))
    for made in (expired, revoked):
        assert ask("/names/", made.secret).status_code == 401
    refused = [row for row in trail(clinic) if row[2] == "was refused"]
    assert refused == [
        ("token", "Expired", "was refused", None),
        ("token", "Revoked", "was refused", None),
    ]
    assert stored(revoked).last_used_at is None


@here
def test_each_patient_who_was_read_has_a_line_once_an_hour(clinic, django_assert_num_queries):
    patients = [make.patient(of=clinic) for _ in range(3)]
    made = make.api_token(of=clinic, name="EHR")
    for _ in range(2):
        ask("/names/", made.secret)
    looked = [row for row in trail(clinic) if row[2] == "read over a test"]
    assert looked == [("token", "EHR", "read over a test", patient.pk) for patient in patients]


@here
def test_use_is_noted_to_the_minute(clinic):
    made = make.api_token(of=clinic)
    ask("/writes/", made.secret)
    first = stored(made)
    assert first.last_used_from == "127.0.0.1"
    ask("/writes/", made.secret)
    assert stored(made).last_used_at == first.last_used_at


@here
def test_a_token_has_its_own_limit_and_says_when_to_come_back(clinic, monkeypatch):
    monkeypatch.setattr(limits, "OF_ONE_TOKEN", Most(2, timedelta(minutes=1)))
    one, other = make.api_token(of=clinic), make.api_token(of=clinic)
    assert [ask("/writes/", one.secret).status_code for _ in range(3)] == [200, 200, 429]
    response = ask("/writes/", one.secret)
    assert 0 < int(response["Retry-After"]) <= 60
    assert "Too many" in response.json()["detail"]
    assert ask("/writes/", other.secret).status_code == 200


@here
def test_an_address_has_its_limit_whatever_it_shows(clinic, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "token", Most(3, timedelta(minutes=1)))
    answers = [ask("/writes/", f"bearing-1-{number}").status_code for number in range(5)]
    assert answers == [401, 401, 401, 429, 429]


def test_only_the_bearer_scheme_is_read():
    def shown(header: str) -> str:
        return bearer_of(RequestFactory().get("/", headers={"Authorization": header}))

    assert shown("Bearer abc") == shown("bearer  abc ") == "abc"
    assert shown("Basic abc") == shown("abc") == shown("") == ""
    assert len(shown("Bearer " + "x" * 10_000)) == api_tokens.LONGEST


# What the database itself refuses


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE clinics_apitoken SET scopes = '{fhir.read}'",
        "UPDATE clinics_apitoken SET expires_at = expires_at + interval '1 day'",
        "UPDATE clinics_apitoken SET token_hash = 'x'",
        "DELETE FROM clinics_apitoken",
    ],
)
def test_what_a_token_opens_cannot_be_changed(clinic, change):
    make.api_token(of=clinic, scopes=[Scope.LOGS_READ])
    with pytest.raises(DatabaseError, match="permission denied"), inside(clinic.pk):
        _run(change)


def test_what_was_revoked_stays_revoked(clinic):
    made = make.api_token(of=clinic)
    with inside(clinic.pk):
        api_tokens.revoke(token=made.token, by=make.founder(clinic), at=datetime.now(UTC))
    with pytest.raises(IntegrityError, match="cannot be changed"), inside(clinic.pk):
        _run("UPDATE clinics_apitoken SET revoked_at = NULL, revoked_by_id = NULL")


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"scopes": ["everything"]}, "api_token_scopes"),
        ({"scopes": []}, "api_token_scopes"),
        ({"lasts": timedelta(days=400)}, "api_token_for_a_time"),
        ({"lasts": timedelta(0)}, "api_token_for_a_time"),
    ],
)
def test_the_database_takes_no_token_without_end_or_bounds(clinic, fields, constraint):
    scopes = [_Word(word) for word in fields.pop("scopes", ["fhir.read"])]
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make.api_token(of=clinic, scopes=scopes, **fields)


class _Word(str):
    @property
    def value(self) -> str:
        return str(self)


def _run(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.django_db(transaction=True)
@here
def test_the_walls_hold_a_token_twin(transactional_db):
    """Without the policy a token would read two clinics: the test of the door would notice."""
    clinic, other = make.clinic(), make.clinic(name="Other clinic")
    make.patient(of=clinic), make.patient(of=other)
    secret = make.api_token(of=clinic).secret
    assert len(ask("/names/", secret).json()["names"]) == 1
    with as_login("migrator"):
        _run("ALTER TABLE patients_patient DISABLE ROW LEVEL SECURITY")
    try:
        assert len(ask("/names/", secret).json()["names"]) == 2
    finally:
        with as_login("migrator"):
            _run("ALTER TABLE patients_patient ENABLE ROW LEVEL SECURITY")
