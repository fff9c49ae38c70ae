/*
 * dir-stack.h - the directories from a root down to the place of a walk, at any depth. Private to core/.
 *
 * Only the deepest levels have a descriptor. The upper ones are opened again by ".." when the walk comes back
 * to them, and must then be the same directories as before.
 */
#ifndef MICA_DIR_STACK_H
#define MICA_DIR_STACK_H

#include "base.h"

struct dir_level {
	int fd;		 /* -1 while the level is too far up to stay open */
	DIR *dir;	 /* owns fd; set once dir_stack_read has read from it */
	dev_t dev;	 /* of the directory; only valid while fd is -1 */
	ino_t ino;	 /* the same */
	size_t path_len; /* the length of the directory's path in stack.path */
	uint32_t passes; /* for the user of the stack */
};

/* A zeroed stack is empty. levels[0] is the root. */
struct dir_stack {
	struct dir_level *levels;
	size_t depth, capacity;
	char *path; /* from the root to the deepest level, "" at the root */
	size_t path_capacity;
};

/* Both take over fd, also on failure. They can only fail with -ENOMEM. */
errint_t dir_stack_start(struct dir_stack *stack, int fd);
errint_t dir_stack_push(struct dir_stack *stack, int fd, const char *name);

/* Leaves the deepest level, and opens the one above again if need be. -ESTALE: that one is no longer where it was. */
errint_t dir_stack_pop(struct dir_stack *stack);

static inline struct dir_level *dir_stack_top(struct dir_stack *stack)
{
	return &stack->levels[stack->depth - 1];
}
static inline int dir_stack_fd(struct dir_stack *stack)
{
	return dir_stack_top(stack)->fd;
}
/* The name of the deepest level, which must not be the root. It is borrowed from path. */
const char *dir_stack_name(const struct dir_stack *stack);

/* Returns the path of name in the deepest level, which the caller must free, or NULL if there is no memory. */
char *dir_stack_join(const struct dir_stack *stack, const char *name);

/* Reads the next entry of the deepest level, except "." and "..". Returns 1, 0 at the end, or -errno. A level that was
 * opened again is read from its beginning, so this is for walks that remove what they have read. */
int dir_stack_read(struct dir_stack *stack, struct dirent **entry);

void dir_stack_close(struct dir_stack *stack);
#define cleanup_dir_stack __attribute__((cleanup(dir_stack_close)))

/* Opens the directory at path below root, which is borrowed; flags: O_PATH or O_RDONLY. The path is the first len
 * bytes, and may have any length; "" is root itself. No symbolic link is followed. The caller must close *fd. */
errint_t open_below(int root, const char *path, size_t len, int flags, int *fd);

/* Opens the directory that path lies in, and copies the last name of path. *parent must be -1 before; the caller
 * must close it and free *name, even after a failure. -EINVAL: the last name is "/", "." or "..". */
errint_t open_parent(const char *path, int *parent, char **name, struct mica_error *err);

#endif
