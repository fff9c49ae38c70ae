/*
 * tar-out.h - where a tar that is written goes: hashed, compressed, hashed again and written, each on threads of its
 * own. Private to core/.
 */
#ifndef MICA_TAR_OUT_H
#define MICA_TAR_OUT_H

#include <nettle/sha2.h>

#include "flow.h"

struct tar_out;
struct zstd_packer;

/* What compresses it. Apart from the rest, so that who does not compress needs no library for it. */
struct tar_packing {
	uint32_t compression; /* MICA_TAR_* */
	unsigned int stages;
	size_t window; /* bytes of the block before that a block is compressed with */
	errint_t (*start)(struct tar_out *out, unsigned int first);
	void (*end)(struct tar_out *out);
};

struct tar_out {
	struct flow flow;
	struct flow_block *block; /* that is being filled; NULL: none yet */
	uint8_t *before;	  /* gzip: the end of the one before */
	size_t before_len;
	struct zstd_packer *zstd;
	const struct tar_packing *packing; /* NULL: none */
	bool unhashed;			   /* no digest is wanted */
	bool ahead;			   /* it is a new file, which will be flushed */
	int fd;
	struct sha256_ctx diff, packed_sha;
	uint64_t bytes, packed, begun; /* begun: to be flushed */
	uint32_t gzip_sum;
	struct mica_job *job;
	struct mica_error *err;
};

/* Zeroed before but for packing, unhashed and ahead; fd is borrowed. tar_out_end in any case. */
errint_t tar_out_start(struct tar_out *out, int fd, struct mica_job *job, struct mica_error *err);
errint_t tar_out_put(struct tar_out *out, const void *bytes, size_t len);
errint_t tar_out_zeros(struct tar_out *out, size_t len);
/* Room to read into, without a copy; then how much of it was used. */
errint_t tar_out_room(struct tar_out *out, uint8_t **at, size_t *room);
void tar_out_used(struct tar_out *out, size_t len);
/* The end: awaits that all is written, and says what it is. */
errint_t tar_out_finish(struct tar_out *out, struct mica_tar *tar);
/* Gives it up: when this returns, no thread of it writes any more, and fd may be closed. */
void tar_out_stop(struct tar_out *out);
void tar_out_end(struct tar_out *out);

/* A packing's, on its last stage: what is written. */
errint_t tar_out_write(struct tar_out *out, const uint8_t *bytes, size_t len);

#endif
