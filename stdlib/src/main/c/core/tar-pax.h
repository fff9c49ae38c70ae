/* tar-pax.h - parses the records of a pax header (POSIX.1-2001), also those of GNU and star. Private to core/. */
#ifndef MICA_TAR_PAX_H
#define MICA_TAR_PAX_H

#include "xattr.h"

#define PAX_PATH 0x01u
#define PAX_LINK 0x02u
#define PAX_SIZE 0x04u
#define PAX_UID 0x08u
#define PAX_GID 0x10u
#define PAX_MTIME 0x20u
#define PAX_SPARSE 0x40u /* any key GNU.sparse.* */

/* Keys of an exact copy (MICA_LAYER_EXACT). */
#define PAX_KEY_FLAGS "MICA.flags"
#define PAX_KEY_XATTR "MICA.xattr"

/* A piece of a sparse file that has bytes and is not a hole. */
struct tar_map_piece {
	uint64_t offset, len;
};
struct tar_map {
	struct tar_map_piece *pieces;
	size_t count, room;
};
/* Adds a piece. -EBADMSG: the map has too many pieces. The owner of the map must free pieces. */
errint_t tar_map_add(struct tar_map *map, uint64_t offset, uint64_t len);

/* The values of the records. A zeroed struct has none. */
struct pax {
	bool exact;    /* set by the caller before pax_parse: the keys of an exact copy are known */
	uint8_t flags; /* FLAG_*, in an exact copy */
	uint32_t has;  /* PAX_* */
	char *path, *link;
	uint64_t size, uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	struct xattr_view xattrs; /* in the order of the records; if two have the same name, the last counts */
	size_t xattrs_room;
	/* GNU's sparse files: the records of the forms 0.0 and 0.1 have the map, those of 1.0 do not. */
	struct tar_map map;
	uint64_t sparse_major, sparse_size;
	bool piece_begun; /* form 0.0: an offset has come, and its length comes next */
	uint64_t piece_offset;
	char *sparse_name;
	/* Keys that mean something but are not supported, each with a NUL. */
	char *keys;
	size_t keys_len;
};

/* Parses the records in text, which has a NUL at text[len] and is changed. -EBADMSG: *why says what is wrong. */
errint_t pax_parse(struct pax *pax, char *text, size_t len, const char **why);
/* Keeps only the owner and the time, which count in a global header. All other values become unsupported keys. */
void pax_keep_global(struct pax *pax);
void pax_free(struct pax *pax);

/* Parses a text of decimal digits and nothing else. -EBADMSG: it is not one, or too large. */
errint_t tar_parse_decimal(const char *text, uint64_t *number);

#endif
