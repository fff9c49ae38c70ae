#define XXH_IMPLEMENTATION /* here: the guest's agent has no library */
#include "hasher.h"

void hasher_begin(struct hasher *hasher, enum hash hash)
{
	hasher->hash = hash;
	if (hash == HASH_SHA256) {
		sha256_init(&hasher->sha);
		return;
	}
	XXH64_reset(&hasher->xxh, 0);
}

void hasher_add(struct hasher *hasher, const void *bytes, size_t len)
{
	if (hasher->hash == HASH_SHA256)
		sha256_update(&hasher->sha, len, bytes);
	else
		XXH64_update(&hasher->xxh, bytes, len);
}

void hasher_end(struct hasher *hasher, uint8_t *digest)
{
	XXH64_canonical_t canonical;

	if (hasher->hash == HASH_SHA256) {
		sha256_digest(&hasher->sha, SHA256_DIGEST_SIZE, digest);
		return;
	}
	XXH64_canonicalFromHash(&canonical, XXH64_digest(&hasher->xxh));
	memcpy(digest, canonical.digest, sizeof(canonical.digest));
}
