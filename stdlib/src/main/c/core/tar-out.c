#include "tar-out.h"

enum { FILL, HASH, PACK, WRITE };

/* The stages' work. */

static errint_t hash_block(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_out *out = user;

	(void)err;
	sha256_update(&out->diff, block->len, block->bytes);
	return 0;
}

static errint_t write_all(struct tar_out *out, const uint8_t *bytes, size_t len)
{
	out->packed += len;
	while (len) {
		ssize_t put = write(out->fd, bytes, len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		len -= (size_t)put;
	}
	return 0;
}

static errint_t put_packed(void *user, const uint8_t *bytes, size_t len)
{
	struct tar_out *out = user;

	sha256_update(&out->packed_sha, len, bytes);
	return write_all(out, bytes, len);
}

static errint_t write_plain(void *user, struct flow_block *block, struct mica_error *err)
{
	errint_t code = write_all(user, block->bytes, block->len);

	return code < 0 ? mica_fail(err, code, "write tar", "") : 0;
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

/* From the beginning to the end. */

static uint32_t how_many(const struct mica_job *job)
{
	long threads = job && job->threads ? (long)job->threads : sysconf(_SC_NPROCESSORS_ONLN);

	return threads < 1 ? 1 : threads > 8 ? 8 : (uint32_t)threads;
}

static errint_t start_stages(struct tar_out *out)
{
	uint32_t threads = how_many(out->job);
	bool gzip = out->compression == MICA_TAR_GZIP;
	errint_t code = flow_start(&out->flow, gzip ? 4 : 3);

	if (code == 0)
		code = flow_run(&out->flow, HASH, 1, hash_block, out);
	if (code == 0 && gzip)
		code = flow_run(&out->flow, PACK, threads, pack_gzip, out);
	if (code == 0 && gzip)
		code = flow_run(&out->flow, WRITE, 1, write_gzip, out);
	if (code == 0 && out->compression == MICA_TAR_ZSTD)
		code = zstd_packer_new(&out->zstd, threads);
	if (code == 0 && !gzip)
		code = flow_run(&out->flow, PACK, 1, out->zstd ? write_zstd : write_plain, out);
	return code;
}

errint_t tar_out_start(struct tar_out *out, int fd, uint32_t compression, struct mica_job *job, struct mica_error *err)
{
	errint_t code;

	out->fd = fd;
	out->compression = compression;
	out->job = job;
	out->err = err;
	sha256_init(&out->diff);
	sha256_init(&out->packed_sha);
	if (compression == MICA_TAR_GZIP && !(out->before = malloc(GZIP_WINDOW)))
		return mica_fail(err, -ENOMEM, "start threads", "");
	code = start_stages(out);
	return code < 0 ? mica_fail(err, code, "start threads", "") : 0;
}

/* What stopped the flow, if it was not a failure of our own. */
static errint_t stopped(struct tar_out *out)
{
	errint_t code = flow_join(&out->flow, out->err);

	return code < 0 ? code : mica_fail(out->err, -ECANCELED, "write tar", "");
}

/* gzip: a copy of its end goes along with the next block, for this one may be filled anew before that is packed. */
static void keep_end(struct tar_out *out, const struct flow_block *block)
{
	size_t len = block->len < GZIP_WINDOW ? block->len : GZIP_WINDOW;

	memcpy(out->before, block->bytes + block->len - len, len);
	out->before_len = len;
}

static errint_t hand_on(struct tar_out *out, bool last)
{
	struct flow_block *block = out->block;

	block->last = last;
	out->block = NULL;
	if (out->before) {
		if (!block->before && !(block->before = malloc(GZIP_WINDOW)))
			return mica_fail(out->err, -ENOMEM, "compress", "");
		memcpy(block->before, out->before, out->before_len);
		block->before_len = out->before_len;
		keep_end(out, block);
	}
	flow_put(&out->flow, FILL, block);
	return job_cancelled(out->job) ? mica_fail(out->err, -ECANCELED, "write tar", "") : 0;
}

errint_t tar_out_room(struct tar_out *out, uint8_t **at, size_t *room)
{
	errint_t code = out->block && out->block->len == FLOW_BLOCK ? hand_on(out, false) : 0;

	if (code < 0)
		return code;
	if (!out->block && !(out->block = flow_get(&out->flow, FILL)))
		return stopped(out);
	*at = out->block->bytes + out->block->len;
	*room = FLOW_BLOCK - out->block->len;
	return 0;
}

void tar_out_used(struct tar_out *out, size_t len)
{
	out->block->len += len;
	out->bytes += len;
}

errint_t tar_out_put(struct tar_out *out, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len) {
		uint8_t *at;
		size_t room;
		errint_t code = tar_out_room(out, &at, &room);

		if (code < 0)
			return code;
		if (room > len)
			room = len;
		memcpy(at, from, room);
		tar_out_used(out, room);
		from += room;
		len -= room;
	}
	return 0;
}

errint_t tar_out_zeros(struct tar_out *out, size_t len)
{
	static const uint8_t zeros[1024];

	return tar_out_put(out, zeros, len);
}

errint_t tar_out_finish(struct tar_out *out, struct mica_tar *tar)
{
	uint8_t *at;
	size_t room;
	errint_t code = tar_out_room(out, &at, &room); /* there is a block to be the last one */

	if (code == 0)
		code = hand_on(out, true);
	if (code == 0)
		code = flow_join(&out->flow, out->err);
	if (code < 0)
		return code;
	sha256_digest(&out->diff, sizeof(tar->diff_id), tar->diff_id);
	if (out->compression == MICA_TAR_PLAIN)
		memcpy(tar->digest, tar->diff_id, sizeof(tar->digest));
	else
		sha256_digest(&out->packed_sha, sizeof(tar->digest), tar->digest);
	tar->bytes = out->bytes;
	tar->packed = out->packed;
	tar->compression = out->compression;
	return 0;
}

void tar_out_end(struct tar_out *out)
{
	flow_free(&out->flow);
	zstd_packer_free(out->zstd);
	free(out->before);
}
