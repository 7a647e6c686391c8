/* SPDX-License-Identifier: MIT */
/* Ingest and IngestExt: docs/protocol.md sections 7 and 8.  For the table in methods.c. */
#ifndef CAMPAIGN_API_INGEST_METHODS_H
#define CAMPAIGN_API_INGEST_METHODS_H

#include "api/methods.h"

method_run ingest_ingest;
method_run ingest_ingest_ext;

#endif
