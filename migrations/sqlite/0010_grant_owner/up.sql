-- Whose channel it is about. Rows of before, and those of nodes of an earlier version, are filled in portions by the sweep.
ALTER TABLE channel_grant ADD COLUMN owner text NOT NULL DEFAULT '';
