"""A patient's outcome measures: what they came to, what is asked when, and answers on paper."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from clinics.access import Can, StaffRequest, may, staff
from patients import measure_actions
from patients.actions import PatientArchived
from patients.forms.measures import AnswersForm, AskForm, EnteredOnForm
from patients.measure_definition import Definition
from patients.measure_registry import offered
from patients.models import MeasurePlan, MeasureResponse, NamedActivity, Patient
from patients.views.page import find_patient, patient_page
from prescriptions.measures import measures_of
from prescriptions.models import PrescriptionEdition

ARCHIVED = "Restore the record first: archived patients are asked nothing."


@require_safe
@staff(Can.VIEW)
def measures(request: StaffRequest, pk: int) -> HttpResponse:
    patient = find_patient(request, pk)
    told, has_older = measures_of(patient, today=patient.local_date(timezone.now()))
    shown = {one.definition.key for one in told}
    context = {
        "told": told,
        "has_older": has_older,
        "others": [one for one in offered(request.clinic) if one.key not in shown],
        "can_act": may(request, Can.ASSESS) and not patient.is_archived,
    }
    return patient_page(request, patient, "prescriptions/measures.html", **context)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def ask(request: StaffRequest, pk: int) -> HttpResponse:
    """Ask a measure by a schedule; an earlier plan for the same one ends."""
    patient = find_patient(request, pk)
    today = patient.local_date(timezone.now())
    edition = PrescriptionEdition.objects.of_patient(patient).in_force_on(today).first()
    review_on = edition.review_on if edition else None
    form = AskForm(
        request.POST if request.method == "POST" else None,
        offered=offered(request.clinic),
        today=today,
        review_on=review_on if review_on and review_on > today else None,
        initial={"key": request.GET.get("measure")},
    )
    if form.is_valid():
        try:
            plan = measure_actions.ask(
                patient=patient,
                key=form.cleaned_data["key"],
                times=form.times,
                by=request.user,
                at=timezone.now(),
            )
        except PatientArchived:
            messages.error(request, ARCHIVED)
        else:
            messages.success(request, f"{plan.edition} is asked in the portal.")
        return redirect("prescriptions:measures", patient.pk)
    return patient_page(request, patient, "prescriptions/measures_ask.html", form=form)


@require_POST
@staff(Can.ASSESS)
def stop(request: StaffRequest, pk: int) -> HttpResponse:
    plans = MeasurePlan.objects.of(request.clinic).with_patient()
    plan = get_object_or_404(plans, pk=pk)
    measure_actions.stop(plan=plan, by=request.user, at=timezone.now())
    messages.success(request, "It is not asked any more. What was answered stays.")
    return redirect("prescriptions:measures", plan.patient_id)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def enter(request: StaffRequest, pk: int) -> HttpResponse:
    """Copy what a patient answered on paper or aloud."""
    patient = find_patient(request, pk)
    by_key = {one.key: one for one in offered(request.clinic)}
    definition = by_key.get(request.GET.get("measure", ""))
    if definition is None:
        return redirect("prescriptions:measures", patient.pk)
    return _enter(request, patient, definition)


@require_http_methods(["GET", "POST"])
@staff(Can.ASSESS)
def correct(request: StaffRequest, pk: int) -> HttpResponse:
    """Say anew what earlier answers say; the first are kept."""
    responses = MeasureResponse.objects.of(request.clinic).standing().with_answers()
    first = get_object_or_404(responses, pk=pk)
    patient = find_patient(request, first.patient_id)
    return _enter(request, patient, first.edition.definition, first=first)


def _enter(
    request: StaffRequest,
    patient: Patient,
    definition: Definition,
    *,
    first: MeasureResponse | None = None,
) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    today = patient.local_date(timezone.now())
    named = NamedActivity.objects.of_patient(patient).of_measure(definition.key)
    form = AnswersForm(
        data,
        definition=definition,
        activities=named.words() if definition.activity else [],
        is_for_staff=True,
        initial=_as_entered(first) if first else None,
    )
    day = EnteredOnForm(
        data,
        patient=patient,
        today=today,
        initial={"on": first.local_date} if first else None,
    )
    if data is not None and form.is_valid() and day.is_valid():
        try:
            measure_actions.enter(
                patient=patient,
                key=definition.key,
                said=form.said,
                on=day.cleaned_data["on"],
                client_uuid=form.cleaned_data["client_uuid"],
                by=request.user,
                at=timezone.now(),
                corrects=first,
            )
        except PatientArchived:
            messages.error(request, ARCHIVED)
        except (measure_actions.ResponseDiffers, measure_actions.AlreadyCorrected):
            messages.error(request, "This was stored already, with other answers. See below.")
        else:
            messages.success(request, "The answers are stored.")
        return redirect("prescriptions:measures", patient.pk)
    context: dict[str, Any] = {
        "form": form,
        "day": day,
        "definition": definition,
        "first": first,
    }
    return patient_page(request, patient, "prescriptions/measures_enter.html", **context)


def _as_entered(response: MeasureResponse) -> dict[str, Any]:
    """What stands in the fields when earlier answers are corrected."""
    filled: dict[str, Any] = {}
    answers = list(response.answers.all())
    for place, one in enumerate(one for one in answers if one.activity is not None):
        filled[f"r_{place}"] = "" if one.value is None else str(one.value)
    ticks = response.edition.definition.is_of_ticks
    for one in answers:
        if one.activity is not None:
            continue
        if ticks:
            filled[f"a_{one.item}"] = bool(one.value)
            filled[f"m_{one.item}"] = one.value is None
        else:
            filled[f"a_{one.item}"] = "" if one.value is None else str(one.value)
    if ticks and answers:
        filled["none"] = all(one.value == 0 for one in answers)
    return filled
