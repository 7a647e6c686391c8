/* SPDX-License-Identifier: MIT */
/* Random UUIDs as text.  Any thread may ask for them. */
#ifndef CAMPAIGN_BASE_UUID_H
#define CAMPAIGN_BASE_UUID_H

#define UUID_TEXT_SIZE 37 /* 36 characters and the NUL */

/* Writes a UUID of version 4 in lower case (R5.8), made from the system's random numbers.  Call
 * token_init or sodium_init first. */
void uuid_text(char out[UUID_TEXT_SIZE]);

#endif
