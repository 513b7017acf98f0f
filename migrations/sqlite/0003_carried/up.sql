-- What an agent took along on its last hand-off (where it goes, what it shows): it counts until its shard has a checkpoint.
ALTER TABLE agents ADD COLUMN carried text;
