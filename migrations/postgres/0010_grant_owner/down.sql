ALTER TABLE channel_grant DROP COLUMN owner;
