DROP INDEX channel_grant_owner;
ALTER TABLE channel_grant DROP COLUMN owner;
