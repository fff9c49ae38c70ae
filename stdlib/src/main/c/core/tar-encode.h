/* tar-encode.h - an entry as the headers of a tar. Private to core/. */
#ifndef MICA_TAR_ENCODE_H
#define MICA_TAR_ENCODE_H

#include "meta.h"

/* Bytes that grow. Zeroed is empty. */
struct tar_bytes {
	uint8_t *bytes;
	size_t len, room;
};
void tar_bytes_free(struct tar_bytes *bytes);
/* Room for len bytes more, which count as used; NULL: no memory. */
void *tar_bytes_extend(struct tar_bytes *bytes, size_t len);

/* What is written of an entry. */
struct tar_entry {
	const char *path;      /* from the root, without "./"; "" is the root */
	const char *link;      /* a symbolic link's target, or where the file is that this is a hard link to */
	char type;	       /* as in the header: '0' '1' '2' '3' '4' '5' '6', 's' */
	uint64_t size;	       /* of the bytes that will follow */
	struct meta meta;      /* of mode, the permission bits count */
	uint32_t major, minor; /* a device's */
	const struct xattr_view *xattrs; /* or NULL */
	/* Of an exact copy: */
	bool exact;
	uint8_t flags; /* FLAG_* */
	bool sparse;   /* a map stands before the content; size is of both, and the file has */
	uint64_t real_size;
};

/* Whether a pax record can hold an attribute of that name: the first "=" ends it. */
static inline bool tar_holds_xattr(const char *name)
{
	return !strchr(name, '=');
}

/* Puts the entry's headers into bytes, in place of what is there. -ENOMEM is all that can go wrong. */
errint_t tar_encode(struct tar_bytes *bytes, const struct tar_entry *entry);

#endif
