from django.db import migrations

from clinics.walls import PATIENT_NOW, PORTAL, clinic_table, open_table, portal_may, same_clinic

OWN = f"patient_id = {PATIENT_NOW}"
PATIENT = ("patient_id",)
PLAN = "prescriptions_reminderplan"
SUBSCRIPTION = "prescriptions_pushsubscription"
ADDRESS = "prescriptions_calendaraddress"
REMINDER = "prescriptions_reminder"

# Devices have children now: their key carries the patient.
DEVICE_KEY = migrations.RunSQL(
    "ALTER TABLE patients_device"
    " ADD CONSTRAINT patients_device_patient_key UNIQUE (clinic_id, patient_id, id)",
    migrations.RunSQL.noop,
)
# Patients choose whether they get mail, so they may see where it goes.
OWN_EMAIL = migrations.RunSQL(
    f"GRANT SELECT (email) ON patients_patient TO {PORTAL}", migrations.RunSQL.noop
)


class Migration(migrations.Migration):
    dependencies = [
        ("prescriptions", "0009_reminders"),
        ("patients", "0005_once"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]

    operations = [
        DEVICE_KEY,
        OWN_EMAIL,
        clinic_table(PLAN, rights="SELECT, INSERT, UPDATE"),
        clinic_table(SUBSCRIPTION, rights="SELECT, INSERT, UPDATE", key=PATIENT),
        clinic_table(ADDRESS, rights="SELECT, INSERT, UPDATE"),
        clinic_table(REMINDER, rights="SELECT, INSERT, UPDATE"),
        same_clinic(PLAN, "patient_id", "patients_patient"),
        same_clinic(SUBSCRIPTION, "patient_id", "patients_patient"),
        same_clinic(SUBSCRIPTION, "device_id", "patients_device", key=PATIENT),
        same_clinic(ADDRESS, "patient_id", "patients_patient"),
        same_clinic(REMINDER, "patient_id", "patients_patient"),
        same_clinic(REMINDER, "subscription_id", SUBSCRIPTION, key=PATIENT),
        portal_may(PLAN, "SELECT, INSERT, UPDATE", rows=OWN),
        portal_may(SUBSCRIPTION, "SELECT, INSERT, UPDATE (ended_at)", rows=OWN),
        portal_may(ADDRESS, "SELECT, INSERT, UPDATE (revoked_at)", rows=OWN),
        portal_may(
            REMINDER,
            "SELECT (id, clinic_id, patient_id, subscription_id, way, state, due_at)",
            rows=OWN,
        ),
        # The queue of the worker belongs to no clinic: its jobs hold numbers of clinics, no more.
        open_table("procrastinate_jobs"),
        open_table("procrastinate_events", rights="SELECT, INSERT"),
        open_table("procrastinate_periodic_defers"),
        open_table("procrastinate_workers"),
    ]
