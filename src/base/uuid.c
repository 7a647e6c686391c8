/* SPDX-License-Identifier: MIT */
/* Random UUIDs; see uuid.h. */
#include "config.h"

#include "base/uuid.h"

#include <sodium.h>
#include <uuid/uuid.h>

/*
 * RFC 4122, 4.4: all bits are random except version and variant.  libuuid's own generator makes
 * half a dozen system calls for each UUID; here one call to the system's generator fetches the bits
 * of 64 UUIDs.  No bits are used twice, because each thread has its own buffer and no process forks
 * after its first UUID.
 */
void uuid_text(char out[UUID_TEXT_SIZE])
{
	static _Thread_local unsigned char bits[64][sizeof(uuid_t)];
	static _Thread_local size_t left;
	unsigned char *uuid;

	if (left == 0) {
		randombytes_buf(bits, sizeof(bits));
		left = sizeof(bits) / sizeof(bits[0]);
	}
	uuid = bits[--left];
	uuid[6] = (unsigned char)((uuid[6] & 0x0F) | 0x40);
	uuid[8] = (unsigned char)((uuid[8] & 0x3F) | 0x80);
	uuid_unparse_lower(uuid, out);
	sodium_memzero(uuid, sizeof(uuid_t));
}
