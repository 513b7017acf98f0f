-- What an event changed of its shard's durable state (domain/replay): a list of new values with their versions. NULL: nothing.
ALTER TABLE events ADD COLUMN deltas jsonb;
-- Events up to here are of an earlier program and do not tell: a replay over them starts at a snapshot.
ALTER TABLE shard ADD COLUMN replay_from bigint NOT NULL DEFAULT 0;
UPDATE shard SET replay_from = last_seq;
-- The state of a shard after event seq. Its checksum is the SHA-256 of its body; it was taken under the lease of its epoch.
CREATE TABLE shard_snapshot (
  shard_id integer NOT NULL,
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  at bigint NOT NULL,
  body bytea NOT NULL,
  checksum bytea NOT NULL,
  PRIMARY KEY (shard_id, seq)
);
