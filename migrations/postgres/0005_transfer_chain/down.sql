DROP TRIGGER account_chained ON account;
DROP FUNCTION account_chained();
ALTER TABLE transfer
  DROP CONSTRAINT transfer_command_id_agent_id_key,
  ADD UNIQUE (agent_id, command_id),
  ADD UNIQUE (credit, credit_version),
  ADD UNIQUE (debit, debit_version);
DROP VIEW ledger_entry;
CREATE VIEW ledger_entry AS
  SELECT id AS transfer_id, 1 AS line, debit AS account_id, -amount AS amount, currency, debit_balance AS balance_after,
         debit_version AS account_version, created_at FROM transfer
  UNION ALL
  SELECT id, 2, credit, amount, currency, credit_balance, credit_version, created_at FROM transfer;
ALTER TABLE transfer DROP COLUMN debit_previous, DROP COLUMN credit_previous;
ALTER TABLE account DROP COLUMN last_transfer;
