-- An account's transfers hang together by pointers, newest first: from the account to its last transfer, from each transfer to the
-- one before it of either side. Two indexes by account, each a page of its own with every payment, are not needed then: new
-- rows go to the end of the table. A lost update is still an error: an account changes only from the version that was read.
ALTER TABLE account ADD COLUMN last_transfer blob;
-- Each lookup is two, one for each of the old indexes: the view over both sides would be built anew for every row.
UPDATE account SET last_transfer = coalesce(
  (SELECT t.id FROM transfer t WHERE t.debit = account.id AND t.debit_version = account.version),
  (SELECT t.id FROM transfer t WHERE t.credit = account.id AND t.credit_version = account.version)
);
-- Who does not know of the chain must not break it. FAIL, not ABORT: no statement needs a journal of its own for this.
CREATE TRIGGER account_chained BEFORE UPDATE OF version ON account
WHEN new.version IS NOT old.version AND new.last_transfer IS old.last_transfer
BEGIN
  SELECT RAISE(FAIL, 'account: the version changed, the last transfer did not');
END;
-- Commands by their own id first: clients count them or take ids that grow, so new ones are neighbours.
CREATE TABLE transfer_chain (
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
  debit_previous blob,
  credit_previous blob,
  UNIQUE (command_id, agent_id),
  CHECK (debit <> credit)
);
INSERT INTO transfer_chain SELECT t.*,
  coalesce(
    (SELECT p.id FROM transfer p WHERE p.debit = t.debit AND p.debit_version = t.debit_version - 1),
    (SELECT p.id FROM transfer p WHERE p.credit = t.debit AND p.credit_version = t.debit_version - 1)
  ),
  coalesce(
    (SELECT p.id FROM transfer p WHERE p.debit = t.credit AND p.debit_version = t.credit_version - 1),
    (SELECT p.id FROM transfer p WHERE p.credit = t.credit AND p.credit_version = t.credit_version - 1)
  )
FROM transfer t ORDER BY t.rowid;
DROP VIEW ledger_entry;
DROP TABLE transfer;
ALTER TABLE transfer_chain RENAME TO transfer;
CREATE VIEW ledger_entry AS
  SELECT id AS transfer_id, 1 AS line, debit AS account_id, -amount AS amount, currency, debit_balance AS balance_after,
         debit_version AS account_version, debit_previous AS previous, created_at FROM transfer
  UNION ALL
  SELECT id, 2, credit, amount, currency, credit_balance, credit_version, credit_previous, created_at FROM transfer;
