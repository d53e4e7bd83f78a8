from django.db import migrations

from clinics.walls import clinic_table, reachable, same_clinic

TEMPLATE = "prescriptions_programmetemplate"
LINE = "prescriptions_templateline"


class Migration(migrations.Migration):
    dependencies = [("prescriptions", "0006_templates"), ("exercises", "0002_walls")]

    operations = [
        clinic_table(TEMPLATE, rights="SELECT, INSERT, UPDATE"),
        clinic_table(LINE, rights="SELECT, INSERT"),
        same_clinic(LINE, "template_id", TEMPLATE),
        reachable(LINE, "exercise_id", "exercises_exercise"),
    ]
