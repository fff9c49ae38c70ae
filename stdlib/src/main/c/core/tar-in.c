#include "tar-in.h"

#include <poll.h>
#include <sys/stat.h>

enum { FILL, HASH, TAKE, STAGES };
enum { RAW = 1 << 17, LOOK_MS = 50 };

/* Reading. */

/* Waits until there is input. From time to time it checks whether the job was cancelled. */
static errint_t await(struct tar_in *in)
{
	struct pollfd input = {.fd = in->fd, .events = POLLIN};
	int ready = 0;

	while (in->waits && ready <= 0) {
		if (job_cancelled(in->job) || flow_is_broken(&in->flow))
			return -ECANCELED;
		ready = poll(&input, 1, LOOK_MS);
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
	return job_cancelled(in->job) ? -ECANCELED : 0;
}

/* Reads at least one byte, or finds the end. */
static errint_t read_some(struct tar_in *in, uint8_t *to, size_t room, size_t *len)
{
	ssize_t got;
	errint_t code;

	do {
		code = await(in);
		if (code < 0)
			return code;
		got = read(in->fd, to, room);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return -errno;
	in->eof = got == 0;
	in->packed += (uint64_t)got;
	*len = (size_t)got;
	if (in->unpacker)
		sha256_update(&in->packed_sha, *len, to);
	return 0;
}

/* The first bytes decide how it is compressed. */
static errint_t detect(struct tar_in *in, struct mica_error *err)
{
	const char *name = "";
	errint_t code = 0;
	int kind;

	while (code == 0 && !in->eof && in->raw_len < UNPACK_MAGIC) {
		size_t got = 0;

		code = read_some(in, in->raw + in->raw_len, RAW - in->raw_len, &got);
		in->raw_len += got;
	}
	if (code < 0)
		return mica_fail(err, code, "read tar", "");
	kind = unpack_kind(in->raw, in->raw_len, &name);
	if (kind < 0)
		return mica_fail_note(err, kind, "read tar", "", "it is compressed by %s: decompress it first", name);
	if (in->unhashed && kind != MICA_TAR_PLAIN)
		return mica_fail_note(err, -EBADMSG, "read tar", "", "an exact copy is not compressed");
	in->compression = (uint32_t)kind;
	if (kind != MICA_TAR_PLAIN) {
		code = unpacker_new(&in->unpacker, (uint32_t)kind);
		sha256_update(&in->packed_sha, in->raw_len, in->raw);
	}
	return code < 0 ? mica_fail(err, code, "read tar", "") : 0;
}

static errint_t fill_plain(struct tar_in *in, struct flow_block *block, struct mica_error *err)
{
	size_t len = in->raw_len - in->raw_at;
	errint_t code = 0;

	memcpy(block->bytes, in->raw + in->raw_at, len); /* the bytes that were read to detect the format */
	in->raw_at = in->raw_len;
	block->len = len;
	while (code == 0 && !in->eof && block->len < FLOW_BLOCK) {
		code = read_some(in, block->bytes + block->len, FLOW_BLOCK - block->len, &len);
		block->len += code == 0 ? len : 0;
	}
	block->last = in->eof;
	return code < 0 ? mica_fail(err, code, "read tar", "") : 0;
}

static errint_t fill_unpacked(struct tar_in *in, struct flow_block *block, struct mica_error *err)
{
	struct unpack_io io = {.out = block->bytes, .out_len = FLOW_BLOCK};
	const char *why = "";
	int code = 0;

	while (code == 0 && io.out_len) {
		if (in->raw_at == in->raw_len && !in->eof) {
			in->raw_at = in->raw_len = 0;
			code = read_some(in, in->raw, RAW, &in->raw_len);
			if (code < 0)
				return mica_fail(err, code, "read tar", "");
		}
		io.in = in->raw + in->raw_at;
		io.in_len = in->raw_len - in->raw_at;
		code = unpack(in->unpacker, &io, in->eof, &why);
		in->raw_at = in->raw_len - io.in_len;
	}
	block->len = FLOW_BLOCK - io.out_len;
	block->last = code == 1;
	return code < 0 ? mica_fail_note(err, code, "decompress", "", "%s", why) : 0;
}

static errint_t fill_block(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_in *in = user;
	errint_t code = in->packed || in->eof ? 0 : detect(in, err);

	if (code == 0)
		code = in->unpacker ? fill_unpacked(in, block, err) : fill_plain(in, block, err);
	if (code < 0)
		return code;
	in->bytes += block->len;
	if (in->most && in->bytes > in->most)
		return mica_fail_note(err, -EFBIG, "read tar", "", "it is larger than the %llu bytes that are allowed",
				      (unsigned long long)in->most);
	return 0;
}

static errint_t hash_block(void *user, struct flow_block *block, struct mica_error *err)
{
	struct tar_in *in = user;

	(void)err;
	if (!in->unhashed)
		sha256_update(&in->diff, block->len, block->bytes);
	return 0;
}

errint_t tar_in_start(struct tar_in *in, int fd, uint64_t most, struct mica_job *job, struct mica_error *err)
{
	struct stat st;
	errint_t code;

	in->fd = fd;
	in->most = most;
	in->job = job;
	in->err = err;
	sha256_init(&in->diff);
	sha256_init(&in->packed_sha);
	if (fstat(fd, &st) < 0)
		return mica_fail(err, -errno, "read tar", "");
	in->waits = !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode);
	in->raw = malloc(RAW);
	code = in->raw ? flow_start(&in->flow, STAGES) : -ENOMEM;
	if (code == 0)
		code = flow_run(&in->flow, HASH, 1, hash_block, in);
	if (code == 0)
		code = flow_run(&in->flow, FILL, 1, fill_block, in);
	return code < 0 ? mica_fail(err, code, "start threads", "") : 0;
}

/* Taking. */

/* The failure that has ended the flow. */
static errint_t broken(struct tar_in *in)
{
	errint_t code = flow_join(&in->flow, in->err);

	return code < 0 ? code : mica_fail(in->err, -ECANCELED, "read tar", "");
}

errint_t tar_in_peek(struct tar_in *in, const uint8_t **at, size_t *len)
{
	while (!in->left && !in->ended && in->flow.stages) {
		if (in->block) {
			in->ended = in->block->last;
			flow_put(&in->flow, TAKE, in->block);
			in->block = NULL;
			continue;
		}
		in->block = flow_get(&in->flow, TAKE);
		if (!in->block)
			return broken(in);
		in->at = in->block->bytes;
		in->left = in->block->len;
	}
	*at = in->at;
	*len = in->left;
	return job_cancelled(in->job) ? mica_fail(in->err, -ECANCELED, "read tar", "") : 0;
}

void tar_in_take(struct tar_in *in, size_t len)
{
	in->at += len;
	in->left -= len;
}

static errint_t cut_off(struct tar_in *in)
{
	return mica_fail_note(in->err, -EBADMSG, "read tar", "", "it ends too early: it is cut off");
}

errint_t tar_in_read(struct tar_in *in, void *to, size_t len)
{
	uint8_t *out = to;

	while (len) {
		const uint8_t *at;
		size_t part;
		errint_t code = tar_in_peek(in, &at, &part);

		if (code < 0 || !part)
			return code < 0 ? code : cut_off(in);
		if (part > len)
			part = len;
		memcpy(out, at, part);
		tar_in_take(in, part);
		out += part;
		len -= part;
	}
	return 0;
}

errint_t tar_in_skip(struct tar_in *in, uint64_t len)
{
	while (len) {
		const uint8_t *at;
		size_t part;
		errint_t code = tar_in_peek(in, &at, &part);

		if (code < 0 || !part)
			return code < 0 ? code : cut_off(in);
		if (part > len)
			part = (size_t)len;
		tar_in_take(in, part);
		len -= part;
	}
	return 0;
}

static bool is_zero(const uint8_t *bytes, size_t len)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, len - 1);
}

errint_t tar_in_finish(struct tar_in *in, struct mica_tar *tar)
{
	const uint8_t *at;
	size_t len;
	errint_t code;

	while ((code = tar_in_peek(in, &at, &len)) == 0 && len) {
		if (!is_zero(at, len))
			return mica_fail_note(in->err, -EBADMSG, "read tar", "", "something follows its end");
		tar_in_take(in, len);
	}
	if (code == 0)
		code = flow_join(&in->flow, in->err);
	if (code < 0)
		return code;
	if (!in->unhashed)
		sha256_digest(&in->diff, sizeof(tar->diff_id), tar->diff_id);
	if (in->unpacker)
		sha256_digest(&in->packed_sha, sizeof(tar->digest), tar->digest);
	else
		memcpy(tar->digest, tar->diff_id, sizeof(tar->digest));
	tar->bytes = in->bytes;
	tar->packed = in->packed;
	tar->compression = in->compression;
	return 0;
}

void tar_in_end(struct tar_in *in)
{
	flow_free(&in->flow);
	unpacker_free(in->unpacker);
	free(in->raw);
}
