/* tar-member.h - reads the headers of a tar entry by entry, in the forms of all common writers. Private to core/. */
#ifndef MICA_TAR_MEMBER_H
#define MICA_TAR_MEMBER_H

#include "meta.h"
#include "tar-in.h"
#include "tar-pax.h"

/* The most bytes of a header's text, and of a path. */
enum { TAR_MOST_HEADERS = 1 << 20 };

struct tar_member {
	char *path; /* from the root, with single slashes between names; "" is the root */
	char *link; /* the target of a hard link in the same form, or of a symbolic link as it is; otherwise NULL */
	char type;  /* '0' file '1' hard link '2' symbolic link '3' '4' devices '5' directory '6' fifo 's' socket */
	struct meta meta;
	uint32_t major, minor;
	uint64_t size;	 /* the size of the file */
	uint64_t stored; /* how many bytes of it follow */
	bool sparse;	 /* these bytes are only the pieces of pax.map, and not the whole file */
	struct pax pax;	 /* its attributes, map and keys */
};

struct tar_members {
	struct tar_in *in;
	struct mica_tar_limits limits;
	bool exact; /* MICA_LAYER_EXACT: set after tar_members_start */
	struct pax global;
	struct mica_error *err;
};

/* members must be zeroed before; in is borrowed. The caller must call tar_members_end. */
void tar_members_start(struct tar_members *members, struct tar_in *in, const struct mica_tar_limits *limits,
		       struct mica_error *err);
/* Reads the headers of the next entry. Returns 1, 0 at the end of the tar, or -errno. in is then at the beginning of
 * the entry's content. The caller must call tar_member_free in any case. */
int tar_members_next(struct tar_members *members, struct tar_member *member);
void tar_member_free(struct tar_member *member);
void tar_members_end(struct tar_members *members);

#endif
