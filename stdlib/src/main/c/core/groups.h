/* groups.h - which names share an inode, remembered until all of them were seen. Private to core/. */
#ifndef MICA_GROUPS_H
#define MICA_GROUPS_H

#include "base.h"

struct group {
	uint64_t dev, ino;
	uint32_t left;	  /* names of it that were not seen yet; may never get to 0 where a layer hides some */
	uint64_t ordinal; /* the rest is the user's; 0 and NULL at first */
	char *path;	  /* freed with the group, as is the list of those that wait */
	char **waiting;
	uint32_t waiting_count;
};

/* Zeroed is empty. */
struct groups {
	void *tree;
};

/* The group of an inode with nlink names, made if it is new; NULL: no memory. Counts one name as seen. */
struct group *groups_see(struct groups *groups, uint64_t dev, uint64_t ino, uint32_t nlink);
/* To be called once done with what groups_see gave: forgets it if no name is left. */
void groups_done(struct groups *groups, struct group *group);
/* Adds path, which it takes, to those that wait. A NULL path counts as no memory. */
errint_t groups_wait(struct group *group, char *path);
void groups_free(struct groups *groups);
#define cleanup_groups __attribute__((cleanup(groups_free)))

#endif
