/* SPDX-License-Identifier: MIT */
/*
 * A queue node.  An object that waits for another thread (struct request) embeds one.  When the
 * wait is over, that thread links the node into a list of completed objects.  `next` has no other
 * use: no module may link objects by it into a list of its own.
 */
#ifndef CAMPAIGN_BASE_COMPLETION_H
#define CAMPAIGN_BASE_COMPLETION_H

struct completion {
	struct completion *next; /* in a list of completed objects; NULL at its end */
};

#endif
