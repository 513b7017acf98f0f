DROP TRIGGER account_chained;
DROP VIEW ledger_entry;
CREATE TABLE transfer_indexed (
  id blob NOT NULL PRIMARY KEY,
  shard_id integer,
  seq bigint,
  agent_id blob NOT NULL,
  command_id text NOT NULL,
  body_hash blob NOT NULL,
  debit blob NOT NULL,
  credit blob NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  currency smallint NOT NULL,
  code smallint NOT NULL,
  note text,
  debit_balance bigint NOT NULL,
  debit_version bigint NOT NULL,
  credit_balance bigint NOT NULL,
  credit_version bigint NOT NULL,
  tick bigint NOT NULL,
  created_at bigint NOT NULL,
  UNIQUE (agent_id, command_id),
  UNIQUE (debit, debit_version),
  UNIQUE (credit, credit_version),
  CHECK (debit <> credit)
);
INSERT INTO transfer_indexed SELECT id, shard_id, seq, agent_id, command_id, body_hash, debit, credit, amount, currency, code, note, debit_balance, debit_version, credit_balance, credit_version, tick, created_at
FROM transfer ORDER BY rowid;
DROP TABLE transfer;
ALTER TABLE transfer_indexed RENAME TO transfer;
CREATE VIEW ledger_entry AS
  SELECT id AS transfer_id, 1 AS line, debit AS account_id, -amount AS amount, currency, debit_balance AS balance_after,
         debit_version AS account_version, created_at FROM transfer
  UNION ALL
  SELECT id, 2, credit, amount, currency, credit_balance, credit_version, created_at FROM transfer;
ALTER TABLE account DROP COLUMN last_transfer;
