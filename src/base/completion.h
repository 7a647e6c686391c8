/* SPDX-License-Identifier: MIT */
/*
 * The node by which an object that waits for another thread is queued when the wait is over.  It is
 * embedded in the object (struct request) and belongs to the code that holds the object: nobody
 * else uses its link for a list of their own.
 */
#ifndef CAMPAIGN_BASE_COMPLETION_H
#define CAMPAIGN_BASE_COMPLETION_H

struct completion {
	struct completion *next; /* in a list of completed objects; NULL at its end */
};

#endif
