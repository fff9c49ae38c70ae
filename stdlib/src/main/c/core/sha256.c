/*
 * sha256.c - SHA-256 of bytes that a caller has in its memory, piece by piece. Nettle uses the processor's instructions
 * for it, which a JVM without its optimizing compiler does not.
 */
#include "base.h"

#include <nettle/sha2.h>
#include <stdlib.h>

struct mica_sha256 {
	struct sha256_ctx ctx;
};

struct mica_sha256 *mica_sha256_new(void)
{
	struct mica_sha256 *sha = malloc(sizeof(*sha));

	if (sha)
		sha256_init(&sha->ctx);
	return sha;
}

void mica_sha256_add(struct mica_sha256 *sha, const void *bytes, size_t len)
{
	sha256_update(&sha->ctx, len, bytes);
}

void mica_sha256_end(struct mica_sha256 *sha, uint8_t digest[32])
{
	if (digest)
		sha256_digest(&sha->ctx, SHA256_DIGEST_SIZE, digest);
	free(sha);
}
