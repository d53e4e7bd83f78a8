from django.db import migrations

from clinics.walls import PORTAL, append_only, clinic_table, reachable, shared_or_clinic_table

# A phone learns which texts are signed, not by whom.
WHAT_IS_SIGNED = migrations.RunSQL(
    f"""
    GRANT SELECT (id, clinic_id, translation_id) ON exercises_translationreview TO {PORTAL};
    GRANT SELECT (id, clinic_id, slug, language, fingerprint)
        ON exercises_educationreview TO {PORTAL};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("exercises", "0003_translations"), ("clinics", "0002_walls")]

    operations = [
        shared_or_clinic_table("exercises_exercisetranslation"),
        reachable(
            "exercises_exercisetranslation",
            "edition_id",
            "exercises_exerciseedition",
            exactly=True,
        ),
        append_only("exercises_exercisetranslation"),
        clinic_table("exercises_translationreview", rights="SELECT, INSERT"),
        reachable(
            "exercises_translationreview", "translation_id", "exercises_exercisetranslation"
        ),
        append_only("exercises_translationreview"),
        clinic_table("exercises_educationreview", rights="SELECT, INSERT"),
        append_only("exercises_educationreview"),
        WHAT_IS_SIGNED,
    ]
