from django.db import migrations

from clinics.walls import open_table

# What `createcachetable` would make, but with its rights: Django's cache, shared by all processes.
CACHE_TABLE = migrations.RunSQL(
    """
    CREATE TABLE bearing_cache (
        cache_key varchar(255) PRIMARY KEY,
        value text NOT NULL,
        expires timestamptz NOT NULL
    );
    CREATE INDEX bearing_cache_expires ON bearing_cache (expires);
    """,
    "DROP TABLE bearing_cache",
)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0002_walls")]

    operations = [CACHE_TABLE, open_table("bearing_cache")]
