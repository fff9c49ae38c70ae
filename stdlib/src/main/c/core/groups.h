/* groups.h - remembers which names share an inode, until all of them were seen. Private to core/. */
#ifndef MICA_GROUPS_H
#define MICA_GROUPS_H

#include "base.h"

struct group {
	uint64_t dev, ino;
	uint32_t left;	  /* how many names were not seen yet; it may never become 0 if a layer hides some */
	uint64_t ordinal; /* this and the rest are for the user of the group; 0 and NULL at first */
	char *path;	  /* freed with the group */
	char **waiting;	  /* paths that wait; freed with the group */
	uint32_t waiting_count;
};

/* A zeroed struct is empty. */
struct groups {
	void *tree;
};

/* Returns the group of an inode with nlink names, and makes it if it is new. Counts one name as seen. NULL: there is no
 * memory. The group is borrowed until groups_done. */
struct group *groups_see(struct groups *groups, uint64_t dev, uint64_t ino, uint32_t nlink);
/* Must be called when the caller is done with the group that groups_see has returned. It is freed if all names were
 * seen. */
void groups_done(struct groups *groups, struct group *group);
/* Adds path to those that wait. path belongs to the group from now on, also on failure. -ENOMEM: there is no memory, or
 * path is NULL. */
errint_t groups_wait(struct group *group, char *path);
void groups_free(struct groups *groups);
#define cleanup_groups __attribute__((cleanup(groups_free)))

#endif
