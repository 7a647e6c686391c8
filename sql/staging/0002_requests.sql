-- campaign-ingest, staging database, version 2.

-- Runs that callers asked for with StartReplicateStagingData (docs/protocol.md 10.1).
CREATE TABLE IF NOT EXISTS campaign_request (
  schema_id VARCHAR(130) NOT NULL PRIMARY KEY COMMENT 'empty: every schema',
  requested_at DATETIME(3) NOT NULL,
  operator VARCHAR(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
