from django.db import migrations

from clinics.walls import (
    PATIENT_NOW,
    PORTAL,
    append_only,
    clinic_table,
    portal_may,
    same_clinic,
)

OWN = f"patient_id = {PATIENT_NOW}"
PATIENT = ("patient_id",)
MESSAGE = "prescriptions_message"
READ = "prescriptions_messagesread"

# A patient reads what staff wrote, and writes in no name but their own.
NOT_IN_THE_NAME_OF_STAFF = migrations.RunSQL(
    f"""
    CREATE POLICY {MESSAGE}_own_name ON {MESSAGE} AS RESTRICTIVE FOR INSERT TO {PORTAL}
        WITH CHECK (written_by_id IS NULL);
    """,
    migrations.RunSQL.noop,
)
# The counts of what is unread are written with each message and each reading.
COUNTS = migrations.RunSQL(
    f"""
    GRANT SELECT (unread_by_staff, unread_by_patient, waiting_since),
        UPDATE (unread_by_staff, unread_by_patient, waiting_since)
        ON patients_patient TO {PORTAL};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0011_messages"), ("patients", "0010_unread")]

    operations = [
        clinic_table(MESSAGE, rights="SELECT, INSERT", key=PATIENT),
        clinic_table(READ, rights="SELECT, INSERT, UPDATE"),
        same_clinic(MESSAGE, "patient_id", "patients_patient"),
        same_clinic(MESSAGE, "log_id", "prescriptions_sessionlog", key=PATIENT),
        same_clinic(MESSAGE, "stretch_id", "prescriptions_prescribedexercise", key=PATIENT),
        same_clinic(READ, "up_to_id", MESSAGE, key=PATIENT),
        append_only(MESSAGE),
        portal_may(MESSAGE, "SELECT, INSERT", rows=OWN),
        NOT_IN_THE_NAME_OF_STAFF,
        portal_may(
            READ, "SELECT, INSERT, UPDATE (up_to_id, at)", rows=f"{OWN} AND reader_id IS NULL"
        ),
        COUNTS,
    ]
