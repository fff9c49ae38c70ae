/* unpack.h - the decompressors of a tar that is read: gzip and zstd, told by their first bytes. Private to core/. */
#ifndef MICA_UNPACK_H
#define MICA_UNPACK_H

#include "base.h"

enum { UNPACK_MAGIC = 6 };

/* MICA_TAR_* of what begins so; what no magic is known of counts as plain. -EOPNOTSUPP: another compression, *name. */
int unpack_kind(const uint8_t *bytes, size_t len, const char **name);

struct unpacker;
errint_t unpacker_new(struct unpacker **out, uint32_t kind);

/* What there is to read and room to write; both move on. */
struct unpack_io {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};
/*
 * Goes on until there is nothing more to read or no more room. end: nothing comes after what there is to read. 1: that
 * was all, and it was whole; 0: not yet; -EBADMSG: it is damaged or cut off, and *why says how.
 */
int unpack(struct unpacker *unpacker, struct unpack_io *io, bool end, const char **why);
void unpacker_free(struct unpacker *unpacker);

#endif
