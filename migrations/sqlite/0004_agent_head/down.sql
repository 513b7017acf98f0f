DROP TRIGGER agents_deleted;
DROP TRIGGER agents_changed;
DROP TABLE agent_head;
