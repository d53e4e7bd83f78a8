"""The addresses below /fhir/."""

from collections.abc import Callable, Sequence
from functools import wraps

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from clinics import reads
from clinics.api_tokens import TokenRequest, token_only
from clinics.scopes import Scope
from patients.models import Patient
from prescriptions.fhir import search
from prescriptions.fhir.capability import capability_statement
from prescriptions.fhir.codes import Json
from prescriptions.fhir.outcome import Refused, answer, as_outcome
from prescriptions.fhir.search import CURSOR, Page
from prescriptions.fhir.sources import Asked, Made, Origin, about_patients, kinds, of_kind

View = Callable[..., HttpResponseBase]
SAFE = ("GET", "HEAD")
READ_ONLY = "Nothing is written over FHIR: GET is the only way to ask."
LOOKED = "looked at the record over FHIR"


def fhir(
    scope: Scope, *, methods: Sequence[str] = SAFE
) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Let in a token with this scope; whatever is refused is told as an OperationOutcome."""

    def decorate(view: View) -> Callable[..., HttpResponseBase]:
        @token_only(scope, refused=as_outcome)
        @wraps(view)
        def inner(request: TokenRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            try:
                return view(request, *args, **kwargs)
            except Refused as refused:
                return as_outcome(refused.status, refused.reason)

        @wraps(inner)
        def enter(request: TokenRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            if request.method in methods:
                return inner(request, *args, **kwargs)
            response = as_outcome(405, READ_ONLY)
            response["Allow"] = ", ".join(methods)
            return response

        return enter

    return decorate


@login_not_required
def metadata(request: HttpRequest) -> HttpResponse:
    """What this server can do; open to everybody, because nothing of a clinic is in it."""
    if request.method not in SAFE:
        return as_outcome(405, READ_ONLY)
    return answer(capability_statement(timezone.now()))


metadata.door = "open"  # type: ignore[attr-defined]
metadata.refused = as_outcome  # type: ignore[attr-defined]


@fhir(Scope.FHIR_READ)
def search_type(request: TokenRequest, kind: str) -> HttpResponse:
    """One page of the resources of a type."""
    origins = _origins(kind)
    search.check(request.GET, search.parameters_of(kind, origins))
    zone = request.clinic.zone
    asked = [(origin, search.asked(kind, origin, request.GET, zone)) for origin in origins]
    return _bundle(request, asked, kind)


@fhir(Scope.FHIR_READ)
def read(request: TokenRequest, kind: str, key: str) -> HttpResponse:
    """One resource by its id."""
    search.check(request.GET, ())
    made = (
        origin.one(request.clinic, key, now=timezone.now())
        for origin in _origins(kind)
    )  # fmt: skip
    found = next((one for one in made if one), None)
    if found is None:
        raise Http404(f"There is no {kind} of this id.")
    _note(request, [found])
    return answer(found.resource)


@fhir(Scope.FHIR_READ)
def everything(request: TokenRequest, key: str) -> HttpResponse:
    """One page of all that is known of one patient."""
    search.check(request.GET, ())
    (patients,) = of_kind("Patient")
    person = patients.one(request.clinic, key, now=timezone.now())
    if person is None:
        raise Http404("There is no Patient of this id.")
    asked = [(origin, Asked(patient=person.row)) for origin in about_patients()]
    return _bundle(request, asked, f"Patient/{key}/$everything")


@fhir(Scope.FHIR_READ)
def unknown(request: TokenRequest, path: str = "") -> HttpResponse:
    raise Http404("There is nothing here by this address; /fhir/metadata tells what there is.")


def _origins(kind: str) -> list[Origin]:
    if kind not in kinds():
        raise Http404(f"{kind[:60]} is not told here; /fhir/metadata tells what is.")
    return of_kind(kind)


def _bundle(
    request: TokenRequest, asked: Sequence[tuple[Origin, Asked]], path: str
) -> HttpResponse:
    question = _question(request.GET)
    page = search.page(
        asked,
        clinic=request.clinic,
        query=request.GET,
        question=f"{path}?{urlencode(question)}",
        now=timezone.now(),
    )
    _note(request, page.found)
    return answer(_told(page, path, question, request.GET))


def _question(query: QueryDict) -> list[tuple[str, str]]:
    """What is asked, in one order, without how much of it and from where on."""
    aside = {CURSOR, "_count", "_format"}
    given = ((name, value) for name, values in query.lists() for value in values)
    return sorted((name, value) for name, value in given if name not in aside)


def _told(page: Page, path: str, question: list[tuple[str, str]], query: QueryDict) -> Json:
    base = f"{settings.SITE_URL}/fhir"
    count = [("_count", str(search.count_of(query)))]
    here = [(CURSOR, query.get(CURSOR, ""))] if CURSOR in query else []
    links: list[tuple[str, list[tuple[str, str]]]] = [("self", [*question, *count, *here])]
    if page.cursor:
        links.append(("next", [*question, *count, (CURSOR, page.cursor)]))
    bundle: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "link": [
            {"relation": relation, "url": f"{base}/{path}?{urlencode(parameters)}"}
            for relation, parameters in links
        ],
    }
    if page.found:
        bundle["entry"] = [
            {
                "fullUrl": f"{base}/{one.resource['resourceType']}/{one.resource['id']}",
                "resource": one.resource,
                "search": {"mode": "match"},
            }
            for one in page.found
        ]
    return bundle


def _note(request: TokenRequest, found: Sequence[Made]) -> None:
    """Write down whose data were read, in one statement."""
    whose = {one.patient for one in found if one.patient is not None}
    if whose:
        reads.seen_of(
            whose, verb=LOOKED, about=Patient, clinic_id=request.clinic.pk, by=request.token
        )
