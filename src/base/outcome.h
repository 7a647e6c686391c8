/* SPDX-License-Identifier: MIT */
/*
 * What a caller has to do next.  Everything that talks to a database or judges
 * input answers with one of these; how a thing failed was logged, or put into a
 * struct fault_cause, where it failed.
 */
#ifndef CAMPAIGN_BASE_OUTCOME_H
#define CAMPAIGN_BASE_OUTCOME_H

enum outcome {
	OUTCOME_OK = 0,
	OUTCOME_INVALID,  /* the input is wrong: tell the caller what and why */
	OUTCOME_REJECTED, /* the database refuses this data for good */
	OUTCOME_RETRY,	  /* not done, and may work later: dead-lock, database away */
	OUTCOME_UNKNOWN,  /* COMMIT was sent and no answer came: never call it success */
	OUTCOME_BUG,	  /* our own fault: logged with a reference number */
};

/* A word for logs: "ok", "invalid", ...  Never NULL. */
const char *outcome_name(enum outcome rc);

#endif
