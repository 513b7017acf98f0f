DROP INDEX spectator_sessions_open;
ALTER TABLE spectator_sessions DROP COLUMN node;
ALTER TABLE sessions DROP COLUMN node;
ALTER TABLE shard DROP COLUMN agents;
ALTER TABLE shard DROP COLUMN desired_owner;
