"""The systems that are connected to the clinic: tokens made, shown once, and revoked."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics import api_tokens
from clinics.access import Can, StaffRequest, confirmed, staff
from clinics.api_tokens_forms import MakeTokenForm
from clinics.models import ApiToken

SHOWN = 100


@require_safe
@staff(Can.ADMINISTER)
def connections(request: StaffRequest) -> HttpResponse:
    """Every token, the open ones first, with its last use."""
    context = {
        "tokens": ApiToken.objects.of(request.clinic).open_first()[:SHOWN],
        "now": timezone.now(),
    }
    return render(request, "clinics/connections.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ADMINISTER)
@confirmed
def connect(request: StaffRequest) -> HttpResponse:
    """Make a token. What is shown after it is shown this once."""
    form = MakeTokenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = timezone.now()
        try:
            made = api_tokens.make(
                clinic=request.clinic,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(now),
                by=request.user,
                at=now,
            )
        except api_tokens.NameTaken:
            form.add_error("name", "A token of this name is not revoked yet. Choose another name.")
        else:
            return render(request, "clinics/connections_made.html", {"made": made})
    return render(request, "clinics/connections_make.html", {"form": form})


@require_POST
@staff(Can.ADMINISTER)
@confirmed
def revoke(request: StaffRequest, pk: int) -> HttpResponse:
    """Close a token, from the next request on."""
    token = get_object_or_404(ApiToken.objects.of(request.clinic).select_related("clinic"), pk=pk)
    if api_tokens.revoke(token=token, by=request.user, at=timezone.now()):
        messages.success(request, f"The token of {token.name} opens nothing any more.")
    else:
        messages.info(request, f"The token of {token.name} was revoked before.")
    return redirect("clinics:connections")
