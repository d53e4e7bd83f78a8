from django.db import migrations

from clinics.walls import PATIENT_NOW, append_only, clinic_table, portal_may, same_clinic

OWN = f"patient_id = {PATIENT_NOW}"


class Migration(migrations.Migration):
    dependencies = [("patients", "0001_initial"), ("clinics", "0002_walls")]

    operations = [
        clinic_table("patients_patient", rights="SELECT, INSERT, UPDATE"),
        clinic_table("patients_note", rights="SELECT, INSERT"),
        clinic_table("patients_invitation", rights="SELECT, INSERT, UPDATE"),
        clinic_table("patients_device", rights="SELECT, INSERT, UPDATE"),
        append_only("patients_note"),
        # Only somebody who works or worked here can be in charge.
        same_clinic(
            "patients_patient", "therapist_id", "clinics_membership", parent_column="user_id"
        ),
        same_clinic("patients_note", "patient_id", "patients_patient"),
        same_clinic("patients_invitation", "patient_id", "patients_patient"),
        same_clinic("patients_device", "patient_id", "patients_patient"),
        portal_may(
            "patients_patient",
            "SELECT (id, clinic_id, name, time_zone, archived_at, last_logged_at),"
            " UPDATE (last_logged_at)",
            rows=f"id = {PATIENT_NOW}",
        ),
        portal_may("patients_device", "SELECT, UPDATE (last_seen_at, revoked_at)", rows=OWN),
    ]
