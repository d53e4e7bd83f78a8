"""How often a member gets an e-mail about what waits in the clinic."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from clinics.access import Can, StaffRequest, staff
from prescriptions import digest
from prescriptions.models import HowOften


class DigestForm(forms.Form):
    how_often = forms.TypedChoiceField(
        label="E-mail about what waits",
        choices=HowOften,
        coerce=HowOften,
        widget=forms.RadioSelect,
        help_text="Between 7 and 19 o’clock of the clinic, with numbers and links only.",
    )


@require_http_methods(["GET", "POST"])
@staff(Can.LOG)  # whoever works here; not an operator, who only looks
def choose(request: StaffRequest) -> HttpResponse:
    """The member's own choice, for this clinic."""
    initial = {"how_often": digest.choice_of(request.clinic, request.user)}
    form = DigestForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        digest.choose(
            clinic=request.clinic, by=request.user, at=timezone.now(), **form.cleaned_data
        )
        messages.success(request, "Your choice is stored.")
        return redirect("prescriptions:digest")
    return render(request, "prescriptions/digest.html", {"form": form})
