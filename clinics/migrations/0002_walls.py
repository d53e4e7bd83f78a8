from django.db import migrations

from clinics.walls import (
    APP,
    CLINIC_NOW,
    PATIENT_NOW,
    PORTAL,
    REFUSE_CHANGE,
    USER_NOW,
    append_only,
    clinic_table,
    open_table,
    portal_may,
)

# A clinic's own row has no clinic_id: its key is the clinic.
CLINIC_ITSELF = migrations.RunSQL(
    f"""
    ALTER TABLE clinics_clinic ENABLE ROW LEVEL SECURITY;
    ALTER TABLE clinics_clinic FORCE ROW LEVEL SECURITY;
    CREATE POLICY clinics_clinic_clinic ON clinics_clinic
        USING (id = {CLINIC_NOW}) WITH CHECK (id = {CLINIC_NOW});
    GRANT SELECT, INSERT, UPDATE ON clinics_clinic TO {APP};
    GRANT SELECT ON clinics_clinic TO {PORTAL};
    """,
    migrations.RunSQL.noop,
)
# Before a clinic is chosen, a person sees where they work and nothing else.
ONES_OWN_MEMBERSHIPS = migrations.RunSQL(
    f"""
    CREATE POLICY clinics_membership_mine ON clinics_membership FOR SELECT TO {APP}
        USING (user_id = {USER_NOW});
    CREATE POLICY clinics_clinic_mine ON clinics_clinic FOR SELECT TO {APP}
        USING (id IN (SELECT clinic_id FROM clinics_membership
                      WHERE user_id = {USER_NOW} AND ended_at IS NULL));
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0001_initial")]

    operations = [
        REFUSE_CHANGE,
        open_table("clinics_user", rights="SELECT, INSERT, UPDATE"),
        CLINIC_ITSELF,
        clinic_table("clinics_membership", rights="SELECT, INSERT, UPDATE"),
        ONES_OWN_MEMBERSHIPS,
        clinic_table("clinics_auditevent", rights="SELECT, INSERT"),
        append_only("clinics_auditevent"),
        portal_may(
            "clinics_auditevent", "SELECT (id), INSERT", rows=f"patient_id = {PATIENT_NOW}"
        ),
    ]
