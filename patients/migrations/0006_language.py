from django.db import migrations, models
from django.db.migrations.operations import RunSQL

from clinics.walls import PORTAL


class Migration(migrations.Migration):
    dependencies = [("patients", "0005_once")]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("es", "Español"), ("ar", "العربية")],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="patient",
            constraint=models.CheckConstraint(
                condition=models.Q(("language__in", ["", "en", "es", "ar"])),
                name="patient_language",
            ),
        ),
        # The patient chooses it in the portal.
        RunSQL(
            f"GRANT SELECT (language), UPDATE (language) ON patients_patient TO {PORTAL}",
            RunSQL.noop,
        ),
    ]
