#include "unpack.h"

#include <zlib.h>
#include <zstd.h>

enum { GZIP_ONLY = 15 + 16 };

struct unpacker {
	uint32_t kind;
	z_stream z;
	ZSTD_DCtx *zstd;
	bool between; /* a member has ended and no other has begun */
};

int unpack_kind(const uint8_t *bytes, size_t len, const char **name)
{
	static const struct {
		const char *magic;
		size_t len;
		int kind;
		const char *name;
	} known[] = {
		{"\x1f\x8b", 2, MICA_TAR_GZIP, "gzip"},
		{"\x28\xb5\x2f\xfd", 4, MICA_TAR_ZSTD, "zstd"},
		{"\xfd"
		 "7zXZ",
		 6, -EOPNOTSUPP, "xz"}, /* with its NUL */
		{"BZh", 3, -EOPNOTSUPP, "bzip2"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (len >= known[i].len && !memcmp(bytes, known[i].magic, known[i].len)) {
			*name = known[i].name;
			return known[i].kind;
		}
	/* zstd may begin with a frame that readers skip: 0x184D2A50 to ...5F. */
	if (len >= 4 && (bytes[0] & 0xf0) == 0x50 && !memcmp(bytes + 1, "\x2a\x4d\x18", 3))
		return MICA_TAR_ZSTD;
	return MICA_TAR_PLAIN;
}

errint_t unpacker_new(struct unpacker **out, uint32_t kind)
{
	struct unpacker *unpacker = calloc(1, sizeof(*unpacker));

	if (!unpacker)
		return -ENOMEM;
	if (kind == MICA_TAR_ZSTD)
		unpacker->zstd = ZSTD_createDCtx();
	if (kind == MICA_TAR_GZIP ? inflateInit2(&unpacker->z, GZIP_ONLY) != Z_OK : !unpacker->zstd) {
		free(unpacker);
		return -ENOMEM;
	}
	unpacker->kind = kind;
	*out = unpacker;
	return 0;
}

void unpacker_free(struct unpacker *unpacker)
{
	if (!unpacker)
		return;
	if (unpacker->kind == MICA_TAR_GZIP)
		inflateEnd(&unpacker->z);
	ZSTD_freeDCtx(unpacker->zstd);
	free(unpacker);
}

static int inflate_some(struct unpacker *unpacker, struct unpack_io *io, const char **why)
{
	z_stream *z = &unpacker->z;
	int got;

	if (unpacker->between)
		inflateReset(z);
	unpacker->between = false;
	z->next_in = (Bytef *)io->in;
	z->avail_in = (uInt)io->in_len;
	z->next_out = io->out;
	z->avail_out = (uInt)io->out_len;
	got = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->out_len = z->avail_out;
	unpacker->between = got == Z_STREAM_END;
	if (got == Z_OK || got == Z_STREAM_END || got == Z_BUF_ERROR)
		return 0;
	*why = got == Z_MEM_ERROR ? "" : z->msg ? z->msg : "it is not gzip";
	return got == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int zstd_some(struct unpacker *unpacker, struct unpack_io *io, const char **why)
{
	ZSTD_inBuffer in = {io->in, io->in_len, 0};
	ZSTD_outBuffer out = {io->out, io->out_len, 0};
	size_t left = ZSTD_decompressStream(unpacker->zstd, &out, &in);

	if (ZSTD_isError(left)) {
		*why = ZSTD_getErrorName(left);
		return -EBADMSG;
	}
	unpacker->between = left == 0;
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_len -= out.pos;
	return 0;
}

int unpack(struct unpacker *unpacker, struct unpack_io *io, bool end, const char **why)
{
	for (;;) {
		size_t in = io->in_len, out = io->out_len;
		int code;

		if (unpacker->between && !in)
			return end;
		if (!out)
			return 0;
		/* Even if there is nothing more to read, there may still be output. */
		code = unpacker->kind == MICA_TAR_GZIP ? inflate_some(unpacker, io, why) : zstd_some(unpacker, io, why);
		if (code < 0)
			return code;
		if (io->in_len == in && io->out_len == out && !unpacker->between) {
			if (!end || in)
				return in ? (*why = "it is damaged", -EBADMSG) : 0;
			*why = "it is cut off";
			return -EBADMSG;
		}
	}
}
