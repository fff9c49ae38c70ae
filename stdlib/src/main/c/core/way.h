/*
 * way.h - the way down from a root directory to where a walk is, however deep: only the nearest
 * directories hold a descriptor, those further up are opened again by ".." and must then be the ones
 * they were. Private to core/.
 */
#ifndef MICA_WAY_H
#define MICA_WAY_H

#include "base.h"

struct way_level {
	int fd;		 /* -1 while too far up to be kept */
	DIR *dir;	 /* set once it is read by way_read; owns fd */
	dev_t dev;	 /* what fd was, known only while fd is -1 */
	ino_t ino;	 /* likewise */
	size_t path_len; /* of way.path for this directory */
	uint32_t passes; /* for the walker's use */
};

/* Zeroed is empty. levels[0] is the root. */
struct way {
	struct way_level *levels;
	size_t depth, capacity;
	char *path; /* from the root to the deepest level, "" at the root */
	size_t path_capacity;
};

/* Both take fd, on failure too. -ENOMEM is all that can go wrong. */
errint_t way_start(struct way *way, int fd);
errint_t way_push(struct way *way, int fd, const char *name);

/* Leaves the deepest level; the one above is open afterwards. -ESTALE if it is not where it was. */
errint_t way_pop(struct way *way);

static inline struct way_level *way_top(struct way *way)
{
	return &way->levels[way->depth - 1];
}
static inline int way_fd(struct way *way)
{
	return way_top(way)->fd;
}
/* The last name on the way; borrowed from path. Not for the root. */
const char *way_name(const struct way *way);

/* The path of name in the deepest level, to be freed; NULL: no memory. */
char *way_join(const struct way *way, const char *name);

/* The next name but "." and ".." of the deepest level: 1, 0 at the end. A level that had to be opened again is read
 * from its beginning: for walks that remove what they have seen. */
int way_read(struct way *way, struct dirent **entry);

void way_close(struct way *way);
#define cleanup_way __attribute__((cleanup(way_close)))

/* Opens the directory at path below root (borrowed) with O_PATH or O_RDONLY, however long, following nothing; "" is
 * root itself. */
errint_t open_below(int root, const char *path, size_t len, int flags, int *fd);

/* Opens the directory that path lies in and copies path's last name, which must be one: not "/", "." or "..". */
errint_t open_parent(const char *path, int *parent, char **name, struct mica_error *err);

#endif
