-- Whose channel it is about: an owner has a bounded number of grants.
ALTER TABLE channel_grant ADD COLUMN owner text NOT NULL DEFAULT '';
UPDATE channel_grant
SET owner = CASE WHEN channel LIKE 'app.%' THEN 'app:' ELSE '' END || split_part(channel, '.', 2);
CREATE INDEX channel_grant_owner ON channel_grant (owner);
