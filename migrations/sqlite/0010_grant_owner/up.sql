-- Whose channel it is about: an owner has a bounded number of grants.
ALTER TABLE channel_grant ADD COLUMN owner text NOT NULL DEFAULT '';
UPDATE channel_grant SET owner = substr(channel, instr(channel, '.') + 1);
UPDATE channel_grant
SET owner = CASE WHEN channel LIKE 'app.%' THEN 'app:' ELSE '' END || substr(owner, 1, instr(owner, '.') - 1);
CREATE INDEX channel_grant_owner ON channel_grant (owner);
