/* pack.h - compresses a tar that is written, block by block. Private to core/. */
#ifndef MICA_PACK_H
#define MICA_PACK_H

#include "flow.h"

/*
 * gzip: each block is deflated on its own, in any thread, with the end of the block before (block->before) as its
 * dictionary. The results one after the other are one member. gzip_pack deflates a block into block->packed.
 */
enum { GZIP_HEADER = 10, GZIP_TRAILER = 8, GZIP_WINDOW = 32768 };
errint_t gzip_pack(struct flow_block *block);
void gzip_header(uint8_t header[GZIP_HEADER]);
/* Returns the checksum of the blocks so far and of this one; sum is that of the blocks so far, 0 at first. */
uint32_t gzip_sum(uint32_t sum, const struct flow_block *block);
void gzip_trailer(uint8_t trailer[GZIP_TRAILER], uint32_t sum, uint64_t bytes);

/* zstd: the blocks come in order, and the library compresses them with threads of its own. The caller must free *out
 * with zstd_packer_free. */
struct zstd_packer;
errint_t zstd_packer_new(struct zstd_packer **out, uint32_t threads);
/* Compresses a block, and calls put for what is ready by then; for the last block, for all that is left. */
errint_t zstd_pack(struct zstd_packer *packer, const struct flow_block *block,
		   errint_t (*put)(void *user, const uint8_t *bytes, size_t len), void *user);
void zstd_packer_free(struct zstd_packer *packer);

#endif
