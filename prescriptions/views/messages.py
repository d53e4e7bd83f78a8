"""Messages of patients, as staff read and answer them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from clinics.access import Can, StaffRequest, may, staff
from patients.actions import PatientArchived
from patients.models import Patient
from patients.views.page import find_patient, patient_page
from prescriptions import messaging
from prescriptions.message_forms import MessageForm, seen_up_to

PATIENTS_PER_PAGE = 50


@require_safe
@staff(Can.VIEW)
def unread(request: StaffRequest) -> HttpResponse:
    """Patients whose messages nobody has read, those who have waited longest first."""
    waiting = Patient.objects.of(request.clinic).active().longest_waiting_first()
    page = Paginator(waiting, PATIENTS_PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "prescriptions/messages_unread.html", {"page": page})


@require_safe
@staff(Can.VIEW)
def thread(request: StaffRequest, pk: int) -> HttpResponse:
    """What was written; looking at it does not mark it as read."""
    return _thread(request, find_patient(request, pk))


@require_POST
@staff(Can.ANSWER)
def answer(request: StaffRequest, pk: int) -> HttpResponse:
    """Write to the patient; what stood on the page has been read then."""
    patient, now = find_patient(request, pk), timezone.now()
    form = MessageForm(request.POST)
    if not form.is_valid():
        return _thread(request, patient, form)
    try:
        messaging.write(
            patient=patient,
            about=_about(request, patient),
            at=now,
            by=request.user,
            **form.cleaned_data,
        )
    except PatientArchived:
        messages.error(request, "This patient is archived. Your message was not stored.")
    except messaging.MessagesOff:
        messages.error(request, "Messages are switched off. Your message was not stored.")
    else:
        messaging.mark_read(
            patient=patient, up_to=seen_up_to(request.POST), at=now, by=request.user
        )
        messages.success(request, "The message is on its way. The patient finds it in the portal.")
    return redirect("prescriptions:messages", patient.pk)


@require_POST
@staff(Can.ANSWER)
def mark_read(request: StaffRequest, pk: int) -> HttpResponse:
    """Take the patient off the list of those who wait, without an answer."""
    patient = find_patient(request, pk)
    messaging.mark_read(
        patient=patient, up_to=seen_up_to(request.POST), at=timezone.now(), by=request.user
    )
    messages.success(request, "Marked as read.")
    return redirect("prescriptions:messages", patient.pk)


def _about(request: StaffRequest, patient: Patient) -> messaging.Subject | None:
    """What the address says the message is about; 404 for what is not this patient's."""
    named = request.GET.get("about", "")
    found = messaging.subject(patient, named)
    if named and found is None:
        raise Http404
    return found


def _thread(
    request: StaffRequest, patient: Patient, form: MessageForm | None = None
) -> HttpResponse:
    readers = messaging.readers(patient)
    return patient_page(
        request,
        patient,
        "prescriptions/messages.html",
        thread=messaging.thread(patient, before=request.GET.get("before")),
        about=_about(request, patient),
        form=form or MessageForm(),
        may_answer=may(request, Can.ANSWER),
        staff_readers=[row for row in readers if row.reader],
        read_by_patient=next((row for row in readers if not row.reader), None),
    )
