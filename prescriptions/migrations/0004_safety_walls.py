from django.db import migrations

from clinics.walls import (
    PATIENT_NOW,
    append_only,
    clinic_table,
    portal_may,
    reachable,
    same_clinic,
)

OWN = f"patient_id = {PATIENT_NOW}"
PATIENT = ("patient_id",)
EDITION = "prescriptions_prescriptionedition"
LINE = "prescriptions_prescribedexercise"
ENTRY = "prescriptions_sessionentry"

# Entries have children now: their key carries the patient.
ENTRY_KEY = migrations.RunSQL(
    f"ALTER TABLE {ENTRY} ADD CONSTRAINT {ENTRY}_patient_key UNIQUE (clinic_id, patient_id, id)",
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0003_safety"), ("patients", "0004_direction_walls")]

    operations = [
        ENTRY_KEY,
        clinic_table("prescriptions_followup", rights="SELECT, INSERT", key=PATIENT),
        clinic_table("prescriptions_followupanswer", rights="SELECT, INSERT"),
        clinic_table("prescriptions_entryresponse", rights="SELECT, INSERT"),
        clinic_table("prescriptions_keptfinding", rights="SELECT, INSERT"),
        clinic_table("prescriptions_override", rights="SELECT, INSERT"),
        clinic_table("prescriptions_pause", rights="SELECT, INSERT, UPDATE"),
        clinic_table("prescriptions_alert", rights="SELECT, INSERT, UPDATE"),
        same_clinic(
            "prescriptions_sessionlog", "corrects_id", "prescriptions_sessionlog", key=PATIENT
        ),
        same_clinic("prescriptions_followup", "entry_id", ENTRY, key=PATIENT),
        same_clinic(
            "prescriptions_followupanswer", "follow_up_id", "prescriptions_followup", key=PATIENT
        ),
        same_clinic("prescriptions_entryresponse", "entry_id", ENTRY, key=PATIENT),
        same_clinic("prescriptions_keptfinding", "edition_id", EDITION, key=PATIENT),
        same_clinic("prescriptions_keptfinding", "prescribed_exercise_id", LINE, key=PATIENT),
        same_clinic("prescriptions_override", "edition_id", EDITION, key=PATIENT),
        same_clinic("prescriptions_override", "prescribed_exercise_id", LINE, key=PATIENT),
        same_clinic("prescriptions_pause", "entry_id", ENTRY, key=PATIENT),
        reachable("prescriptions_pause", "exercise_id", "exercises_exercise"),
        same_clinic("prescriptions_alert", "patient_id", "patients_patient"),
        same_clinic("prescriptions_alert", "entry_id", ENTRY, key=PATIENT),
        append_only("prescriptions_followup"),
        append_only("prescriptions_followupanswer"),
        append_only("prescriptions_entryresponse"),
        append_only("prescriptions_keptfinding"),
        append_only("prescriptions_override"),
        portal_may("prescriptions_followup", "SELECT, INSERT", rows=OWN),
        portal_may("prescriptions_followupanswer", "SELECT, INSERT", rows=OWN),
        portal_may("prescriptions_entryresponse", "SELECT, INSERT", rows=OWN),
        portal_may("prescriptions_pause", "SELECT, INSERT", rows=OWN),
        # A log raises an alert; reading what staff made of it is not the patient's.
        portal_may(
            "prescriptions_alert",
            "SELECT (id, clinic_id, patient_id, about, closed_at, entry_id, tier), INSERT,"
            " UPDATE (withdrawn_because)",
            rows=OWN,
        ),
    ]
