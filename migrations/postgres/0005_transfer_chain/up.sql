-- An account's transfers hang together by pointers, newest first: from the account to its last transfer, from each transfer to the
-- one before it of either side. Two indexes by account, each a page of its own with every payment, are not needed then: new
-- rows go to the end of the table. A lost update is still an error: an account changes only from the version that was read.
ALTER TABLE account ADD COLUMN last_transfer uuid;
-- Each lookup is two, one for each of the old indexes by account.
UPDATE account SET last_transfer = coalesce(
  (SELECT t.id FROM transfer t WHERE t.debit = account.id AND t.debit_version = account.version),
  (SELECT t.id FROM transfer t WHERE t.credit = account.id AND t.credit_version = account.version)
);
-- Who does not know of the chain must not break it.
CREATE FUNCTION account_chained() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'account %: the version changed, the last transfer did not', OLD.id;
END
$$;
CREATE TRIGGER account_chained BEFORE UPDATE OF version ON account FOR EACH ROW
  WHEN (NEW.version IS DISTINCT FROM OLD.version AND NEW.last_transfer IS NOT DISTINCT FROM OLD.last_transfer)
  EXECUTE FUNCTION account_chained();
-- Every row is written anew: only the indexes that the lookups need are kept up meanwhile.
ALTER TABLE transfer
  DROP CONSTRAINT transfer_pkey,
  DROP CONSTRAINT transfer_agent_id_command_id_key,
  ADD COLUMN debit_previous uuid,
  ADD COLUMN credit_previous uuid;
UPDATE transfer t SET
  debit_previous = coalesce(
    (SELECT p.id FROM transfer p WHERE p.debit = t.debit AND p.debit_version = t.debit_version - 1),
    (SELECT p.id FROM transfer p WHERE p.credit = t.debit AND p.credit_version = t.debit_version - 1)
  ),
  credit_previous = coalesce(
    (SELECT p.id FROM transfer p WHERE p.debit = t.credit AND p.debit_version = t.credit_version - 1),
    (SELECT p.id FROM transfer p WHERE p.credit = t.credit AND p.credit_version = t.credit_version - 1)
  );
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
  ADD PRIMARY KEY (id),
  ADD UNIQUE (command_id, agent_id);
