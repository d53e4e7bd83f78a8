"""Who works in the clinic: invited, in which role, locked out, gone; and how somebody joins."""

from typing import cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics import actions, invitations, mails, tenancy, tokens
from clinics import people as rules
from clinics.access import CHOSEN_CLINIC, Can, StaffRequest, confirmed, link_holder, staff
from clinics.models import Membership, StaffInvitation, User
from clinics.people import Act
from clinics.people_forms import InviteForm, JoinForm, RoleForm
from clinics.roles import table

DONE = {
    Act.CHANGE_ROLE: "{name} has the role {role} from now on, and signs in again.",
    Act.LOCK: "{name} is locked out of this clinic.",
    Act.UNLOCK: "{name} can come in again.",
    Act.END: "{name} no longer works here.",
    Act.BRING_BACK: "{name} works here again.",
    Act.TAKE_AWAY_SECOND_STEP: "{name} sets up another second step at the next sign-in.",
}
NOT_DONE = "That was not possible any more. Look at where things stand now."
ELSEWHERE = "They work in another clinic too: whoever runs the server can help them."
NOT_SENT = "The e-mail could not be sent. The invitation is kept: send it again later."


@require_safe
@staff(Can.ADMINISTER)
def roles(request: StaffRequest) -> HttpResponse:
    """What each role may do, from the table that the doors themselves read."""
    return render(request, "clinics/roles.html", {"roles": Membership.Role.labels, "rows": table()})


@require_safe
@staff(Can.ADMINISTER)
def people(request: StaffRequest) -> HttpResponse:
    """Everybody who works or worked here, and who is invited."""
    found = rules.people_of(request.clinic, seen_by=request.membership)
    waiting = StaffInvitation.objects.of(request.clinic).waiting()
    context = {
        "here": found[Membership.State.WORKING] + found[Membership.State.LOCKED],
        "former": found[Membership.State.ENDED],
        "invitations": waiting.select_related("invited_by").order_by("-sent_at", "-pk"),
        "now": timezone.now(),
    }
    return render(request, "clinics/people.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ADMINISTER)
@confirmed
def invite(request: StaffRequest) -> HttpResponse:
    """Invite somebody by e-mail."""
    data = request.POST if request.method == "POST" else None
    form = InviteForm(data, giver=request.membership.role)
    if form.is_valid():
        try:
            sent = invitations.invite(**form.cleaned_data, by=request.membership, at=timezone.now())
        except actions.AlreadyMember:
            form.add_error("email", "Somebody with this address works here already.")
        except invitations.AlreadyInvited:
            form.add_error("email", "This address is invited already. Send that one again.")
        else:
            return _mail(request, sent)
    return render(request, "clinics/people_invite.html", {"form": form})


@require_POST
@staff(Can.ADMINISTER)
@confirmed
def send_again(request: StaffRequest, pk: int) -> HttpResponse:
    """Mail a new link; the one before opens nothing any more."""
    invitation = _invitation(request, pk)
    try:
        sent = invitations.renew(invitation=invitation, by=request.membership, at=timezone.now())
    except (invitations.Refused, invitations.MayNotGive):
        messages.info(request, NOT_DONE)
        return redirect("clinics:people")
    return _mail(request, sent)


@require_POST
@staff(Can.ADMINISTER)
def withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    """Close an invitation: its link opens nothing any more."""
    invitation = _invitation(request, pk)
    if invitations.withdraw(invitation=invitation, by=request.user, at=timezone.now()):
        messages.success(request, f"The invitation of {invitation.name} is withdrawn.")
    else:
        messages.info(request, NOT_DONE)
    return redirect("clinics:people")


@require_http_methods(["GET", "POST"])
@staff(Can.ADMINISTER)
@confirmed
def member(request: StaffRequest, pk: int) -> HttpResponse:
    """One person's work in this clinic, and what may be done about it."""
    shown = get_object_or_404(Membership.objects.of(request.clinic).with_people(), pk=pk)
    giver = request.membership.role
    data = request.POST if request.method == "POST" else None
    form = RoleForm(data, giver=giver, initial={"role": shown.role})
    if data is not None:
        return _perform(request, shown, form)
    acts = rules.acts_on(shown, by=request.membership)
    context = {
        "member": shown,
        "form": form if acts & rules.NEED_A_ROLE else None,
        "acts": acts,
        "is_oneself": shown.user_id == request.user.pk,
    }
    return render(request, "clinics/people_member.html", context)


@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "POST"])
@link_holder
def join(request: HttpRequest, token: str) -> HttpResponse:
    """The link of an invitation. Looking at it changes nothing; the button joins the clinic.

    Somebody new chooses a name and a password here; who has an account signs in first.
    """
    try:
        clinic_id = tokens.clinic_of(token)
        with tenancy.inside(clinic_id):
            invitation = invitations.find(token=token, at=timezone.now())
            has_account = invitations.account_of(invitation) is not None
        if request.user.is_authenticated:
            return _join_with_account(request, invitation, token)
        if has_account:
            return _page(request, invitation, "clinics/join_sign_in.html")
        return _join_as_new(request, invitation, token)
    except (tokens.NotAToken, invitations.Refused):
        return render(request, "clinics/join_refused.html", status=404)


