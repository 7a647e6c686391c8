-- campaign-ingest, cloud database, version 1.

-- Which changes a committed transaction holds (docs/protocol.md R10.6).  A row lives from the
-- commit of a batch until its changes are gone from the log.
CREATE TABLE IF NOT EXISTS campaign_applied (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  log_id CHAR(36) NOT NULL,
  seqs LONGTEXT NOT NULL COMMENT 'exact numbers: "5-9,11,14-20"',
  applied_at DATETIME(3) NOT NULL,
  KEY log_id (log_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
