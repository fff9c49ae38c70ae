/* hasher.h - one digest of bytes as they come, by either of two functions. Private to core/. */
#ifndef MICA_HASHER_H
#define MICA_HASHER_H

#include "base.h"

#include <nettle/sha2.h>
#define XXH_STATIC_LINKING_ONLY /* its state, by value */
#include <xxhash.h>

/*
 * SHA-256 is for what must not drift, and what nobody may be able to make another tree for. XXH64 costs
 * next to nothing, in an emulated guest too, and tells two trees apart unless somebody has made them for it.
 */
enum hash { HASH_SHA256, HASH_XXH64 };
enum { HASH_MOST_BYTES = 32 };
/* How long its digest is. */
static inline size_t hash_bytes(enum hash hash)
{
	return hash == HASH_SHA256 ? 32 : 8;
}

/* Needs no end. */
struct hasher {
	enum hash hash;
	union {
		struct sha256_ctx sha;
		XXH64_state_t xxh;
	};
};

void hasher_begin(struct hasher *hasher, enum hash hash);
void hasher_add(struct hasher *hasher, const void *bytes, size_t len);
/* Writes hash_bytes to digest. Once only. */
void hasher_end(struct hasher *hasher, uint8_t *digest);

#endif
