from django.db import migrations

# The lines of a published programme let go of one patient's, like all that is kept.
LETS_GO = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION prescriptions_prescribedexercise_frozen() RETURNS trigger
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_user = 'bearing_owner'
            AND OLD.patient_id::text = NULLIF(current_setting('app.erasing', true), '') THEN
            RETURN OLD;
        END IF;
        IF EXISTS (SELECT FROM prescriptions_prescriptionedition AS parent WHERE parent.id IN (
                CASE WHEN TG_OP <> 'INSERT' THEN OLD.edition_id END,
                CASE WHEN TG_OP <> 'DELETE' THEN NEW.edition_id END)
            AND parent.published_at IS NOT NULL) THEN
            RAISE EXCEPTION '% belongs to something published and cannot be changed',
                TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
                CONSTRAINT = 'prescriptions_prescribedexercise_frozen';
        END IF;
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END $$;
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0013_log_in_clinic"), ("patients", "0012_erasure")]

    operations = [LETS_GO]
