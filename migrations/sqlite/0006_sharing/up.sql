-- Shards are shared among nodes. desired_owner: the node that should have the shard next; agents: how many are in it, as of its
-- last checkpoint.
ALTER TABLE shard ADD COLUMN desired_owner blob;
ALTER TABLE shard ADD COLUMN agents integer NOT NULL DEFAULT 0;
-- Which node has the socket. None: a row from before, whose socket is gone.
ALTER TABLE sessions ADD COLUMN node blob;
ALTER TABLE spectator_sessions ADD COLUMN node blob;
-- Few of all the rows there are; read when a node is gone.
CREATE INDEX spectator_sessions_open ON spectator_sessions (id) WHERE disconnected_at IS NULL;
