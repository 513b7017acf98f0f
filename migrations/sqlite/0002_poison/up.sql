-- The quarantined commands, newest first: read at each start. They are few, the others are millions.
CREATE INDEX command_poison ON command (created_at DESC) WHERE status = 'poison';
