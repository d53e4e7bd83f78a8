from django.db import migrations

from clinics.walls import APP

# Work that no person asks for, such as a look back each day, goes from clinic to clinic. It may
# learn which there are, as numbers; to see anything of one it has to enter it.
CLINIC_IDS = migrations.RunSQL(
    f"""
    CREATE POLICY clinics_clinic_ids ON clinics_clinic FOR SELECT TO bearing_owner USING (true);
    CREATE FUNCTION bearing_clinic_ids() RETURNS SETOF bigint
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
        AS 'SELECT id FROM clinics_clinic ORDER BY id';
    REVOKE ALL ON FUNCTION bearing_clinic_ids() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION bearing_clinic_ids() TO {APP};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0004_thresholds")]

    operations = [CLINIC_IDS]
