"""The staff door: who may enter a view, and what they may do once inside."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from allauth.core.exceptions import ReauthenticationRequired
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from clinics import origin, reads, second_factor, sessions, tenancy
from clinics.models import Clinic, Membership, User
from clinics.roles import GRANTS as GRANTS
from clinics.roles import Can as Can
from clinics.roles import rights_of
from clinics.session_store import SessionStore
from clinics.sessions import CHOSEN_CLINIC

View = Callable[..., HttpResponse]


class StaffRequest(HttpRequest):
    """What a view behind `staff` receives."""

    htmx: HtmxDetails
    session: SessionStore
    user: User
    clinic: Clinic
    membership: Membership
    rights: frozenset[Can]
    second_factor_by: datetime  # only of those who have not given one: when they must


class PersonRequest(HttpRequest):
    """What a view behind `person` receives: somebody signed in, no clinic chosen."""

    session: SessionStore
    user: User


def staff(can: Can) -> Callable[[View], View]:
    """Let in members of the chosen clinic whose role grants `can`.

    The view runs in one transaction inside that clinic, and finds `request.clinic`,
    `request.membership` and `request.rights`. Nobody chosen, or a membership that ended: on to
    the choice of clinics. Without a second factor: on to the page that sets
    one up.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def enter(request: StaffRequest, *args: object, **kwargs: object) -> HttpResponse:
            clinic_id = request.session.get(CHOSEN_CLINIC)
            if clinic_id is None:
                return _to_choice(request)
            with (
                reads.refusals(request) as asking,
                tenancy.inside(clinic_id, user_id=request.user.pk),
            ):
                membership = _membership(request.user, clinic_id)
                if membership is not None:
                    request.membership, request.clinic = membership, membership.clinic
                    request.rights = rights_of(membership.role)
                    origin.current().role = membership.role
                    asking.known_as(request.user, clinic_id=clinic_id)
                    sessions.keep_to(request.session, idle_minutes=request.clinic.idle_minutes)
                    if not second_factor.is_given(request):
                        request.second_factor_by = second_factor.needed_from(membership)
                        if request.second_factor_by <= timezone.now():
                            return second_factor.ask(request)
                    if not may(request, can):
                        raise PermissionDenied
                    with timezone.override(request.clinic.zone):
                        response = view(request, *args, **kwargs)
                    return reads.seen(request, response, clinic_id=clinic_id, by=request.user)
            del request.session[CHOSEN_CLINIC]
            return _to_choice(request)

        enter.door = "staff"  # type: ignore[attr-defined]
        enter.can = can  # type: ignore[attr-defined]
        return enter

    return decorate


def may(request: StaffRequest, can: Can) -> bool:
    """Whether the person at the door may also do this; what they may not is not offered."""
    return can in request.rights


def person(view: View) -> View:
    """Let in anybody signed in; the view sees that person's memberships and nothing of a clinic."""

    @wraps(view)
    def enter(request: PersonRequest, *args: object, **kwargs: object) -> HttpResponse:
        with tenancy.known_as(request.user.pk):
            return view(request, *args, **kwargs)

    enter.door = "person"  # type: ignore[attr-defined]
    return enter


def link_holder(view: View) -> View:
    """Let in whoever holds a link that was mailed, signed in or not; the view looks at the link."""

    @login_not_required
    @never_cache
    @wraps(view)
    def enter(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs)

    enter.door = "link"  # type: ignore[attr-defined]
    return enter


def confirmed(view: View) -> View:
    """Ask once more who it is, unless that was said a few minutes ago; then go on with the act.

    Stands below the door: @staff(Can.ADMINISTER), then @confirmed.
    """

    @wraps(view)
    def enter(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not second_factor.is_confirmed(request):
            raise ReauthenticationRequired  # django-allauth asks, and repeats the request
        return view(request, *args, **kwargs)

    return enter


def following(request: HttpRequest) -> str:
    """Where the person was going: an address of ours, otherwise the first page."""
    address = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = address.startswith("/") and url_has_allowed_host_and_scheme(address, None)
    return address if is_ours else "/"


def _membership(user: User, clinic_id: int) -> Membership | None:
    return (
        Membership.objects.active()
        .of_user(user)
        .filter(clinic_id=clinic_id)
        .select_related("clinic")
        .first()
    )


def _to_choice(request: HttpRequest) -> HttpResponse:
    afterwards = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"/clinics/?{urlencode({'next': afterwards})}")
