/* SPDX-License-Identifier: MIT */
/* Random UUIDs as text.  Any thread. */
#ifndef CAMPAIGN_BASE_UUID_H
#define CAMPAIGN_BASE_UUID_H

#define UUID_TEXT_SIZE 37 /* 36 characters and the NUL */

/* Version 4, lower case (R5.8), from the system's generator.  After token_init or sodium_init. */
void uuid_text(char out[UUID_TEXT_SIZE]);

#endif
