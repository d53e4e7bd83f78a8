from django.db import migrations

from clinics.walls import APP


class Migration(migrations.Migration):
    """What was only asked for may be taken back; an erasure that is done stays frozen."""

    dependencies = [("patients", "0014_measures")]

    operations = [
        migrations.RunSQL(
            f"GRANT DELETE ON patients_erasure TO {APP}",
            f"REVOKE DELETE ON patients_erasure FROM {APP}",
        ),
    ]
