from django.db import migrations

from clinics.walls import PATIENT_NOW, append_only, clinic_table, portal_may, same_clinic

OWN = f"patient_id = {PATIENT_NOW}"
PATIENT = ("patient_id",)


class Migration(migrations.Migration):
    dependencies = [("patients", "0003_direction")]

    operations = [
        clinic_table("patients_episode", rights="SELECT, INSERT, UPDATE", key=PATIENT),
        clinic_table("patients_episodechange", rights="SELECT, INSERT"),
        clinic_table("patients_safetyscreen", rights="SELECT, INSERT"),
        clinic_table("patients_raisedflag", rights="SELECT, INSERT", key=PATIENT),
        clinic_table("patients_clearance", rights="SELECT, INSERT"),
        clinic_table("patients_conditiononfile", rights="SELECT, INSERT, UPDATE"),
        clinic_table("patients_directiontest", rights="SELECT, INSERT"),
        same_clinic("patients_episode", "patient_id", "patients_patient"),
        same_clinic("patients_raisedflag", "patient_id", "patients_patient"),
        same_clinic("patients_conditiononfile", "patient_id", "patients_patient"),
        same_clinic("patients_episodechange", "episode_id", "patients_episode", key=PATIENT),
        same_clinic("patients_safetyscreen", "episode_id", "patients_episode", key=PATIENT),
        same_clinic("patients_directiontest", "episode_id", "patients_episode", key=PATIENT),
        same_clinic("patients_clearance", "flag_id", "patients_raisedflag", key=PATIENT),
        append_only("patients_episodechange"),
        append_only("patients_safetyscreen"),
        append_only("patients_raisedflag"),
        append_only("patients_clearance"),
        append_only("patients_directiontest"),
        # A patient raises flags and learns whether one is open; the rest is the therapist's.
        portal_may("patients_raisedflag", "SELECT, INSERT", rows=OWN),
        portal_may(
            "patients_episode",
            "SELECT (id, clinic_id, patient_id, closed_at, zones_now), UPDATE (zones_now)",
            rows=OWN,
        ),
        portal_may("patients_clearance", "SELECT (id, clinic_id, patient_id, flag_id)", rows=OWN),
    ]
