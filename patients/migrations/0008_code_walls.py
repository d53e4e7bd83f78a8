from django.db import migrations

from clinics.walls import APP, open_table

# Whoever comes in says no clinic. Two functions look over the walls, for exactly what is asked,
# and answer with keys: which clinic has the code of this keyed hash, and which patients who ever
# had a way into the portal have this e-mail address. To see more, the clinic has to be entered.
OVER_THE_WALLS = migrations.RunSQL(
    f"""
    CREATE POLICY patients_patient_ways_in ON patients_patient
        FOR SELECT TO bearing_owner USING (true);
    CREATE POLICY patients_invitation_ways_in ON patients_invitation
        FOR SELECT TO bearing_owner USING (true);
    CREATE POLICY patients_device_ways_in ON patients_device
        FOR SELECT TO bearing_owner USING (true);

    CREATE INDEX patients_patient_by_email ON patients_patient (lower(email)) WHERE email <> '';

    CREATE FUNCTION bearing_clinic_of_code(wanted text) RETURNS bigint
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS 'SELECT clinic_id FROM patients_invitation WHERE code_hash = wanted';

    CREATE FUNCTION bearing_patients_of_email(wanted text)
        RETURNS TABLE (clinic_id bigint, patient_id bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS $$
            SELECT patient.clinic_id, patient.id FROM patients_patient AS patient
            WHERE lower(patient.email) = wanted AND wanted <> '' AND patient.email <> ''
                AND patient.archived_at IS NULL
                AND (EXISTS (SELECT FROM patients_invitation AS invitation
                        WHERE invitation.clinic_id = patient.clinic_id
                            AND invitation.patient_id = patient.id)
                    OR EXISTS (SELECT FROM patients_device AS device
                        WHERE device.clinic_id = patient.clinic_id
                            AND device.patient_id = patient.id))
            ORDER BY patient.clinic_id, patient.id
        $$;

    REVOKE ALL ON FUNCTION bearing_clinic_of_code(text), bearing_patients_of_email(text)
        FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION bearing_clinic_of_code(text), bearing_patients_of_email(text)
        TO {APP};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("patients", "0007_codes")]

    operations = [
        open_table("patients_mailedcode"),
        open_table("patients_tries"),
        OVER_THE_WALLS,
    ]
