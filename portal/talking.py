"""The patient writes to the clinic and reads its answers."""

from django.contrib import messages as notices
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from patients.actions import PatientArchived
from patients.models import RaisedFlag
from portal.access import PatientRequest, patient_only
from prescriptions import messaging
from prescriptions.message_forms import MessageForm, seen_up_to


@require_http_methods(["GET", "POST"])
@patient_only
def messages(request: PatientRequest) -> HttpResponse:
    """What was written and a form to write more; looking at it does not mark it as read.

    While an emergency is open nobody is asked to write: the page says to call.
    """
    named = request.GET.get("about", "")
    about = messaging.subject(request.patient, named)
    if named and about is None:
        raise Http404
    is_emergency = RaisedFlag.objects.of_patient(request.patient).is_emergency_open()
    form = MessageForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not is_emergency:
        return _written(request, form, about)
    context = {
        "thread": messaging.thread(request.patient, before=request.GET.get("before")),
        "about": about,
        "form": form,
        "is_emergency": is_emergency,
        "answer_time": _answer_time(request),
    }
    return render(request, "portal/messages.html", context)


@require_POST
@patient_only
def mark_read(request: PatientRequest) -> HttpResponse:
    """Note how far the patient has read."""
    _note_read(request)
    return redirect("portal:messages")


def _written(
    request: PatientRequest, form: MessageForm, about: messaging.Subject | None
) -> HttpResponse:
    """Store a message; what stood on the page has been read then."""
    try:
        messaging.write(
            patient=request.patient,
            about=about,
            at=timezone.now(),
            by=request.patient,
            **form.cleaned_data,
        )
    except (PatientArchived, messaging.MessagesOff):
        notices.error(request, _("Your message was not sent."))
    else:
        _note_read(request)
        notices.success(request, f"{_('Sent.')} {_answer_time(request)}")
    return redirect(f"{reverse('portal:messages')}#newest")


def _note_read(request: PatientRequest) -> None:
    messaging.mark_read(
        patient=request.patient,
        up_to=seen_up_to(request.POST),
        at=timezone.now(),
        by=request.patient,
    )


def _answer_time(request: PatientRequest) -> str:
    """When to expect an answer, in words."""
    days = request.clinic.thresholds.answers_within_days
    return ngettext(
        "Your therapist or a colleague writes back in %(days)d working day.",
        "Your therapist or a colleague writes back in %(days)d working days.",
        days,
    ) % {"days": days}
