/*
 * tar-in.h - where a tar that is read comes from: read, hashed, decompressed and hashed again, on threads of their own.
 * Private to core/.
 */
#ifndef MICA_TAR_IN_H
#define MICA_TAR_IN_H

#include <nettle/sha2.h>

#include "flow.h"
#include "unpack.h"

/* Zeroed but for at and left it gives just these bytes: for tests. */
struct tar_in {
	struct flow flow;
	struct flow_block *block; /* that is being taken */
	const uint8_t *at;
	size_t left;
	bool ended;
	bool unhashed; /* set before: no digest is wanted, and nothing is decompressed */
	/* What reads: */
	int fd;
	bool waits; /* the descriptor may have nothing yet */
	bool eof;
	uint32_t compression;
	struct unpacker *unpacker;
	uint8_t *raw;
	size_t raw_at, raw_len;
	uint64_t most; /* bytes that may come out; 0: any number */
	struct sha256_ctx diff, packed_sha;
	uint64_t bytes, packed;
	struct mica_job *job;
	struct mica_error *err;
};

/* Zeroed before but for unhashed; fd is borrowed. tar_in_end in any case. */
errint_t tar_in_start(struct tar_in *in, int fd, uint64_t most, struct mica_job *job, struct mica_error *err);
/* What comes next, at least a byte of it; *len 0 at the end. tar_in_take moves on by so many of them. */
errint_t tar_in_peek(struct tar_in *in, const uint8_t **at, size_t *len);
void tar_in_take(struct tar_in *in, size_t len);
/* Exactly so much; -EBADMSG where the end comes sooner. */
errint_t tar_in_read(struct tar_in *in, void *to, size_t len);
errint_t tar_in_skip(struct tar_in *in, uint64_t len);
/* After the last entry: only zeros may follow. Then says what it was. */
errint_t tar_in_finish(struct tar_in *in, struct mica_tar *tar);
void tar_in_end(struct tar_in *in);

#endif
