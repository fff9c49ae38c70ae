/* pack-zstd.c - zstd, as one frame. */
#include "pack.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { LEVEL = 3 };

struct zstd_packer {
	ZSTD_CCtx *ctx;
	uint8_t *out;
	size_t room;
};

errint_t zstd_packer_new(struct zstd_packer **out, uint32_t threads)
{
	struct zstd_packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return -ENOMEM;
	packer->ctx = ZSTD_createCCtx();
	packer->room = ZSTD_CStreamOutSize();
	packer->out = malloc(packer->room);
	if (!packer->ctx || !packer->out) {
		zstd_packer_free(packer);
		return -ENOMEM;
	}
	/* Even one thread is a worker: without any the library would cut the stream at other places, and one layer
	 * would have two digests. A library without threads refuses them, and has but the other way. */
	ZSTD_CCtx_setParameter(packer->ctx, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(packer->ctx, ZSTD_c_nbWorkers, threads > 1 ? (int)threads : 1);
	*out = packer;
	return 0;
}

errint_t zstd_pack(struct zstd_packer *packer, const struct flow_block *block,
		   errint_t (*put)(void *user, const uint8_t *bytes, size_t len), void *user)
{
	ZSTD_inBuffer in = {block->bytes, block->len, 0};
	ZSTD_EndDirective how = block->last ? ZSTD_e_end : ZSTD_e_continue;
	size_t left;

	do {
		ZSTD_outBuffer out = {packer->out, packer->room, 0};
		errint_t code;

		left = ZSTD_compressStream2(packer->ctx, &out, &in, how);
		if (ZSTD_isError(left))
			return ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ? -ENOMEM : -EIO;
		code = out.pos ? put(user, packer->out, out.pos) : 0;
		if (code < 0)
			return code;
	} while (block->last ? left > 0 : in.pos < in.size);
	return 0;
}

void zstd_packer_free(struct zstd_packer *packer)
{
	if (!packer)
		return;
	ZSTD_freeCCtx(packer->ctx);
	free(packer->out);
	free(packer);
}
