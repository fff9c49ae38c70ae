/* hasher.h - the digest of bytes that come in parts, by one of two functions. Private to core/. */
#ifndef MICA_HASHER_H
#define MICA_HASHER_H

#include "base.h"

#include <nettle/sha2.h>
#define XXH_STATIC_LINKING_ONLY /* its state, by value */
#include <xxhash.h>

/*
 * SHA-256 is for digests that are kept, and for which nobody must be able to make another tree. XXH64 takes
 * hardly any time, also in an emulated guest, and distinguishes trees unless somebody has made them to deceive it.
 */
enum hash { HASH_SHA256, HASH_XXH64 };
enum { HASH_MOST_BYTES = 32 };
/* The number of bytes of the digest. */
static inline size_t hash_bytes(enum hash hash)
{
	return hash == HASH_SHA256 ? 32 : 8;
}

/* Nothing in it must be freed, so hasher_end need not be called. */
struct hasher {
	enum hash hash;
	union {
		struct sha256_ctx sha;
		XXH64_state_t xxh;
	};
};

void hasher_begin(struct hasher *hasher, enum hash hash);
void hasher_add(struct hasher *hasher, const void *bytes, size_t len);
/* Writes hash_bytes(hash) bytes to digest. It may be called once. */
void hasher_end(struct hasher *hasher, uint8_t *digest);

#endif
