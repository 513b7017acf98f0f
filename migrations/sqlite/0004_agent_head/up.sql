-- One row: its version grows with each change of what a credential needs to know of an agent, whoever makes it. A node
-- remembers its agents for as long as the version stays.
CREATE TABLE agent_head (
  id integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO agent_head (id, version) VALUES (1, 0);
CREATE TRIGGER agents_changed AFTER UPDATE OF id, agent_id, permissions ON agents
BEGIN
  UPDATE agent_head SET version = version + 1;
END;
CREATE TRIGGER agents_deleted AFTER DELETE ON agents
BEGIN
  UPDATE agent_head SET version = version + 1;
END;
