-- campaign-ingest, staging database, version 4.

-- What campaign-admin has changed: written in the transaction of the change, pruned with the runs.
CREATE TABLE IF NOT EXISTS campaign_audit (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at DATETIME(3) NOT NULL,
  who VARCHAR(255) NOT NULL COMMENT 'the user of the system, with uid; with sudo for whom',
  host VARCHAR(255) NOT NULL,
  action VARCHAR(64) NOT NULL COMMENT 'the command',
  object VARCHAR(255) NOT NULL COMMENT 'the operator, schema, service, session ...',
  detail VARCHAR(1000) NOT NULL DEFAULT '' COMMENT 'never a password, token or secret',
  KEY at (at)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
