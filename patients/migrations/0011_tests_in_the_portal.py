from django.db import migrations

from clinics.walls import PATIENT_NOW, PORTAL, portal_may

OWN = f"patient_id = {PATIENT_NOW}"

# A patient reads which direction was confirmed and how it was tested: not what the therapist
# wrote beside it, nor what was computed and decided otherwise.
EPISODE = migrations.RunSQL(
    f"""
    GRANT SELECT (preferred_region, preferred_direction, unsettled_at)
        ON patients_episode TO {PORTAL};
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("patients", "0010_unread")]

    operations = [
        EPISODE,
        portal_may(
            "patients_directiontest",
            "SELECT (id, clinic_id, patient_id, episode_id, region, direction, light, at)",
            rows=OWN,
        ),
        portal_may(
            "patients_episodechange",
            "SELECT (id, clinic_id, patient_id, episode_id, what, at)",
            rows=f"{OWN} AND what = 'preference'",
        ),
    ]
