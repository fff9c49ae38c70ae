/* tar-encode.h - makes the headers of a tar for an entry. Private to core/. */
#ifndef MICA_TAR_ENCODE_H
#define MICA_TAR_ENCODE_H

#include "meta.h"

/* A buffer that grows. A zeroed one is empty; the caller must call tar_bytes_free. */
struct tar_bytes {
	uint8_t *bytes;
	size_t len, room;
};
void tar_bytes_free(struct tar_bytes *bytes);
/* Adds len bytes, which the caller must write, and returns where. NULL: there is no memory. */
void *tar_bytes_extend(struct tar_bytes *bytes, size_t len);

/* An entry to write. All its pointers are borrowed. */
struct tar_entry {
	const char *path;      /* from the root, without "./"; "" is the root */
	const char *link;      /* the target of a symbolic link, or for a hard link the path of the file in the tar */
	char type;	       /* as in the header: '0' '1' '2' '3' '4' '5' '6', 's' */
	uint64_t size;	       /* the number of bytes that will follow */
	struct meta meta;      /* only the permission bits of mode are used */
	uint32_t major, minor; /* only for a device */
	const struct xattr_view *xattrs; /* or NULL */
	/* Only for an exact copy: */
	bool exact;
	uint8_t flags;	    /* FLAG_* */
	bool sparse;	    /* a map comes before the content, and size is that of both */
	uint64_t real_size; /* if sparse: the size of the file */
};

/* Whether a pax record can hold an attribute of that name, because the first "=" in a record ends the name. */
static inline bool tar_holds_xattr(const char *name)
{
	return !strchr(name, '=');
}

/* Replaces the contents of bytes by the headers of the entry. It can only fail with -ENOMEM. */
errint_t tar_encode(struct tar_bytes *bytes, const struct tar_entry *entry);

#endif
