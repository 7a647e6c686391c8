-- campaign-ingest, staging database, version 5.

-- Counted when a batch was read and before it is used: the commit of this makes what was read last (R10.6).
ALTER TABLE campaign_run_schema
  ADD COLUMN IF NOT EXISTS batches BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'read' AFTER schema_id;
