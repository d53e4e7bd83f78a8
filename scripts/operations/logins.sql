-- What `python -m config.database script` prints, but for the passwords; and a login for copies.
CREATE ROLE bearing_owner NOLOGIN INHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE bearing_migrator LOGIN INHERIT NOSUPERUSER BYPASSRLS CREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE bearing_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE bearing_portal LOGIN INHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
CREATE ROLE bearing_dump LOGIN INHERIT NOSUPERUSER BYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION;
GRANT bearing_owner TO bearing_migrator;
GRANT bearing_portal TO bearing_app;
ALTER ROLE bearing_migrator SET lock_timeout = '3s';
ALTER ROLE bearing_app SET statement_timeout = '15s';
ALTER ROLE bearing_app SET lock_timeout = '3s';
ALTER ROLE bearing_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE bearing_dump SET default_transaction_read_only = on;
CREATE DATABASE "bearing" OWNER bearing_owner TEMPLATE template0 ENCODING 'UTF8';
\connect "bearing"
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO bearing_owner, bearing_migrator;
GRANT USAGE ON SCHEMA public TO bearing_app, bearing_portal, bearing_dump;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT USAGE ON SEQUENCES TO bearing_app, bearing_portal;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT SELECT ON SEQUENCES TO bearing_dump;
ALTER DEFAULT PRIVILEGES FOR ROLE bearing_migrator IN SCHEMA public
    GRANT SELECT ON TABLES TO bearing_dump;
CREATE ROLE bearing_replica LOGIN REPLICATION;
