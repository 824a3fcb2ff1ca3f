-- upsert
INSERT INTO airport_hourly (origin, hour, departures, cancelled, delay_sum_minutes, delay_max_minutes)
SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::integer[], $4::integer[], $5::bigint[], $6::integer[])
ON CONFLICT (origin, hour) DO UPDATE SET
  departures = EXCLUDED.departures, cancelled = EXCLUDED.cancelled, delay_sum_minutes = EXCLUDED.delay_sum_minutes, delay_max_minutes = EXCLUDED.delay_max_minutes;

-- remove
DELETE FROM airport_hourly USING unnest($1::text[], $2::timestamptz[]) AS gone (origin, hour)
WHERE airport_hourly.origin = gone.origin AND airport_hourly.hour = gone.hour;

-- TAKE_OFFSET_ROW
INSERT INTO sink_offset (sink, topic, partition, epoch, member, generation)
VALUES ($1, $2, $3, 1, $4, $5)
ON CONFLICT (sink, topic, partition) DO UPDATE SET
  epoch = sink_offset.epoch + 1, member = EXCLUDED.member, generation = EXCLUDED.generation, updated_at = now()
RETURNING next_offset, epoch;

-- ADVANCE_OFFSET_ROW
UPDATE sink_offset SET next_offset = $1, updated_at = now()
WHERE sink = $2 AND topic = $3 AND partition = $4 AND epoch = $5 AND next_offset IS NOT DISTINCT FROM $6;

-- READ_OFFSET_ROW
SELECT next_offset, epoch, member FROM sink_offset WHERE sink = $1 AND topic = $2 AND partition = $3;
