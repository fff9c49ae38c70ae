/* unpack.h - decompresses a tar that is read: gzip and zstd, known by their first bytes. Private to core/. */
#ifndef MICA_UNPACK_H
#define MICA_UNPACK_H

#include "base.h"

enum { UNPACK_MAGIC = 6 };

/* Returns the MICA_TAR_* of a stream that begins with these bytes; MICA_TAR_PLAIN if they are not known. -EOPNOTSUPP:
 * it is another compression, which is *name. */
int unpack_kind(const uint8_t *bytes, size_t len, const char **name);

struct unpacker;
errint_t unpacker_new(struct unpacker **out, uint32_t kind);

/* The bytes to read, and the room to write to. Both are moved on. */
struct unpack_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};
/*
 * Decompresses until there is nothing more to read or no more room. end says that no bytes come after those in io.
 * Returns 1 if the stream is complete and all was read, 0 if not yet, or -errno. -EBADMSG: the stream is damaged or cut
 * off, and *why says that for people.
 */
int unpack(struct unpacker *unpacker, struct unpack_io *io, bool end, const char **why);
void unpacker_free(struct unpacker *unpacker);

#endif
