from django.db import migrations

from clinics.walls import (
    PATIENT_NOW,
    append_only,
    clinic_table,
    frozen_when,
    frozen_with,
    portal_may,
    reachable,
    same_clinic,
)

OWN = f"patient_id = {PATIENT_NOW}"
PATIENT = ("patient_id",)


class Migration(migrations.Migration):
    dependencies = [
        ("prescriptions", "0001_initial"),
        ("patients", "0002_walls"),
        ("exercises", "0002_walls"),
    ]

    operations = [
        clinic_table(
            "prescriptions_prescription", rights="SELECT, INSERT, UPDATE", key=PATIENT
        ),
        clinic_table("prescriptions_prescriptionedition", key=PATIENT),
        clinic_table("prescriptions_prescribedexercise", key=PATIENT),
        clinic_table("prescriptions_sessionlog", rights="SELECT, INSERT", key=PATIENT),
        clinic_table("prescriptions_sessionentry", rights="SELECT, INSERT"),
        # A child belongs to the patient of its parent, not only to the clinic.
        same_clinic("prescriptions_prescription", "patient_id", "patients_patient"),
        same_clinic(
            "prescriptions_prescriptionedition",
            "prescription_id",
            "prescriptions_prescription",
            key=PATIENT,
        ),
        same_clinic(
            "prescriptions_prescribedexercise",
            "edition_id",
            "prescriptions_prescriptionedition",
            key=PATIENT,
        ),
        same_clinic(
            "prescriptions_sessionlog",
            "edition_id",
            "prescriptions_prescriptionedition",
            key=PATIENT,
        ),
        same_clinic(
            "prescriptions_sessionentry", "log_id", "prescriptions_sessionlog", key=PATIENT
        ),
        same_clinic(
            "prescriptions_sessionentry",
            "prescribed_exercise_id",
            "prescriptions_prescribedexercise",
            key=PATIENT,
        ),
        reachable(
            "prescriptions_prescribedexercise",
            "exercise_edition_id",
            "exercises_exerciseedition",
        ),
        frozen_when("prescriptions_prescriptionedition", "OLD.published_at IS NOT NULL"),
        frozen_with(
            "prescriptions_prescribedexercise",
            "edition_id",
            "prescriptions_prescriptionedition",
            "parent.published_at IS NOT NULL",
        ),
        append_only("prescriptions_sessionlog"),
        append_only("prescriptions_sessionentry"),
        portal_may("prescriptions_prescription", "SELECT", rows=OWN),
        # A draft is the therapist's desk, not the patient's.
        portal_may(
            "prescriptions_prescriptionedition",
            "SELECT",
            rows=f"{OWN} AND published_at IS NOT NULL",
        ),
        portal_may(
            "prescriptions_prescribedexercise",
            "SELECT",
            rows=f"{OWN} AND edition_id IN (SELECT id FROM prescriptions_prescriptionedition)",
        ),
        portal_may("prescriptions_sessionlog", "SELECT, INSERT", rows=OWN),
        portal_may("prescriptions_sessionentry", "SELECT, INSERT", rows=OWN),
    ]
