/* tar-member.h - the headers of a tar that is read, entry by entry, whatever wrote it. Private to core/. */
#ifndef MICA_TAR_MEMBER_H
#define MICA_TAR_MEMBER_H

#include "meta.h"
#include "tar-in.h"
#include "tar-pax.h"

/* Headers may not say more than this, nor a path be longer. */
enum { TAR_MOST_HEADERS = 1 << 20 };

struct tar_member {
	char *path; /* from the root, names parted by single slashes; "" is the root */
	char *link; /* a hard link's target in the same form, a symbolic link's as it is; else NULL */
	char type;  /* '0' file '1' hard link '2' symbolic link '3' '4' devices '5' directory '6' fifo 's' socket */
	struct meta meta;
	uint32_t major, minor;
	uint64_t size;	 /* a file's, as it is to be */
	uint64_t stored; /* how many bytes of it follow */
	bool sparse;	 /* they are the pieces of map; else the whole of it */
	struct pax pax;	 /* its attributes, map and keys */
};

struct tar_members {
	struct tar_in *in;
	struct mica_tar_limits limits;
	bool exact; /* MICA_LAYER_EXACT: set after tar_members_start */
	struct pax global;
	struct mica_error *err;
};

/* Zeroed before; in is borrowed. */
void tar_members_start(struct tar_members *members, struct tar_in *in, const struct mica_tar_limits *limits,
		       struct mica_error *err);
/* The next entry: 1, 0 at the end of the tar, whose content begins here. Free it in any case. */
int tar_members_next(struct tar_members *members, struct tar_member *member);
void tar_member_free(struct tar_member *member);
void tar_members_end(struct tar_members *members);

#endif
