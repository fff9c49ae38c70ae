#define XXH_IMPLEMENTATION /* here: the guest's agent has no library */
/* XXH_SCALAR: an emulated processor computes more than twice as fast without vectors, and any other is fast enough. */
#define XXH_VECTOR 0
#include "hasher.h"

void hasher_begin(struct hasher *hasher, enum hash hash)
{
	hasher->hash = hash;
	if (hash == HASH_SHA256) {
		sha256_init(&hasher->sha);
		return;
	}
	XXH3_INITSTATE(&hasher->xxh);
	XXH3_128bits_reset(&hasher->xxh);
}

void hasher_add(struct hasher *hasher, const void *bytes, size_t len)
{
	if (hasher->hash == HASH_SHA256)
		sha256_update(&hasher->sha, len, bytes);
	else
		XXH3_128bits_update(&hasher->xxh, bytes, len);
}

void hasher_end(struct hasher *hasher, uint8_t *digest)
{
	XXH128_canonical_t canonical;

	if (hasher->hash == HASH_SHA256) {
		sha256_digest(&hasher->sha, SHA256_DIGEST_SIZE, digest);
		return;
	}
	XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&hasher->xxh));
	memcpy(digest, canonical.digest, sizeof(canonical.digest));
}
