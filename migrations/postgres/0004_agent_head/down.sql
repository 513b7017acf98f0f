DROP TRIGGER agents_changed ON agents;
DROP FUNCTION agents_changed();
DROP TABLE agent_head;
