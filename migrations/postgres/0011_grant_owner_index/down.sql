DROP INDEX channel_grant_owner;
