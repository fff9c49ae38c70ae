/* tar-pack.c - the last stages of a tar that is compressed while it is written. */
#include "tar-pack.h"

#include "pack.h"

static errint_t put_packed(void *user, const uint8_t *bytes, size_t len)
{
	struct tar_out *out = user;

	sha256_update(&out->packed_sha, len, bytes);
	return tar_out_write(out, bytes, len);
}

static errint_t pack_gzip(void *user, struct flow_block *block, struct mica_error *err)
{
	errint_t code = gzip_pack(block);

	(void)user;
	return code < 0 ? mica_fail(err, code, "compress", "") : 0;
}

static errint_t write_gzip(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_out *out = user;
	uint8_t edge[GZIP_HEADER > GZIP_TRAILER ? GZIP_HEADER : GZIP_TRAILER];
	errint_t code = 0;

	if (!out->packed) {
		gzip_header(edge);
		code = put_packed(out, edge, GZIP_HEADER);
	}
	out->gzip_sum = gzip_sum(out->gzip_sum, block);
	if (code == 0)
		code = put_packed(out, block->packed, block->packed_len);
	if (code == 0 && block->last) {
		gzip_trailer(edge, out->gzip_sum, out->bytes);
		code = put_packed(out, edge, GZIP_TRAILER);
	}
	return code < 0 ? mica_fail(err, code, "write tar", "") : 0;
}

static errint_t write_zstd(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_out *out = user;
	errint_t code = zstd_pack(out->zstd, block, put_packed, out);

	return code < 0 ? mica_fail(err, code, "write tar", "") : 0;
}

static uint32_t how_many(const struct mica_job *job)
{
	long threads = job && job->threads ? (long)job->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return threads < 1 ? 1 : threads > 8 ? 8 : (uint32_t)threads;
}

/* The stages from first on. */

static errint_t start_gzip(struct tar_out *out, unsigned int first)
{
	errint_t code = flow_run(&out->flow, first, how_many(out->job), pack_gzip, out);

	return code < 0 ? code : flow_run(&out->flow, first + 1, 1, write_gzip, out);
}

static errint_t start_zstd(struct tar_out *out, unsigned int first)
{
	errint_t code = zstd_packer_new(&out->zstd, how_many(out->job));

	return code < 0 ? code : flow_run(&out->flow, first, 1, write_zstd, out);
}

static void end(struct tar_out *out)
{
	zstd_packer_free(out->zstd);
}

const struct tar_packing *tar_packing(uint32_t compression)
{
	static const struct tar_packing gzip = {MICA_TAR_GZIP, 2, GZIP_WINDOW, start_gzip, end},
					zstd = {MICA_TAR_ZSTD, 1, 0, start_zstd, end};

	return compression == MICA_TAR_GZIP ? &gzip : compression == MICA_TAR_ZSTD ? &zstd : NULL;
}
