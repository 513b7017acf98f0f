ALTER TABLE agents DROP COLUMN carried;
