/* SPDX-License-Identifier: MIT */
/* The names of outcomes for log lines. */
#include "config.h"

#include "base/outcome.h"

const char *outcome_name(enum outcome rc)
{
	switch (rc) {
	case OUTCOME_OK:
		return "ok";
	case OUTCOME_INVALID:
		return "invalid";
	case OUTCOME_REJECTED:
		return "rejected";
	case OUTCOME_RETRY:
		return "retry";
	case OUTCOME_UNKNOWN:
		return "unknown";
	case OUTCOME_BUG:
		return "bug";
	}
	return "?";
}
