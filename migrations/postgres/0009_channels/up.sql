-- Who has a name: an agent, a user of the command line, an app. Agents of earlier versions have no row: their table is asked, too.
CREATE TABLE handle (
  name text NOT NULL PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('agent', 'user', 'app')),
  created_at bigint NOT NULL
);

-- What changed of the rights to channels, in the order of versions, so that nodes forget what they remember of them.
CREATE TABLE channel_head (
  id integer NOT NULL PRIMARY KEY CHECK (id = 1),
  version bigint NOT NULL
);
INSERT INTO channel_head (id, version) VALUES (1, 0);
CREATE TABLE channel_change (
  version bigint NOT NULL PRIMARY KEY,
  channel text NOT NULL,
  changed_at bigint NOT NULL
);
CREATE INDEX channel_change_changed_at ON channel_change (changed_at);

CREATE TABLE channel_lock (
  channel text NOT NULL PRIMARY KEY,
  owner text NOT NULL,
  locked_at bigint NOT NULL
);
CREATE INDEX channel_lock_owner ON channel_lock (owner);

CREATE TABLE channel_grant (
  channel text NOT NULL,
  target text NOT NULL,
  granted_at bigint NOT NULL,
  PRIMARY KEY (channel, target)
);
CREATE INDEX channel_grant_target ON channel_grant (target);

CREATE TABLE channel_advert (
  channel text NOT NULL PRIMARY KEY,
  owner text NOT NULL,
  description text,
  schema text,
  updated_at bigint NOT NULL
);
CREATE INDEX channel_advert_owner ON channel_advert (owner);
CREATE INDEX channel_advert_updated_at ON channel_advert (updated_at);

-- Apps of users; the key is stored as its SHA-256.
CREATE TABLE app (
  name text NOT NULL PRIMARY KEY,
  shown text NOT NULL,
  owner text NOT NULL,
  key_hash bytea NOT NULL,
  created_at bigint NOT NULL,
  rotated_at bigint NOT NULL
);
CREATE INDEX app_owner ON app (owner);
CREATE UNIQUE INDEX app_key_hash ON app (key_hash);

-- Public keys that prove who logs in.
CREATE TABLE ssh_key (
  owner text NOT NULL,
  name text NOT NULL,
  public_key text NOT NULL,
  created_at bigint NOT NULL,
  PRIMARY KEY (owner, name)
);

-- Log-ins that began and wait for their proof: `text` is the message to sign, or the signature that a profile must show.
CREATE TABLE login_challenge (
  id text NOT NULL PRIMARY KEY,
  username text NOT NULL,
  key_name text NOT NULL,
  text text NOT NULL,
  expires_at bigint NOT NULL
);
CREATE INDEX login_challenge_username ON login_challenge (username);
CREATE INDEX login_challenge_expires_at ON login_challenge (expires_at);
