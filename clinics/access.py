"""The staff door: who may enter a view, and what they may do once inside."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from clinics import origin, reads, tenancy
from clinics.models import Clinic, Membership, User
from clinics.roles import GRANTS as GRANTS
from clinics.roles import Can as Can
from clinics.roles import rights_of

View = Callable[..., HttpResponse]
CHOSEN_CLINIC = "clinic_id"


class StaffRequest(HttpRequest):
    """What a view behind `staff` receives."""

    htmx: HtmxDetails
    user: User
    clinic: Clinic
    membership: Membership
    rights: frozenset[Can]


class PersonRequest(HttpRequest):
    """What a view behind `person` receives: somebody signed in, no clinic chosen."""

    user: User


def staff(can: Can) -> Callable[[View], View]:
    """Let in members of the chosen clinic whose role grants `can`.

    The view runs in one transaction inside that clinic, and finds `request.clinic`,
    `request.membership` and `request.rights`. Nobody chosen, or a membership that ended: on to
    the choice of clinics.
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


def _membership(user: User, clinic_id: int) -> Membership | None:
    return (
        Membership.objects.active()
        .of_user(user)
        .filter(clinic_id=clinic_id)
        .select_related("clinic")
        .first()
    )


def _to_choice(request: HttpRequest) -> HttpResponse:
    following = request.get_full_path() if request.method == "GET" else "/"
    return redirect(f"/clinics/?{urlencode({'next': following})}")
