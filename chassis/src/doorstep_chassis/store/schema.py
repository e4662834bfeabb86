"""The chassis' own tables beside the library's, and the one function that commits a group of units in a round trip."""

TABLES = """
CREATE TABLE IF NOT EXISTS positions (
    consumer text NOT NULL, topic text NOT NULL, partition integer NOT NULL,
    version bigint NOT NULL, next_offset bigint NOT NULL, generation integer NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer text NOT NULL, topic text NOT NULL, generation integer NOT NULL, partition integer NOT NULL,
    "offset" bigint NOT NULL, home integer NOT NULL,
    digest bytea NOT NULL, key bytea, headers jsonb NOT NULL, value bytea,
    source text, sequence bigint, subject text, block_key text,
    reason text NOT NULL, tracking jsonb, parked_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'applied', 'discarded', 'duplicate')),
    attempts integer NOT NULL DEFAULT 0,
    UNIQUE (consumer, topic, generation, partition, "offset")
);
CREATE INDEX IF NOT EXISTS dead_letters_home ON dead_letters (consumer, topic, home);
CREATE TABLE IF NOT EXISTS data_keys (
    subject_id uuid PRIMARY KEY, wrapped text NOT NULL, kek_id text NOT NULL
);
CREATE TABLE IF NOT EXISTS relay (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    epoch bigint NOT NULL, position bigint NOT NULL
) WITH (fillfactor = 50);
INSERT INTO relay (epoch, position) VALUES (0, 0) ON CONFLICT DO NOTHING;
"""

LOCK_TABLES = "SELECT pg_advisory_lock(hashtextextended('doorstep.tables', 0))"
"""Held while tables are made: "if not exists" does not keep two processes that start at once from making the same."""
UNLOCK_TABLES = "SELECT pg_advisory_unlock(hashtextextended('doorstep.tables', 0))"

POSITION_CONFLICT = "DS001"
"""The SQLSTATE by which the function says that a position is not where the unit read it."""
STREAM_CONFLICT = "DS002"
"""The SQLSTATE by which it says that a stream that the unit rests on, without adding to it, is not as it was read."""

