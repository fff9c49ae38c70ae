/* tar-pax.h - the records of a pax header (POSIX.1-2001), and GNU's and star's among them. Private to core/. */
#ifndef MICA_TAR_PAX_H
#define MICA_TAR_PAX_H

#include "xattr.h"

#define PAX_PATH 0x01u
#define PAX_LINK 0x02u
#define PAX_SIZE 0x04u
#define PAX_UID 0x08u
#define PAX_GID 0x10u
#define PAX_MTIME 0x20u
#define PAX_SPARSE 0x40u /* GNU.sparse.*: any of them */

/* Keys of an exact copy (MICA_LAYER_EXACT). */
#define PAX_KEY_FLAGS "MICA.flags"
#define PAX_KEY_XATTR "MICA.xattr"

/* A piece of a sparse file that has bytes. */
struct tar_map_piece {
	uint64_t offset, len;
};
struct tar_map {
	struct tar_map_piece *pieces;
	size_t count, room;
};
/* -EBADMSG: more than there may be. */
errint_t tar_map_add(struct tar_map *map, uint64_t offset, uint64_t len);

/* What the records say. Zeroed is nothing. */
struct pax {
	bool exact;    /* set before: the keys of an exact copy are taken */
	uint8_t flags; /* FLAG_*, in an exact copy */
	uint32_t has;  /* PAX_* */
	char *path, *link;
	uint64_t size, uid, gid;
	int64_t mtime;
	uint32_t mtime_nsec;
	struct xattr_view xattrs; /* in the order of the records; of two of one name the last counts */
	size_t xattrs_room;
	/* GNU's sparse files, 0.0 and 0.1 with their map, 1.0 without. */
	struct tar_map map;
	uint64_t sparse_major, sparse_size;
	bool piece_begun; /* 0.0: an offset, whose length comes next */
	uint64_t piece_offset;
	char *sparse_name;
	/* Keys that mean something and are not taken, each ended by NUL. */
	char *keys;
	size_t keys_len;
};

/* Reads records; text must have a NUL behind len, and is written to. -EBADMSG with *why, or -ENOMEM. */
errint_t pax_parse(struct pax *pax, char *text, size_t len, const char **why);
/* What a global header says of what follows: owner and time. All else becomes a key that is not taken. */
void pax_keep_global(struct pax *pax);
void pax_free(struct pax *pax);

/* Digits and nothing else. */
errint_t tar_parse_decimal(const char *text, uint64_t *number);

#endif
