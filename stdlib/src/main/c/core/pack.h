/* pack.h - the compressors of a tar that is written, block by block. Private to core/. */
#ifndef MICA_PACK_H
#define MICA_PACK_H

#include "flow.h"

/*
 * gzip: each block is deflated on its own, whichever thread has it, with the end of the one before (block->before) as
 * the dictionary; one after the other they are one member.
 */
enum { GZIP_HEADER = 10, GZIP_TRAILER = 8, GZIP_WINDOW = 32768 };
errint_t gzip_pack(struct flow_block *block);
void gzip_header(uint8_t header[GZIP_HEADER]);
/* The sum over the blocks so far (0 at first) and then this one. */
uint32_t gzip_sum(uint32_t sum, const struct flow_block *block);
void gzip_trailer(uint8_t trailer[GZIP_TRAILER], uint32_t sum, uint64_t bytes);

/* zstd: the blocks in order, compressed by threads of the library's own. */
struct zstd_packer;
errint_t zstd_packer_new(struct zstd_packer **out, uint32_t threads);
/* What comes out until block is taken up, or, the last one, until the end, goes to put. */
errint_t zstd_pack(struct zstd_packer *packer, const struct flow_block *block,
		   errint_t (*put)(void *user, const uint8_t *bytes, size_t len), void *user);
void zstd_packer_free(struct zstd_packer *packer);

#endif
