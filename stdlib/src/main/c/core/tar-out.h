/*
 * tar-out.h - the output of a tar. It is hashed, compressed, hashed again and written, each on threads of its own.
 * Private to core/.
 */
#ifndef MICA_TAR_OUT_H
#define MICA_TAR_OUT_H

#include <nettle/sha2.h>

#include "flow.h"

struct tar_out;
struct zstd_packer;

/* How the tar is compressed. It is separate, so that a program that does not compress needs no library for it. */
struct tar_packing {
	uint32_t compression; /* MICA_TAR_* */
	unsigned int stages;
	size_t window; /* how many bytes of the block before are needed to compress a block */
	errint_t (*start)(struct tar_out *out, unsigned int first);
	void (*end)(struct tar_out *out);
};

struct tar_out {
	struct flow flow;
	struct flow_block *block; /* the block that is being filled; NULL: none yet */
	uint8_t *before;	  /* gzip: the end of the block before */
	size_t before_len;
	struct zstd_packer *zstd;
	const struct tar_packing *packing; /* NULL: no compression */
	bool unhashed;			   /* no digest is computed */
	bool ahead;			   /* fd is a new file, which will be flushed */
	int fd;
	struct sha256_ctx diff, packed_sha;
	uint64_t bytes, packed, begun; /* begun: as in ahead.h */
	uint32_t gzip_sum;
	struct mica_job *job;
	struct mica_error *err;
};

/* Starts the threads. out must be zeroed before, except for packing, unhashed and ahead; fd is borrowed. The caller
 * must call tar_out_end, even after a failure. */
errint_t tar_out_start(struct tar_out *out, int fd, struct mica_job *job, struct mica_error *err);
errint_t tar_out_put(struct tar_out *out, const void *bytes, size_t len);
errint_t tar_out_zeros(struct tar_out *out, size_t len);
/* Gets room into which the caller can read, so that no copy is needed. tar_out_used then says how much was used. */
errint_t tar_out_room(struct tar_out *out, uint8_t **at, size_t *room);
void tar_out_used(struct tar_out *out, size_t len);
/* Waits until everything is written, and fills in tar, except for entries. */
errint_t tar_out_finish(struct tar_out *out, struct mica_tar *tar);
/* Stops the output. When it returns, no thread writes any more, and fd may be closed. */
void tar_out_stop(struct tar_out *out);
/* Stops the output, and frees everything. */
void tar_out_end(struct tar_out *out);

/* Called by the last stage of a packing to write its result. */
errint_t tar_out_write(struct tar_out *out, const uint8_t *bytes, size_t len);

#endif
