#!/bin/bash
# Run by the image of PostgreSQL as its superuser, once, before the first start of an empty server.
# The logins and the database are those that `python -m config.database script` prints: logins.sql
# is that print, and a test compares the two.
set -euo pipefail
folder=${OPERATIONS:-/operations}

psql=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres)
"${psql[@]}" --file "$folder/logins.sql"
for login in app migrator dump replica; do
    variable=${login^^}_PASSWORD
    # Read from the environment by psql itself: no password is on a command line.
    "${psql[@]}" <<SQL
\getenv password $variable
SET log_statement = 'none';
ALTER ROLE bearing_$login PASSWORD :'password';
SQL
done
if [ -n "${PGDATA:-}" ]; then
    echo "host replication bearing_replica all scram-sha-256" >> "$PGDATA/pg_hba.conf"
fi
