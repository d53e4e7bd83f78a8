import uuid

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models


def keyed(model_name):
    """A key of its own for every row there is; a plain default would give all of them one."""
    return [
        migrations.AddField(
            model_name=model_name,
            name="client_uuid",
            field=models.UUIDField(default=uuid.uuid4, db_default=RandomUUID()),
        ),
        migrations.AlterField(
            model_name=model_name,
            name="client_uuid",
            field=models.UUIDField(default=uuid.uuid4),
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0004_thresholds"),
        ("patients", "0004_direction_walls"),
    ]

    operations = [
        *keyed("directiontest"),
        *keyed("safetyscreen"),
        migrations.AddConstraint(
            model_name="directiontest",
            constraint=models.UniqueConstraint(
                fields=("clinic", "episode", "client_uuid"), name="test_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="safetyscreen",
            constraint=models.UniqueConstraint(
                fields=("clinic", "episode", "client_uuid"), name="screen_once"
            ),
        ),
    ]
