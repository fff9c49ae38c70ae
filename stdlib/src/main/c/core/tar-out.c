#include "tar-out.h"

#include "ahead.h"

enum { FILL };

/* The stages' work. */

static errint_t hash_block(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_out *out = user;

	(void)err;
	sha256_update(&out->diff, block->len, block->bytes);
	return 0;
}

errint_t tar_out_write(struct tar_out *out, const uint8_t *bytes, size_t len)
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
	if (out->ahead)
		write_ahead(out->fd, &out->begun, out->packed);
	return 0;
}

static errint_t write_plain(void *user, struct flow_block *block, struct mica_error *err)
{
	errint_t code = tar_out_write(user, block->bytes, block->len);

	return code < 0 ? mica_fail(err, code, "write tar", "") : 0;
}

/* From the beginning to the end. */

static errint_t start_stages(struct tar_out *out)
{
	unsigned int packing = out->packing ? out->packing->stages : 1, first = out->unhashed ? 1 : 2;
	errint_t code = flow_start(&out->flow, first + packing);

	if (code == 0 && !out->unhashed)
		code = flow_run(&out->flow, 1, 1, hash_block, out);
	if (code == 0 && out->packing)
		return out->packing->start(out, first);
	return code < 0 ? code : flow_run(&out->flow, first, 1, write_plain, out);
}

errint_t tar_out_start(struct tar_out *out, int fd, struct mica_job *job, struct mica_error *err)
{
	errint_t code;

	out->fd = fd;
	out->job = job;
	out->err = err;
	sha256_init(&out->diff);
	sha256_init(&out->packed_sha);
	if (out->packing && out->packing->window && !(out->before = malloc(out->packing->window)))
		return mica_fail(err, -ENOMEM, "start threads", "");
	code = start_stages(out);
	return code < 0 ? mica_fail(err, code, "start threads", "") : 0;
}

/* The failure that has ended the flow, if it was not one of our own. */
static errint_t stopped(struct tar_out *out)
{
	errint_t code = flow_join(&out->flow, out->err);

	return code < 0 ? code : mica_fail(out->err, -ECANCELED, "write tar", "");
}

/* gzip: the end of the block is copied for the next one, because this block may be filled again before that is packed.
 */
static void keep_end(struct tar_out *out, const struct flow_block *block)
{
	size_t window = out->packing->window, len = block->len < window ? block->len : window;

	memcpy(out->before, block->bytes + block->len - len, len);
	out->before_len = len;
}

static errint_t hand_on(struct tar_out *out, bool last)
{
	struct flow_block *block = out->block;

	block->last = last;
	out->block = NULL;
	if (out->before) {
		if (!block->before && !(block->before = malloc(out->packing->window)))
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
	errint_t code = tar_out_room(out, &at, &room); /* so that there is a block that can be the last one */

	if (code == 0)
		code = hand_on(out, true);
	if (code == 0)
		code = flow_join(&out->flow, out->err);
	if (code < 0)
		return code;
	if (!out->unhashed)
		sha256_digest(&out->diff, sizeof(tar->diff_id), tar->diff_id);
	if (!out->packing)
		memcpy(tar->digest, tar->diff_id, sizeof(tar->digest));
	else
		sha256_digest(&out->packed_sha, sizeof(tar->digest), tar->digest);
	tar->bytes = out->bytes;
	tar->packed = out->packed;
	tar->compression = out->packing ? out->packing->compression : MICA_TAR_PLAIN;
	return 0;
}

void tar_out_stop(struct tar_out *out)
{
	flow_stop(&out->flow);
}

void tar_out_end(struct tar_out *out)
{
	flow_free(&out->flow);
	if (out->packing)
		out->packing->end(out);
	free(out->before);
}
