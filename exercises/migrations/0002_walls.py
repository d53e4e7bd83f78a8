from django.db import migrations

from clinics.walls import frozen_when, frozen_with, reachable, shared_or_clinic_table


class Migration(migrations.Migration):
    dependencies = [("exercises", "0001_initial"), ("clinics", "0002_walls")]

    operations = [
        shared_or_clinic_table("exercises_exercise"),
        shared_or_clinic_table("exercises_exerciseedition"),
        shared_or_clinic_table("exercises_load"),
        reachable("exercises_exercise", "copied_from_id", "exercises_exercise"),
        reachable(
            "exercises_exercise", "current_id", "exercises_exerciseedition", exactly=True
        ),
        reachable(
            "exercises_exerciseedition", "exercise_id", "exercises_exercise", exactly=True
        ),
        reachable("exercises_exerciseedition", "companion_id", "exercises_exercise"),
        reachable("exercises_load", "edition_id", "exercises_exerciseedition", exactly=True),
        frozen_when("exercises_exerciseedition", "OLD.published_at IS NOT NULL"),
        frozen_with(
            "exercises_load",
            "edition_id",
            "exercises_exerciseedition",
            "parent.published_at IS NOT NULL",
        ),
    ]
