"""The questionnaires that a therapist asks: on the page Today when they are due, one page each."""

from collections.abc import Sequence
from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from patients import measure_actions
from patients.forms.measures import AnswersForm
from patients.measure_actions import Said
from patients.models import MeasureDraft, MeasurePlan, NamedActivity, Patient
from portal.access import PatientRequest, patient_only

KEEP, DECLINE = "keep", "decline"


def due_measures(patient: Patient, day: date) -> Sequence[MeasurePlan]:
    """What is asked on this day; costs nothing on days on which nothing can be due."""
    if patient.measures_due_on is None or day < patient.measures_due_on:
        return []
    plans = MeasurePlan.objects.of_patient(patient).open().with_editions().with_answered_days()
    return [plan for plan in plans.oldest_first() if plan.is_due_on(day)]


@require_http_methods(["GET", "POST"])
@patient_only
def measure(request: PatientRequest, pk: int) -> HttpResponse:
    """One measure: answer it, leave it and go on later, or rather not this time."""
    plans = MeasurePlan.objects.of_patient(request.patient).with_editions().with_answered_days()
    plan = get_object_or_404(plans, pk=pk)
    if request.method == "POST":
        return _sent(request, plan)
    if not plan.is_due_on(request.patient.local_date(timezone.now())):
        return _not_asked(request)
    draft = MeasureDraft.objects.of_patient(request.patient).of_plan(plan).first()
    form = _form(request, plan, initial=draft.said if draft else None)
    return _page(request, plan, form, is_gone_on_with=draft is not None)


def _sent(request: PatientRequest, plan: MeasurePlan) -> HttpResponse:
    form, now = _form(request, plan, is_sent=True), timezone.now()
    do = request.POST.get("do")
    if do == KEEP:
        measure_actions.keep(plan=plan, patient=request.patient, said=form.typed, at=now)
        messages.success(request, _("Kept. You can go on with it any time."))
        return redirect("portal:today")
    is_declined = do == DECLINE
    form_is_valid = form.is_valid()
    if "client_uuid" not in form.cleaned_data or not (is_declined or form_is_valid):
        return _page(request, plan, form)
    try:
        measure_actions.answer(
            plan=plan,
            patient=request.patient,
            said=Said(is_declined=True) if is_declined else form.said,
            client_uuid=form.cleaned_data["client_uuid"],
            at=now,
        )
    except (measure_actions.NotAsked, measure_actions.ResponseDiffers):
        return _not_asked(request)
    if is_declined:
        messages.info(request, _("That is fine. We do not ask again this time."))
    else:
        messages.success(request, _("Saved. Your therapist can see it."))
    return redirect("portal:today")


def _form(
    request: PatientRequest,
    plan: MeasurePlan,
    *,
    is_sent: bool = False,
    initial: dict[str, str] | None = None,
) -> AnswersForm:
    definition = plan.edition.definition
    named: list[str] = []
    if definition.activity:
        mine = NamedActivity.objects.of_patient(request.patient).of_measure(plan.key)
        named = mine.words()
    return AnswersForm(
        request.POST if is_sent else None,
        definition=definition,
        activities=named,
        initial=initial,
    )


def _page(
    request: PatientRequest,
    plan: MeasurePlan,
    form: AnswersForm,
    *,
    is_gone_on_with: bool = False,
) -> HttpResponse:
    definition = plan.edition.definition
    here = translation.get_language() or ""
    context = {
        "plan": plan,
        "definition": definition,
        "form": form,
        "is_gone_on_with": is_gone_on_with,
        "other_language": "" if definition.language == here else _(definition.language_in_words),
    }
    return render(request, "portal/measure.html", context)


def _not_asked(request: PatientRequest) -> HttpResponse:
    messages.info(request, _("You answered this already, or it is not asked any more."))
    return redirect("portal:today")
