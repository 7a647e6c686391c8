-- campaign-ingest, staging database, version 3.

-- Requests for a run move here from campaign_request when the run that serves them begins to
-- read, and go when it is over; see src/sync/requests.h.
CREATE TABLE IF NOT EXISTS campaign_request_taken (
  schema_id VARCHAR(130) NOT NULL PRIMARY KEY COMMENT 'empty: every schema',
  requested_at DATETIME(3) NOT NULL,
  operator VARCHAR(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
