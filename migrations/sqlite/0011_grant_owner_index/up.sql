-- In a transaction of its own: readers go on meanwhile.
CREATE INDEX channel_grant_owner ON channel_grant (owner);
