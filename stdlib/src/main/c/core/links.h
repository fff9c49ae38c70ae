/*
 * links.h - the hard links that were seen so far in two trees: which unchanged paths share an inode. Private to core/.
 */
#ifndef MICA_LINKS_H
#define MICA_LINKS_H

#include "base.h"

struct link_id {
	uint64_t dev, ino;
	uint32_t nlink;
};
struct link_pair {
	struct link_id a, b;
};

/* A zeroed struct is empty. An inode is removed when each tree that shows it has shown all its links. */
struct links {
	struct link_slot *slots;
	size_t count, room; /* room is 0 or a power of two */
	uint64_t paths;
};

/*
 * Adds the next unchanged path, which has several links in at least one tree. *differ gets whether the first
 * path with its inode in one tree differs from that in the other. -ENOMEM.
 */
errint_t links_next(struct links *links, const struct link_pair *pair, bool *differ);

/* These use the struct as a plain set of inodes. */
errint_t links_add(struct links *links, const struct link_id *id);
bool links_has(const struct links *links, const struct link_id *id);

void links_free(struct links *links);

#endif
