/*
 * dir-stack.h - the directories from a root down to where a walk is, however deep. Private to core/.
 *
 * Only the deepest ones hold a descriptor. Those further up are opened again by ".." when the walk comes
 * back to them, and must then be the directories that they were.
 */
#ifndef MICA_DIR_STACK_H
#define MICA_DIR_STACK_H

#include "base.h"

struct dir_level {
	int fd;		 /* -1 while too far up to be kept */
	DIR *dir;	 /* set once it is read by dir_stack_read; owns fd */
	dev_t dev;	 /* of the directory, known only while fd is -1 */
	ino_t ino;	 /* likewise */
	size_t path_len; /* of stack.path for this directory */
	uint32_t passes; /* for the walker's use */
};

/* Zeroed is empty. levels[0] is the root. */
struct dir_stack {
	struct dir_level *levels;
	size_t depth, capacity;
	char *path; /* from the root to the deepest level, "" at the root */
	size_t path_capacity;
};

/* Both take fd, on failure too. -ENOMEM is all that can go wrong. */
errint_t dir_stack_start(struct dir_stack *stack, int fd);
errint_t dir_stack_push(struct dir_stack *stack, int fd, const char *name);

/* Leaves the deepest level; the one above is open afterwards. -ESTALE if it is not where it was. */
errint_t dir_stack_pop(struct dir_stack *stack);

static inline struct dir_level *dir_stack_top(struct dir_stack *stack)
{
	return &stack->levels[stack->depth - 1];
}
static inline int dir_stack_fd(struct dir_stack *stack)
{
	return dir_stack_top(stack)->fd;
}
/* The name of the deepest level, borrowed from path. Not for the root. */
const char *dir_stack_name(const struct dir_stack *stack);

/* The path of name in the deepest level, to be freed; NULL: no memory. */
char *dir_stack_join(const struct dir_stack *stack, const char *name);

/* The next name but "." and ".." of the deepest level: 1, 0 at the end. A level that had to be opened again is read
 * from its beginning: for walks that remove what they have seen. */
int dir_stack_read(struct dir_stack *stack, struct dirent **entry);

void dir_stack_close(struct dir_stack *stack);
#define cleanup_dir_stack __attribute__((cleanup(dir_stack_close)))

/* Opens the directory at path below root (borrowed) with O_PATH or O_RDONLY, however long, following nothing; "" is
 * root itself. */
errint_t open_below(int root, const char *path, size_t len, int flags, int *fd);

/* Opens the directory that path lies in and copies path's last name, which must be one: not "/", "." or "..". */
errint_t open_parent(const char *path, int *parent, char **name, struct mica_error *err);

#endif
