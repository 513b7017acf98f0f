DROP TABLE shard_snapshot;
ALTER TABLE shard DROP COLUMN replay_from;
ALTER TABLE events DROP COLUMN deltas;
