from django.db import migrations

# The first line of a transaction that is due takes its whole transaction into the chain, in the
# order of the lines, and writes the head once: to move the head for every line costs the square of
# their number, hours for a clinic that is brought in with a long trail. Lines of others are not
# touched: they come with their own links, and one that was put in beside the chain has to show.
CHAIN = migrations.RunSQL(
    """
    CREATE OR REPLACE FUNCTION bearing_chain_audit() RETURNS trigger LANGUAGE plpgsql
        SECURITY DEFINER SET search_path = public, pg_temp AS $$
    DECLARE
        head clinics_audithead;
        event clinics_auditevent;
        next_hash text;
    BEGIN
        IF EXISTS (SELECT FROM clinics_auditlink
                WHERE clinic_id = NEW.clinic_id AND event_id = NEW.id) THEN
            RETURN NULL;
        END IF;
        SELECT * INTO head FROM clinics_audithead WHERE clinic_id = NEW.clinic_id FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO clinics_audithead (clinic_id, seq, hash) VALUES (NEW.clinic_id, 0, '')
                ON CONFLICT (clinic_id) DO NOTHING;
            SELECT * INTO STRICT head FROM clinics_audithead
                WHERE clinic_id = NEW.clinic_id FOR UPDATE;
        END IF;
        FOR event IN
            SELECT * FROM clinics_auditevent AS line
            WHERE line.id >= NEW.id AND line.clinic_id = NEW.clinic_id
                AND age(line.xmin) <= age(pg_current_xact_id()::xid)
                AND NOT EXISTS (SELECT FROM clinics_auditlink AS link
                    WHERE link.clinic_id = line.clinic_id AND link.event_id = line.id)
            ORDER BY line.id
        LOOP
            next_hash := bearing_audit_hash(head.seq + 1, head.hash, event);
            INSERT INTO clinics_auditlink (clinic_id, seq, event_id, previous, hash)
                VALUES (event.clinic_id, head.seq + 1, event.id, head.hash, next_hash);
            head.seq := head.seq + 1;
            head.hash := next_hash;
        END LOOP;
        UPDATE clinics_audithead SET seq = head.seq, hash = head.hash WHERE id = head.id;
        RETURN NULL;
    END $$;
    DROP FUNCTION bearing_append_audit;
    """,
    migrations.RunSQL.noop,
)


class Migration(migrations.Migration):
    dependencies = [("clinics", "0014_remote_monitoring")]

    operations = [CHAIN]