def _join_with_account(
    request: HttpRequest, invitation: StaffInvitation, token: str
) -> HttpResponse:
    user = cast("User", request.user)
    if user.email != invitation.email:
        return _page(request, invitation, "clinics/join_other.html", status=403)
    if request.method == "GET":
        return _page(request, invitation, "clinics/join_accept.html")
    with tenancy.inside(invitation.clinic_id, user_id=user.pk):
        invitations.accept(token=token, user=user, at=timezone.now())
    request.session[CHOSEN_CLINIC] = invitation.clinic_id
    return redirect("home")


def _join_as_new(request: HttpRequest, invitation: StaffInvitation, token: str) -> HttpResponse:
    form = JoinForm(
        request.POST if request.method == "POST" else None,
        email=invitation.email,
        initial={"name": invitation.name},
    )
    if not form.is_valid():
        return _page(request, invitation, "clinics/join_new.html", form=form)
    with tenancy.inside(invitation.clinic_id):
        membership = invitations.accept_as_new(
            token=token,
            name=form.cleaned_data["name"],
            password=form.cleaned_data["password1"],
            at=timezone.now(),
        )
    return perform_login(request, membership.user, redirect_url=reverse("home"))


def _page(
    request: HttpRequest,
    invitation: StaffInvitation,
    template: str,
    *,
    status: int = 200,
    **context: object,
) -> HttpResponse:
    return render(request, template, {"invitation": invitation, **context}, status=status)


def _perform(request: StaffRequest, shown: Membership, form: RoleForm) -> HttpResponse:
    pressed = request.POST.get("do")
    act = next((act for act in Act if act.value == pressed), None)
    role = form.cleaned_data["role"] if form.is_valid() else None
    try:
        if act is None:
            raise rules.NotAllowed
        rules.perform(act, membership=shown, by=request.membership, role=role)
    except rules.NotAllowed:
        messages.error(request, NOT_DONE)
    except actions.LastAdmin:
        messages.error(request, "A clinic keeps at least one admin. Make somebody else one first.")
    except actions.WorksElsewhere:
        messages.error(request, ELSEWHERE)
    else:
        label = role.label if role else ""
        messages.success(request, DONE[act].format(name=shown.user.name, role=label))
        if act is Act.TAKE_AWAY_SECOND_STEP:
            _tell_of_lost_step(request, shown.user)
    return redirect("clinics:member", shown.pk)


def _tell_of_lost_step(request: StaffRequest, user: User) -> None:
    context = {"name": user.name, "clinic": request.clinic, "admin": request.user.name}
    try:
        mails.send("clinics/email/second_step_gone", to=user.email, context=context)
    except mails.NotSent:
        messages.error(request, f"The e-mail about it could not be sent: tell {user.name}.")


def _mail(request: StaffRequest, sent: invitations.Sent) -> HttpResponse:
    try:
        invitations.send(sent)
    except mails.NotSent:
        messages.error(request, NOT_SENT)
    else:
        messages.success(request, f"The invitation is on its way to {sent.invitation.email}.")
    return redirect("clinics:people")


def _invitation(request: StaffRequest, pk: int) -> StaffInvitation:
    return get_object_or_404(StaffInvitation.objects.of(request.clinic), pk=pk)
