-- An account's transfers hang together by pointers, newest first: from the account to its last transfer, from each transfer to the
-- one before it of either side. Two indexes by account, each a page of its own with every payment, are not needed then: new
-- rows go to the end of the table. A lost update is still an error: an account changes only from the version that was read.
ALTER TABLE account ADD COLUMN last_transfer uuid;
UPDATE account SET last_transfer = (
  SELECT e.transfer_id FROM ledger_entry e WHERE e.account_id = account.id AND e.account_version = account.version
);
ALTER TABLE transfer ADD COLUMN debit_previous uuid, ADD COLUMN credit_previous uuid;
UPDATE transfer t SET
  debit_previous = (SELECT e.transfer_id FROM ledger_entry e WHERE e.account_id = t.debit AND e.account_version = t.debit_version - 1),
  credit_previous = (SELECT e.transfer_id FROM ledger_entry e WHERE e.account_id = t.credit AND e.account_version = t.credit_version - 1);
DROP VIEW ledger_entry;
CREATE VIEW ledger_entry AS
  SELECT id AS transfer_id, 1 AS line, debit AS account_id, -amount AS amount, currency, debit_balance AS balance_after,
         debit_version AS account_version, debit_previous AS previous, created_at FROM transfer
  UNION ALL
  SELECT id, 2, credit, amount, currency, credit_balance, credit_version, credit_previous, created_at FROM transfer;
-- Commands by their own id first: clients count them or take ids that grow, so new ones are neighbours.
ALTER TABLE transfer
  DROP CONSTRAINT transfer_debit_debit_version_key,
  DROP CONSTRAINT transfer_credit_credit_version_key,
  DROP CONSTRAINT transfer_agent_id_command_id_key,
  ADD UNIQUE (command_id, agent_id);
