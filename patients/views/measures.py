"""Clinic → Measures: the outcome measures that a clinic can ask, and how one is added."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from clinics.access import Can, StaffRequest, staff
from patients import measure_actions
from patients.forms.measures import AnswersForm, DefinitionForm
from patients.measure_definition import LONGEST_FILE, MOST_ITEMS, shipped
from patients.models import MeasureEdition

OWN_SHOWN = 100


@require_safe
@staff(Can.ADMINISTER)
def measures(request: StaffRequest) -> HttpResponse:
    own = MeasureEdition.objects.of(request.clinic).own().by_title()
    context = {
        "shipped": [definition for definition, _ in shipped().values()],
        "own": own.with_people()[:OWN_SHOWN],
    }
    return render(request, "patients/measures.html", context)


@require_http_methods(["GET", "POST"])
@staff(Can.ADMINISTER)
def add_measure(request: StaffRequest) -> HttpResponse:
    """Add a licensed measure by its definition: data, not code."""
    form = DefinitionForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            added = measure_actions.add_measure(
                clinic=request.clinic, text=form.source, by=request.user, at=timezone.now()
            )
        except measure_actions.EditionTaken as taken:
            form.add_error(
                "text",
                f"Edition {taken.newest} of {form.definition.key} is here, with another text."
                f" Published words never change: give yours the edition {taken.newest + 1}.",
            )
        else:
            messages.success(request, f"{added.title} is added. Therapists can ask it from now on.")
            return redirect("patients:measure", added.pk)
    context = {"form": form, "most_items": MOST_ITEMS, "longest": LONGEST_FILE}
    example = shipped()["nprs"][1]
    context["example"] = example[example.index("key =") :]
    return render(request, "patients/measures_add.html", context)


@require_safe
@staff(Can.ADMINISTER)
def measure(request: StaffRequest, pk: int) -> HttpResponse:
    """One edition of the clinic's own, as patients are asked it, with its rules and its text."""
    edition = get_object_or_404(MeasureEdition.objects.of(request.clinic).with_people(), pk=pk)
    context = {
        "edition": edition,
        "definition": edition.definition,
        "form": AnswersForm(definition=edition.definition),
    }
    return render(request, "patients/measures_edition.html", context)
