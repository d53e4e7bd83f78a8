from django.db import migrations

from clinics.walls import APP, ERASING, PORTAL, clinic_table, open_table

# What an erasure leaves of a line: what stays empty then is in the chain by its digest only, and
# without the salt nobody can find out what it was by trying.
TEXTS = migrations.RunSQL(
    f"""
    CREATE FUNCTION bearing_emptied_audit(event clinics_auditevent) RETURNS clinics_auditevent
        LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
    BEGIN
        event.salt := '';
        event.detail := '{{"erased": true}}';
        IF event.actor_kind = 'patient' THEN
            event.actor_name := '(erased)';
            event.address := '';
            event.browser := '';
        END IF;
        RETURN event;
    END $$;
    CREATE FUNCTION bearing_audit_digest(event clinics_auditevent) RETURNS text
        LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
        SELECT encode(sha256(convert_to(CASE WHEN event.actor_kind = 'patient'
            THEN jsonb_build_array(event.salt, event.detail, event.actor_name, event.address,
                event.browser)
            ELSE jsonb_build_array(event.salt, event.detail) END::text, 'UTF8')), 'hex')
    $$;
    CREATE FUNCTION bearing_seal_audit() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        NEW.salt := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
        NEW.digest := bearing_audit_digest(NEW);
        RETURN NEW;
    END $$;
    REVOKE ALL ON FUNCTION bearing_emptied_audit, bearing_audit_digest, bearing_seal_audit
        FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION bearing_emptied_audit, bearing_audit_digest TO {APP};
    CREATE TRIGGER clinics_auditevent_sealed BEFORE INSERT ON clinics_auditevent
        FOR EACH ROW EXECUTE FUNCTION bearing_seal_audit();
    ALTER TABLE clinics_auditevent DISABLE TRIGGER clinics_auditevent_append_only;
    UPDATE clinics_auditevent AS event
        SET salt = replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    UPDATE clinics_auditevent AS event SET digest = bearing_audit_digest(event);
    """,
    migrations.RunSQL.noop,
)
# What a link stands for: its place, the link before and every column of the event as it is after
# an erasure too, each written in one way only. A moment is a number of seconds here, so that no
# setting of a session counts.
HASH = migrations.RunSQL(
    f"""
    CREATE FUNCTION bearing_audit_hash(seq bigint, previous text, event clinics_auditevent)
        RETURNS text LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
        SELECT encode(sha256(convert_to(jsonb_build_array(
            seq, previous, kept.id, kept.clinic_id, extract(epoch FROM kept.at), kept.kind,
            kept.actor_kind, kept.actor_id, kept.actor_name, kept.role, kept.address,
            kept.browser, kept.verb, kept.target, kept.target_id, kept.patient_id,
            kept.digest)::text, 'UTF8')), 'hex')
        FROM bearing_emptied_audit(event) AS kept
    $$;
    REVOKE ALL ON FUNCTION bearing_audit_hash FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION bearing_audit_hash TO {APP};
    """,
    migrations.RunSQL.noop,
)
# Who holds the head gives out the next place: the number is taken under the lock, never before.
APPEND = migrations.RunSQL(
    """
    CREATE FUNCTION bearing_append_audit(event clinics_auditevent) RETURNS void
        LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
    DECLARE
        head clinics_audithead;
        next_hash text;
    BEGIN
        SELECT * INTO head FROM clinics_audithead WHERE clinic_id = event.clinic_id FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO clinics_audithead (clinic_id, seq, hash) VALUES (event.clinic_id, 0, '')
                ON CONFLICT (clinic_id) DO NOTHING;
            SELECT * INTO STRICT head FROM clinics_audithead
                WHERE clinic_id = event.clinic_id FOR UPDATE;
        END IF;
        next_hash := bearing_audit_hash(head.seq + 1, head.hash, event);
        INSERT INTO clinics_auditlink (clinic_id, seq, event_id, previous, hash)
            VALUES (event.clinic_id, head.seq + 1, event.id, head.hash, next_hash);
        UPDATE clinics_audithead SET seq = head.seq + 1, hash = next_hash WHERE id = head.id;
    END $$;
    REVOKE ALL ON FUNCTION bearing_append_audit FROM PUBLIC;
    """,
    migrations.RunSQL.noop,
)
# The chain is the database's own: the web reads it and writes none of it.
WALLS = [
    clinic_table("clinics_auditlink", rights="SELECT"),
    clinic_table("clinics_audithead", rights="SELECT"),
    open_table("clinics_failedsignin", rights="SELECT (id), INSERT"),
    migrations.RunSQL(
        f"""
        CREATE POLICY clinics_auditlink_chain ON clinics_auditlink TO bearing_owner
            USING (true) WITH CHECK (true);
        CREATE POLICY clinics_audithead_chain ON clinics_audithead TO bearing_owner
            USING (true) WITH CHECK (true);
        CREATE POLICY clinics_auditevent_chain ON clinics_auditevent FOR SELECT TO bearing_owner
            USING (true);
        -- Who looked at one's own record; the policy of the first walls shows no other lines.
        GRANT SELECT (clinic_id, at, kind, actor_kind, actor_id, actor_name, role, verb, target,
            target_id, patient_id) ON clinics_auditevent TO {PORTAL};
        """,
        migrations.RunSQL.noop,
    ),
]
# Deferred to the commit: the head is the last lock that a transaction takes, so two of them that
# change the same rows in another order cannot wait for each other here.
CHAIN = migrations.RunSQL(
    """
    CREATE FUNCTION bearing_chain_audit() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        PERFORM bearing_append_audit(NEW);
        RETURN NULL;
    END $$;
    REVOKE ALL ON FUNCTION bearing_chain_audit FROM PUBLIC;
    CREATE CONSTRAINT TRIGGER clinics_auditevent_chain AFTER INSERT ON clinics_auditevent
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bearing_chain_audit();
    """,
    migrations.RunSQL.noop,
)
# What is older than the clinic's years may go, by somebody with the right to delete; nothing else.
# What a line says may be changed in one way: it is emptied, by the erasure of its patient.
KEEP = migrations.RunSQL(
    f"""
    CREATE FUNCTION bearing_keep_audit() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF OLD.at < now() - make_interval(years => (
                SELECT audit_years FROM clinics_clinic WHERE id = OLD.clinic_id)) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a row of % is kept: it cannot be changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
    END $$;
    CREATE FUNCTION bearing_keep_audit_text() RETURNS trigger LANGUAGE plpgsql
        SET search_path = public, pg_temp AS $$
    BEGIN
        IF {ERASING} AND NEW IS NOT DISTINCT FROM bearing_emptied_audit(OLD) THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'a row of % is kept: it cannot be changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
    END $$;
    CREATE FUNCTION bearing_keep_audit_link() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND NOT EXISTS (
                SELECT FROM clinics_auditevent WHERE id = OLD.event_id) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'a row of % is kept: it cannot be changed or deleted', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME;
    END $$;
    REVOKE ALL ON FUNCTION bearing_keep_audit, bearing_keep_audit_text, bearing_keep_audit_link
        FROM PUBLIC;
    DROP TRIGGER clinics_auditevent_append_only ON clinics_auditevent;
    CREATE TRIGGER clinics_auditevent_append_only BEFORE DELETE ON clinics_auditevent
        FOR EACH ROW EXECUTE FUNCTION bearing_keep_audit();
    CREATE TRIGGER clinics_auditevent_unchanged BEFORE UPDATE ON clinics_auditevent
        FOR EACH ROW EXECUTE FUNCTION bearing_keep_audit_text();
    CREATE TRIGGER clinics_auditlink_append_only BEFORE UPDATE OR DELETE ON clinics_auditlink
        FOR EACH ROW EXECUTE FUNCTION bearing_keep_audit_link();
    CREATE TRIGGER clinics_auditevent_no_truncate BEFORE TRUNCATE ON clinics_auditevent
        FOR EACH STATEMENT EXECUTE FUNCTION bearing_refuse_change();
    CREATE TRIGGER clinics_auditlink_no_truncate BEFORE TRUNCATE ON clinics_auditlink
        FOR EACH STATEMENT EXECUTE FUNCTION bearing_refuse_change();
    """,
    migrations.RunSQL.noop,
)
# Creating the trigger has shut writers out until this commits: no line slips in between.
WHAT_STANDS_ALREADY = migrations.RunSQL(
    """
    DO $$
    DECLARE
        here bigint;
        event clinics_auditevent;
        place bigint;
        last_hash text;
        next_hash text;
    BEGIN
        FOR here IN SELECT DISTINCT clinic_id FROM clinics_auditevent ORDER BY 1 LOOP
            place := 0;
            last_hash := '';
            FOR event IN SELECT * FROM clinics_auditevent WHERE clinic_id = here ORDER BY id LOOP
                place := place + 1;
                next_hash := bearing_audit_hash(place, last_hash, event);
                INSERT INTO clinics_auditlink (clinic_id, seq, event_id, previous, hash)
                    VALUES (here, place, event.id, last_hash, next_hash);
                last_hash := next_hash;
            END LOOP;
            INSERT INTO clinics_audithead (clinic_id, seq, hash) VALUES (here, place, last_hash);
        END LOOP;
    END $$;
    """,
    migrations.RunSQL.noop,
)


# For the code of before, as long as it runs beside this one. Not in the model: what has a default
# of the database's is read back after an insert, and a patient's request may not read where from.
DEFAULTS = migrations.RunSQL(
    """
    ALTER TABLE clinics_auditevent ALTER kind SET DEFAULT 'act', ALTER role SET DEFAULT '',
        ALTER address SET DEFAULT '', ALTER browser SET DEFAULT '';
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0009_audit")]

    operations = [DEFAULTS, TEXTS, HASH, APPEND, *WALLS, CHAIN, KEEP, WHAT_STANDS_ALREADY]
