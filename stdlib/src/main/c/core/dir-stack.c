#include "dir-stack.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* The number of levels that keep a descriptor, without the root: two stacks must work with a low limit of open files.
 */
enum { DIR_STACK_OPEN = 16 };

static void close_level(struct dir_level *level)
{
	if (level->dir)
		closedir(level->dir);
	else if (level->fd >= 0)
		close(level->fd);
	level->dir = NULL;
	level->fd = -1;
}

void dir_stack_close(struct dir_stack *stack)
{
	while (stack->depth)
		close_level(&stack->levels[--stack->depth]);
	free(stack->levels);
	free(stack->path);
	*stack = (struct dir_stack){0};
}

static errint_t reserve(struct dir_stack *stack, size_t path_len)
{
	if (stack->depth == stack->capacity) {
		size_t capacity = stack->capacity ? stack->capacity * 2 : 32;
		struct dir_level *levels = reallocarray(stack->levels, capacity, sizeof(*levels));

		if (!levels)
			return -ENOMEM;
		stack->levels = levels;
		stack->capacity = capacity;
	}
	if (path_len + 1 > stack->path_capacity) {
		size_t capacity = (path_len + 1) * 2;
		char *path = realloc(stack->path, capacity);

		if (!path)
			return -ENOMEM;
		stack->path = path;
		stack->path_capacity = capacity;
	}
	return 0;
}

/* Closes the level that is now too far up. If fstat fails, the level stays open. */
static void close_upper_level(struct dir_stack *stack)
{
	struct dir_level *level;
	struct stat st;

	if (stack->depth < DIR_STACK_OPEN + 2)
		return;
	level = &stack->levels[stack->depth - 1 - DIR_STACK_OPEN];
	if (level->fd < 0 || fstat(level->fd, &st) < 0)
		return;
	level->dev = st.st_dev;
	level->ino = st.st_ino;
	close_level(level);
}

static errint_t push(struct dir_stack *stack, int fd, const char *name)
{
	size_t above = stack->depth ? dir_stack_top(stack)->path_len : 0, slash = above > 0, len = strlen(name);
	errint_t code = reserve(stack, above + slash + len);

	if (code < 0) {
		close(fd);
		return code;
	}
	if (slash)
		stack->path[above] = '/';
	memcpy(stack->path + above + slash, name, len + 1);
	stack->levels[stack->depth++] = (struct dir_level){.fd = fd, .path_len = above + slash + len};
	close_upper_level(stack);
	return 0;
}

errint_t dir_stack_start(struct dir_stack *stack, int fd)
{
	return push(stack, fd, "");
}

errint_t dir_stack_push(struct dir_stack *stack, int fd, const char *name)
{
	return push(stack, fd, name);
}

static errint_t open_again(struct dir_level *level, int below)
{
	cleanup_fd int fd = openat(below, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != level->dev || st.st_ino != level->ino)
		return -ESTALE;
	level->fd = steal_fd(&fd);
	return 0;
}

errint_t dir_stack_pop(struct dir_stack *stack)
{
	struct dir_level *left = dir_stack_top(stack);
	errint_t code = 0;

	if (stack->depth > 1 && left[-1].fd < 0)
		code = open_again(&left[-1], left->fd);
	close_level(left);
	stack->depth--;
	stack->path[stack->depth ? dir_stack_top(stack)->path_len : 0] = '\0';
	return code;
}

const char *dir_stack_name(const struct dir_stack *stack)
{
	size_t above = stack->levels[stack->depth - 2].path_len;

	return stack->path + above + (above > 0);
}

char *dir_stack_join(const struct dir_stack *stack, const char *name)
{
	size_t above = stack->levels[stack->depth - 1].path_len, slash = above && *name;
	char *path = malloc(above + slash + strlen(name) + 1);

	if (!path)
		return NULL;
	memcpy(path, stack->path, above);
	if (slash)
		path[above] = '/';
	strcpy(path + above + slash, name);
	return path;
}

int dir_stack_read(struct dir_stack *stack, struct dirent **entry)
{
	struct dir_level *top = dir_stack_top(stack);

	if (!top->dir)
		top->dir = fdopendir(top->fd);
	if (!top->dir)
		return -errno;
	do {
		errno = 0;
		*entry = readdir(top->dir);
		if (!*entry)
			return errno ? -errno : 0;
	} while (!strcmp((*entry)->d_name, ".") || !strcmp((*entry)->d_name, ".."));
	return 1;
}

static int open_beneath(int dirfd, const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_DIRECTORY | O_CLOEXEC),
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	long fd;

	do
		fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return (int)fd;
}

/* The length of the part of path that one call takes, in whole names. */
static size_t stretch(const char *path, size_t len)
{
	const char *slash = len < PATH_MAX ? NULL : memrchr(path, '/', PATH_MAX - 1);

	return slash ? (size_t)(slash - path) : len;
}

errint_t open_below(int root, const char *path, size_t len, int flags, int *fd)
{
	cleanup_fd int here = -1;
	char names[PATH_MAX];

	for (;;) {
		size_t part = stretch(path, len);
		bool last = part == len;
		int next;

		if (part >= sizeof(names))
			return -ENAMETOOLONG;
		memcpy(names, part ? path : ".", part ? part : 1);
		names[part ? part : 1] = '\0';
		next = open_beneath(here < 0 ? root : here, names, last ? flags : O_PATH);
		if (next < 0)
			return -errno;
		if (here >= 0)
			close(here);
		here = next;
		if (last)
			break;
		path += part + 1;
		len -= part + 1;
	}
	*fd = steal_fd(&here);
	return 0;
}

errint_t open_parent(const char *path, int *parent, char **name, struct mica_error *err)
{
	size_t end = strlen(path), start;
	cleanup_free char *dir = NULL;

	while (end && path[end - 1] == '/')
		end--;
	for (start = end; start && path[start - 1] != '/';)
		start--;
	*name = strndup(path + start, end - start);
	dir = start ? strndup(path, start) : strdup(".");
	if (!*name || !dir)
		return mica_fail(err, -ENOMEM, "open", path);
	if (start == end || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return mica_fail_note(err, -EINVAL, "open", path, "the path must end in a name");
	*parent = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *parent < 0 ? mica_fail(err, -errno, "open", dir) : 0;
}
