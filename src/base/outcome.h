/* SPDX-License-Identifier: MIT */
/*
 * The result of a function that talks to a database or validates input.  It tells the caller how to
 * proceed.  The function that failed has logged the details, or stored them in a struct
 * fault_cause.
 */
#ifndef CAMPAIGN_BASE_OUTCOME_H
#define CAMPAIGN_BASE_OUTCOME_H

enum outcome {
	OUTCOME_OK = 0,
	OUTCOME_INVALID,  /* the input is wrong: tell the caller what and why */
	OUTCOME_REJECTED, /* the database refuses this data for good */
	OUTCOME_RETRY,	  /* not done, and may work later: deadlock, database unreachable */
	OUTCOME_UNKNOWN,  /* COMMIT was sent and no answer came: never report it as success */
	OUTCOME_BUG,	  /* not done, and a retry does not help: a bug here, or access denied */
};

/* The name of RC for log lines: "ok", "invalid", ...  Never NULL. */
const char *outcome_name(enum outcome rc);

#endif
