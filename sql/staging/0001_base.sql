-- campaign-ingest, staging database, version 1.
-- Applied by `campaign-admin db init|upgrade`; each statement ends with a semicolon at the end of a line.

CREATE TABLE IF NOT EXISTS campaign_state (
  name VARCHAR(64) NOT NULL PRIMARY KEY,
  value VARCHAR(255) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin
  COMMENT='schema_version and auth_version (counters that workers watch), database_id, secret (hexadecimal)';

CREATE TABLE IF NOT EXISTS campaign_schema (
  id VARCHAR(130) NOT NULL PRIMARY KEY,
  source MEDIUMTEXT NOT NULL,
  builtin TINYINT NOT NULL DEFAULT 0,
  log_id CHAR(36) NOT NULL DEFAULT '' COMMENT 'names the log towards the target; renewed by every run, and when the log is made anew',
  deployed_at DATETIME(3) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_operator (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  login VARCHAR(64) NOT NULL,
  label VARCHAR(128) NOT NULL DEFAULT '',
  password_hash VARCHAR(128) NOT NULL DEFAULT '' COMMENT 'argon2id; empty: no password, only Bearer tokens',
  zone VARCHAR(63) NOT NULL DEFAULT '',
  disabled TINYINT NOT NULL DEFAULT 0,
  created_at DATETIME(3) NOT NULL,
  UNIQUE KEY login (login)
) ENGINE=InnoDB AUTO_INCREMENT=1201 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_right (
  operator_id BIGINT NOT NULL,
  name VARCHAR(16) NOT NULL,
  scope VARCHAR(130) NOT NULL DEFAULT '' COMMENT 'empty: every schema; ns:name, or ns:*',
  PRIMARY KEY (operator_id, name, scope),
  CONSTRAINT campaign_right_operator FOREIGN KEY (operator_id) REFERENCES campaign_operator (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_session (
  token_hash BINARY(32) NOT NULL PRIMARY KEY COMMENT 'SHA-256 of the session token',
  operator_id BIGINT NOT NULL,
  address VARCHAR(45) NOT NULL DEFAULT '',
  opened_at DATETIME(3) NOT NULL,
  expires_at DATETIME(3) NOT NULL,
  security_expires_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  KEY ended (ended_at),
  KEY expires (expires_at),
  CONSTRAINT campaign_session_operator FOREIGN KEY (operator_id) REFERENCES campaign_operator (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_bearer (
  token_hash BINARY(32) NOT NULL PRIMARY KEY,
  operator_id BIGINT NOT NULL,
  created_at DATETIME(3) NOT NULL,
  CONSTRAINT campaign_bearer_operator FOREIGN KEY (operator_id) REFERENCES campaign_operator (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The index of what was refused; the rows themselves stand in <schema>Stg_rej with their old _seq.
CREATE TABLE IF NOT EXISTS campaign_reject (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  schema_id VARCHAR(130) NOT NULL,
  seq BIGINT UNSIGNED NOT NULL,
  record BINARY(16) NOT NULL COMMENT 'hash of key list and key values: later changes of it are held',
  held TINYINT NOT NULL DEFAULT 0 COMMENT '1: not refused itself, waits behind one that was',
  reason VARCHAR(500) NOT NULL,
  rejected_at DATETIME(3) NOT NULL,
  UNIQUE KEY change_of_schema (schema_id, seq),
  KEY record (schema_id, record)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_run (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  started_at DATETIME(3) NOT NULL,
  ended_at DATETIME(3) NULL,
  outcome VARCHAR(16) NOT NULL DEFAULT 'running' COMMENT 'running, done, rejects, failed; running without a lock holder: it died',
  message VARCHAR(500) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS campaign_run_schema (
  run_id BIGINT UNSIGNED NOT NULL,
  schema_id VARCHAR(130) NOT NULL,
  changes BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'read from the log',
  merged BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'changes applied',
  inserted BIGINT UNSIGNED NOT NULL DEFAULT 0,
  updated BIGINT UNSIGNED NOT NULL DEFAULT 0,
  deleted BIGINT UNSIGNED NOT NULL DEFAULT 0,
  rejected BIGINT UNSIGNED NOT NULL DEFAULT 0,
  held BIGINT UNSIGNED NOT NULL DEFAULT 0,
  several BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'keys that matched more than one cloud row',
  milliseconds BIGINT UNSIGNED NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, schema_id),
  CONSTRAINT campaign_run_schema_run FOREIGN KEY (run_id) REFERENCES campaign_run (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