COMMIT = """
CREATE OR REPLACE FUNCTION doorstep_commit(
    event_streams uuid[], event_versions bigint[], event_topics text[], event_states bytea[],
    read_streams uuid[], read_versions bigint[],
    move_consumers text[], move_topics text[], move_partitions bigint[], move_generations bigint[],
    move_versions bigint[], move_offsets bigint[],
    tracking_names text[], tracking_sequences bigint[],
    extra jsonb
) RETURNS TABLE (previous_head bigint, head bigint) LANGUAGE plpgsql AS $$
DECLARE
    moved bigint;
    closing record;
BEGIN
    SET LOCAL lock_timeout = '5s';
    IF cardinality(move_consumers) > 0 THEN
        INSERT INTO positions AS p (consumer, topic, partition, version, next_offset, generation)
        SELECT m.consumer, m.topic, m.partition, 1, m.next_offset, m.generation
        FROM unnest(move_consumers, move_topics, move_partitions, move_generations, move_versions, move_offsets)
            AS m (consumer, topic, partition, generation, version, next_offset)
        WHERE m.version = 0
        ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS moved = ROW_COUNT;
        WITH wanted AS (
            SELECT p.ctid AS place, m.next_offset
            FROM unnest(move_consumers, move_topics, move_partitions, move_generations, move_versions, move_offsets)
                AS m (consumer, topic, partition, generation, version, next_offset)
            JOIN positions p USING (consumer, topic, partition)
            WHERE m.version > 0 AND p.version = m.version AND p.generation = m.generation
            ORDER BY consumer, topic, partition
            FOR UPDATE OF p
        ), raised AS (
            UPDATE positions p
            SET version = p.version + 1, next_offset = greatest(p.next_offset, wanted.next_offset)
            FROM wanted WHERE p.ctid = wanted.place
            RETURNING 1
        )
        SELECT moved + count(*) INTO moved FROM raised;
        IF moved <> cardinality(move_consumers) THEN
            RAISE EXCEPTION 'position moved' USING ERRCODE = 'DS001';
        END IF;
    END IF;
    IF cardinality(tracking_names) > 0 THEN
        INSERT INTO notification_tracking AS t (application_name, notification_id)
        SELECT name, sequence FROM unnest(tracking_names, tracking_sequences) AS n (name, sequence) ORDER BY 1
        ON CONFLICT (application_name) DO UPDATE
        SET notification_id = greatest(t.notification_id, excluded.notification_id);
    END IF;
    IF extra IS NOT NULL THEN
        INSERT INTO dead_letters (consumer, topic, generation, partition, "offset", home, digest, key, headers, value,
                                  source, sequence, subject, block_key, reason, tracking, parked_at)
        SELECT consumer, topic, generation, partition, "offset", partition, decode(digest, 'hex'), decode(key, 'hex'),
               headers, decode(value, 'hex'), source, sequence, subject, block_key, reason, tracking, parked_at
        FROM jsonb_to_recordset(extra -> 'parked') AS d (
            consumer text, topic text, generation integer, partition integer, "offset" bigint, digest text, key text,
            headers jsonb, value text, source text, sequence bigint, subject text, block_key text, reason text,
            tracking jsonb, parked_at timestamptz)
        ON CONFLICT (consumer, topic, generation, partition, "offset") DO NOTHING;
        FOR closing IN SELECT id, state FROM jsonb_to_recordset(extra -> 'closes') AS c (id bigint, state text) LOOP
            UPDATE dead_letters SET state = closing.state, attempts = attempts + 1
            WHERE id = closing.id AND state = 'open';
            IF NOT FOUND THEN
                RAISE EXCEPTION 'dead letter already closed' USING ERRCODE = 'DS001';
            END IF;
        END LOOP;
        DELETE FROM data_keys USING jsonb_to_recordset(extra -> 'keys') AS k (subject_id uuid, wrapped text)
        WHERE data_keys.subject_id = k.subject_id AND k.wrapped IS NULL;
        INSERT INTO data_keys (subject_id, wrapped, kek_id)
        SELECT subject_id, wrapped, kek_id
        FROM jsonb_to_recordset(extra -> 'keys') AS k (subject_id uuid, wrapped text, kek_id text)
        WHERE wrapped IS NOT NULL
        ON CONFLICT (subject_id) DO UPDATE SET wrapped = excluded.wrapped, kek_id = excluded.kek_id;
    END IF;
    IF cardinality(event_streams) > 0 THEN
        LOCK TABLE stored_events IN EXCLUSIVE MODE;
        SELECT coalesce(max(notification_id), 0) INTO previous_head FROM stored_events;
        INSERT INTO stored_events (originator_id, originator_version, topic, state)
        SELECT * FROM unnest(event_streams, event_versions, event_topics, event_states);
        SELECT max(notification_id) INTO head FROM stored_events;
        PERFORM pg_notify('stored_events', head::text);
        RETURN NEXT;
    END IF;
    -- Last, so that units of one call, too, see each other's events: those then go one by one.
    IF cardinality(read_streams) > 0 AND EXISTS (
        SELECT 1 FROM unnest(read_streams, read_versions) AS r (stream, version)
        JOIN stored_events e ON e.originator_id = r.stream AND e.originator_version = r.version + 1
    ) THEN
        RAISE EXCEPTION 'stream moved' USING ERRCODE = 'DS002';
    END IF;
END $$;
"""
"""Refuses with `DS001` when a position moved, with a unique violation or, where nothing is added to it, `DS002` when a
stream did; else all of it, in log order.

The table lock makes the order of the log the order of the commits: a reader that keeps a maximum misses nothing.
"""
