from django.apps import AppConfig


class PrescriptionsConfig(AppConfig):
    name = "prescriptions"

    def ready(self) -> None:
        from clinics.reads import pages
        from patients.models import MeasurePlan, MeasureResponse, Patient
        from patients.signals import facts_changed
        from prescriptions import receivers
        from prescriptions.models import (
            Absence,
            Alert,
            Pause,
            Prescription,
            PrescriptionEdition,
        )

        facts_changed.connect(receivers.check_again)

        programme, alert = "looked at the programme", "looked at an alert"
        desk = "edit picker line keep others findings discard edition log_in_clinic"
        pages("looked at the overview", Patient, "patient", *_named("snooze done bring_back"))
        pages(programme, Patient, *_named("of_patient start"))
        pages(programme, PrescriptionEdition, *_named(desk))
        pages(programme, Prescription, *_named("detail end"))
        pages("looked at the handout", PrescriptionEdition, *_named("handout"))
        pages("looked at the note for the file", PrescriptionEdition, *_named("note"))
        pages("looked at messages", Patient, *_named("messages answer mark_read"))
        pages("looked at the story so far", Patient, *_named("timeline"))
        pages("looked at the progress", Patient, *_named("progress"))
        asked = "looked at the outcome measures"
        pages(asked, Patient, *_named("measures ask_measure enter_measure"))
        pages(asked, MeasurePlan, *_named("stop_measure"))
        pages(asked, MeasureResponse, *_named("correct_measure"))
        evidence = "monitoring monitoring_pdf monitoring_csv record_consent record_setup"
        evidence += " record_time record_contact"
        pages("looked at the records of monitoring", Patient, *_named(evidence))
        timer = "timer start_timer stop_timer keep_timer"
        pages("looked at the timer of monitoring", Patient, *_named(timer))
        pages("looked at the note for the file", Patient, *_named("progress_note"))
        pages("looked at the progress", Patient, *_named("progress_report progress_numbers"))
        pages("looked at the days away", Patient, *_named("absences add_absence"))
        pages("looked at the days away", Absence, *_named("correct_absence withdraw_absence"))
        pages("looked at the record", Patient, *_named("give_record"))
        pages(alert, Alert, *_named("alert open_alert close_alert"))
        pages(alert, Pause, *_named("lift"))
        pages("read the patient over the API", Patient, "api:patient")
        pages("read programmes over the API", Patient, "api:programmes")
        pages("read logs over the API", Patient, "api:logs")
        pages("read the list of patients over the API", None, "api:patients")
        pages("looked at who needs somebody today", None, "home")
        pages("looked at the list of patients", None, "patients", *_named("for_whom"))
        pages("looked at the list of alerts", None, *_named("alerts"))
        pages("looked at the list of messages", None, *_named("unread"))


def _named(names: str) -> list[str]:
    return [f"prescriptions:{name}" for name in names.split()]
