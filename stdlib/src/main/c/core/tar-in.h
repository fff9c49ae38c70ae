/*
 * tar-in.h - where a tar that is read comes from: read, hashed, decompressed and hashed again, on threads of their own.
 * Private to core/.
 */
#ifndef MICA_TAR_IN_H
#define MICA_TAR_IN_H

#include <nettle/sha2.h>

#include "flow.h"
#include "unpack.h"

/* A struct that is zeroed except for at and left gives these bytes only: for tests. */
struct tar_in {
	struct flow flow;
	struct flow_block *block; /* the block that is being read */
	const uint8_t *at;
	size_t left;
	bool ended;
	bool unhashed; /* set by the caller before the start: no digest is computed, and nothing is decompressed */
	/* For the thread that reads the descriptor: */
	int fd;
	bool waits; /* reading the descriptor may have to wait */
	bool eof;
	uint32_t compression;
	struct unpacker *unpacker;
	uint8_t *raw;
	size_t raw_at, raw_len;
	uint64_t most; /* the most bytes that the tar may have; 0: any number */
	struct sha256_ctx diff, packed_sha;
	uint64_t bytes, packed;
	struct mica_job *job;
	struct mica_error *err;
};

/* Starts the threads. in is zeroed before, except for unhashed; fd is borrowed. The caller must call tar_in_end, even
 * after a failure. */
errint_t tar_in_start(struct tar_in *in, int fd, uint64_t most, struct mica_job *job, struct mica_error *err);
/* Gives the next bytes, at least one; *len is 0 at the end. They are valid until the next call. tar_in_take moves on by
 * that many bytes, at most *len. */
errint_t tar_in_peek(struct tar_in *in, const uint8_t **at, size_t *len);
void tar_in_take(struct tar_in *in, size_t len);
/* Reads, or skips, exactly len bytes. -EBADMSG: the tar ends before that. */
errint_t tar_in_read(struct tar_in *in, void *to, size_t len);
errint_t tar_in_skip(struct tar_in *in, uint64_t len);
/* Called after the last entry, after which only zeros may follow. Fills in tar. */
errint_t tar_in_finish(struct tar_in *in, struct mica_tar *tar);
void tar_in_end(struct tar_in *in);

#endif
