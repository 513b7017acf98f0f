-- The world and who runs its shards.
CREATE TABLE world (
  id blob NOT NULL PRIMARY KEY,
  epoch bigint NOT NULL,
  tick_ms bigint NOT NULL CHECK (tick_ms BETWEEN 1 AND 60000),
  seed bigint NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE region (
  name text NOT NULL PRIMARY KEY,
  number integer NOT NULL UNIQUE,
  plan text NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE node (
  id blob NOT NULL PRIMARY KEY,
  name text NOT NULL,
  addr text NOT NULL,
  version text NOT NULL,
  state text NOT NULL CHECK (state IN ('starting', 'active', 'draining', 'gone')),
  seen_at bigint NOT NULL
);

-- epoch only ever grows; last_seq is the number of the shard's last event, last_at its time.
-- Events up to floor_seq were deleted by retention.
CREATE TABLE shard (
  id integer NOT NULL PRIMARY KEY,
  region text NOT NULL REFERENCES region (name),
  x0 integer NOT NULL,
  y0 integer NOT NULL,
  x1 integer NOT NULL,
  y1 integer NOT NULL,
  owner blob,
  epoch bigint NOT NULL DEFAULT 0,
  lease_until bigint NOT NULL DEFAULT 0,
  last_seq bigint NOT NULL DEFAULT 0,
  last_at bigint NOT NULL DEFAULT 0,
  floor_seq bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'free' CHECK (state IN ('free', 'active', 'draining'))
);
CREATE INDEX shard_region ON shard (region);

CREATE TABLE shard_claim_log (
  shard_id integer NOT NULL,
  epoch bigint NOT NULL,
  owner blob NOT NULL,
  at bigint NOT NULL,
  reason text NOT NULL,
  PRIMARY KEY (shard_id, epoch)
);

-- Agents. Where one stands durably is (region, shard_id, x, y, z) at hand-off number `hop`.
CREATE TABLE agents (
  id blob NOT NULL PRIMARY KEY,
  agent_id text NOT NULL UNIQUE,
  name text NOT NULL,
  name_skeleton text NOT NULL UNIQUE,
  owner_id text,
  description text,
  avatar text NOT NULL,
  brain_config text,
  skills_map text NOT NULL,
  permissions text NOT NULL,
  default_region text NOT NULL,
  region text,
  shard_id integer,
  x double,
  y double,
  z double,
  hop bigint NOT NULL DEFAULT 0,
  is_in_world boolean NOT NULL DEFAULT 0,
  is_public boolean NOT NULL DEFAULT 1,
  accepts_prompts boolean NOT NULL DEFAULT 0,
  inbox_epoch text NOT NULL,
  total_online_seconds bigint NOT NULL DEFAULT 0,
  message_count bigint NOT NULL DEFAULT 0,
  action_count bigint NOT NULL DEFAULT 0,
  last_seen bigint,
  key_id text UNIQUE,
  key_hash text,
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL
);
CREATE INDEX agents_owner ON agents (owner_id);
CREATE INDEX agents_last_seen ON agents (last_seen DESC);
CREATE INDEX agents_shard ON agents (shard_id) WHERE is_in_world;

CREATE TABLE sessions (
  id blob NOT NULL PRIMARY KEY,
  agent_id blob NOT NULL REFERENCES agents (id),
  token text NOT NULL,
  region text NOT NULL,
  x double NOT NULL DEFAULT 128,
  y double NOT NULL DEFAULT 128,
  z double NOT NULL DEFAULT 25,
  status text NOT NULL DEFAULT 'online',
  connected_at bigint NOT NULL,
  last_heartbeat bigint NOT NULL,
  disconnected_at bigint,
  metadata text NOT NULL
);
CREATE INDEX sessions_open ON sessions (agent_id) WHERE disconnected_at IS NULL;

CREATE TABLE spectator_sessions (
  id blob NOT NULL PRIMARY KEY,
  human_id text,
  agent_id text,
  camera_mode text NOT NULL DEFAULT 'follow',
  settings text NOT NULL,
  prompts_sent bigint NOT NULL DEFAULT 0,
  connected_at bigint NOT NULL,
  last_activity bigint NOT NULL,
  disconnected_at bigint
);

-- What happened: append only. (shard_id, seq) is dense and in the order of commits; the fence alone sees to it.
-- hearers is ",alice,bob," so that one LIKE finds a handle.
CREATE TABLE events (
  created_at bigint NOT NULL,
  shard_id integer NOT NULL,
  seq bigint NOT NULL,
  epoch bigint NOT NULL,
  event_id blob NOT NULL,
  event_type text NOT NULL,
  source_agent text,
  target_agent text,
  region text NOT NULL,
  content text NOT NULL,
  location text,
  hearers text NOT NULL,
  is_public boolean NOT NULL,
  world_tick bigint NOT NULL,
  PRIMARY KEY (shard_id, seq)
) WITHOUT ROWID;
CREATE INDEX events_public ON events (created_at, shard_id, seq) WHERE is_public;

CREATE TABLE chat_messages (
  id blob NOT NULL PRIMARY KEY,
  sender_id blob NOT NULL,
  sender_agent text NOT NULL,
  sender_name text NOT NULL,
  recipient_id blob,
  recipient_agent text,
  region text NOT NULL,
  message text NOT NULL,
  volume text NOT NULL DEFAULT 'normal',
  shard_id integer NOT NULL,
  seq bigint NOT NULL,
  created_at bigint NOT NULL
);
CREATE INDEX chat_messages_region ON chat_messages (region, created_at DESC);
CREATE INDEX chat_messages_created ON chat_messages (created_at DESC);
CREATE INDEX chat_messages_sender ON chat_messages (sender_id, created_at DESC);
CREATE INDEX chat_messages_recipient ON chat_messages (recipient_id, created_at DESC) WHERE recipient_id IS NOT NULL;

-- Money. A wallet's account has the id of its agent. The sum of a currency is always zero.
CREATE TABLE account (
  id blob NOT NULL PRIMARY KEY,
  owner_id blob,
  kind smallint NOT NULL,
  currency smallint NOT NULL,
  balance bigint NOT NULL DEFAULT 0,
  version bigint NOT NULL DEFAULT 0,
  allow_negative boolean NOT NULL DEFAULT 0,
  frozen boolean NOT NULL DEFAULT 0,
  created_at bigint NOT NULL,
  CHECK (allow_negative OR balance >= 0)
);
INSERT INTO account (id, kind, currency, allow_negative, created_at) VALUES
  (X'00000000000000000000000000009000', 9000, 1, 1, 0),
  (X'00000000000000000000000000002200', 2200, 1, 0, 0);

-- Never updated or deleted. One row is the command, both entries and the answer.
-- (account, version) is a chain without gaps: a lost update is a constraint error.
CREATE TABLE transfer (
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

CREATE VIEW ledger_entry AS
  SELECT id AS transfer_id, 1 AS line, debit AS account_id, -amount AS amount, currency, debit_balance AS balance_after,
         debit_version AS account_version, created_at FROM transfer
  UNION ALL
  SELECT id, 2, credit, amount, currency, credit_balance, credit_version, created_at FROM transfer;

-- What concerns an agent: "offset" is dense from 1, entries up to floor are gone.
CREATE TABLE inbox (
  agent_id blob NOT NULL,
  "offset" bigint NOT NULL,
  shard_id integer NOT NULL,
  seq bigint NOT NULL,
  tick bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (agent_id, "offset")
) WITHOUT ROWID;

CREATE TABLE inbox_head (
  agent_id blob NOT NULL PRIMARY KEY,
  epoch text NOT NULL,
  top bigint NOT NULL DEFAULT 0,
  floor bigint NOT NULL DEFAULT 0
);

-- The stored outcomes of commands, refusals included. A payment's outcome is its transfer.
CREATE TABLE command (
  agent_id blob NOT NULL,
  command_id text NOT NULL,
  body_hash blob NOT NULL,
  action text NOT NULL,
  status text NOT NULL CHECK (status IN ('committed', 'refused', 'poison')),
  result text NOT NULL,
  shard_id integer NOT NULL,
  seq bigint NOT NULL,
  region text NOT NULL,
  tick bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (agent_id, command_id)
) WITHOUT ROWID;
CREATE INDEX command_created ON command (created_at);

CREATE TABLE checkpoint (
  shard_id integer NOT NULL PRIMARY KEY,
  epoch bigint NOT NULL,
  tick bigint NOT NULL,
  body blob NOT NULL,
  created_at bigint NOT NULL
);

CREATE TABLE object (
  id text NOT NULL PRIMARY KEY,
  region text NOT NULL REFERENCES region (name),
  name text NOT NULL,
  kind text NOT NULL,
  x double NOT NULL,
  y double NOT NULL,
  z double NOT NULL,
  state text NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  updated_at bigint NOT NULL
);
CREATE INDEX object_region ON object (region);

CREATE TABLE item (
  id blob NOT NULL PRIMARY KEY,
  holder_id blob NOT NULL,
  kind text NOT NULL,
  quantity integer NOT NULL CHECK (quantity >= 0),
  created_at bigint NOT NULL,
  updated_at bigint NOT NULL,
  UNIQUE (holder_id, kind)
);

CREATE TABLE conversation (
  id blob NOT NULL PRIMARY KEY,
  shard_id integer NOT NULL,
  region text NOT NULL,
  phase text NOT NULL,
  body text NOT NULL,
  opened_at bigint NOT NULL,
  last_at bigint NOT NULL
);
CREATE INDEX conversation_shard ON conversation (shard_id) WHERE phase <> 'closed';

CREATE TABLE conversation_line (
  conversation_id blob NOT NULL,
  number bigint NOT NULL,
  speaker_id blob NOT NULL,
  speaker text NOT NULL,
  addressed_to text NOT NULL,
  message text NOT NULL,
  tick bigint NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (conversation_id, number)
) WITHOUT ROWID;

-- Credentials.
CREATE TABLE signing_key (
  kid text NOT NULL PRIMARY KEY,
  alg text NOT NULL,
  public blob NOT NULL,
  private blob NOT NULL,
  state text NOT NULL,
  not_before bigint NOT NULL,
  not_after bigint NOT NULL
);

-- successor holds the next token for the seconds in which the same client may ask again.
CREATE TABLE refresh_token (
  hash blob NOT NULL PRIMARY KEY,
  family blob NOT NULL,
  agent_id blob NOT NULL,
  fingerprint blob NOT NULL,
  expires_at bigint NOT NULL,
  absolute_until bigint NOT NULL,
  consumed_at bigint,
  revoked_at bigint,
  successor text,
  created_at bigint NOT NULL
);
CREATE INDEX refresh_token_family ON refresh_token (family);
CREATE INDEX refresh_token_agent ON refresh_token (agent_id);
CREATE INDEX refresh_token_end ON refresh_token (absolute_until);

CREATE TABLE revocation (
  kind text NOT NULL CHECK (kind IN ('token', 'family', 'agent', 'key')),
  id text NOT NULL,
  until bigint NOT NULL,
  version bigint NOT NULL UNIQUE,
  created_at bigint NOT NULL,
  PRIMARY KEY (kind, id)
);

-- One row: its lock puts versions into the order of commits.
CREATE TABLE revocation_head (
  id integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO revocation_head (id, version) VALUES (1, 0);

CREATE TABLE rate_bucket (
  key text NOT NULL PRIMARY KEY,
  hits text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX rate_bucket_end ON rate_bucket (expires_at);
