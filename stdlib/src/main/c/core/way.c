#include "way.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Levels with a descriptor, the root aside: few enough for two ways and a low limit of open files. */
enum { WAY_OPEN = 16 };

static void close_level(struct way_level *level)
{
	if (level->dir)
		closedir(level->dir);
	else if (level->fd >= 0)
		close(level->fd);
	level->dir = NULL;
	level->fd = -1;
}

void way_close(struct way *way)
{
	while (way->depth)
		close_level(&way->levels[--way->depth]);
	free(way->levels);
	free(way->path);
	*way = (struct way){0};
}

static errint_t reserve(struct way *way, size_t path_len)
{
	if (way->depth == way->capacity) {
		size_t capacity = way->capacity ? way->capacity * 2 : 32;
		struct way_level *levels = reallocarray(way->levels, capacity, sizeof(*levels));

		if (!levels)
			return -ENOMEM;
		way->levels = levels;
		way->capacity = capacity;
	}
	if (path_len + 1 > way->path_capacity) {
		size_t capacity = (path_len + 1) * 2;
		char *path = realloc(way->path, capacity);

		if (!path)
			return -ENOMEM;
		way->path = path;
		way->path_capacity = capacity;
	}
	return 0;
}

/* Lets go of the descriptor that is now too far up. Should fstat fail, it is simply kept. */
static void rest_upper_level(struct way *way)
{
	struct way_level *level;
	struct stat st;

	if (way->depth < WAY_OPEN + 2)
		return;
	level = &way->levels[way->depth - 1 - WAY_OPEN];
	if (level->fd < 0 || fstat(level->fd, &st) < 0)
		return;
	level->dev = st.st_dev;
	level->ino = st.st_ino;
	close_level(level);
}

static errint_t push(struct way *way, int fd, const char *name)
{
	size_t above = way->depth ? way_top(way)->path_len : 0, slash = above > 0, len = strlen(name);
	errint_t code = reserve(way, above + slash + len);

	if (code < 0) {
		close(fd);
		return code;
	}
	if (slash)
		way->path[above] = '/';
	memcpy(way->path + above + slash, name, len + 1);
	way->levels[way->depth++] = (struct way_level){.fd = fd, .path_len = above + slash + len};
	rest_upper_level(way);
	return 0;
}

errint_t way_start(struct way *way, int fd)
{
	return push(way, fd, "");
}

errint_t way_push(struct way *way, int fd, const char *name)
{
	return push(way, fd, name);
}

static errint_t open_again(struct way_level *level, int below)
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

errint_t way_pop(struct way *way)
{
	struct way_level *left = way_top(way);
	errint_t code = 0;

	if (way->depth > 1 && left[-1].fd < 0)
		code = open_again(&left[-1], left->fd);
	close_level(left);
	way->depth--;
	way->path[way->depth ? way_top(way)->path_len : 0] = '\0';
	return code;
}

const char *way_name(const struct way *way)
{
	size_t above = way->levels[way->depth - 2].path_len;

	return way->path + above + (above > 0);
}

char *way_join(const struct way *way, const char *name)
{
	size_t above = way->levels[way->depth - 1].path_len, slash = above && *name;
	char *path = malloc(above + slash + strlen(name) + 1);

	if (!path)
		return NULL;
	memcpy(path, way->path, above);
	if (slash)
		path[above] = '/';
	strcpy(path + above + slash, name);
	return path;
}

int way_read(struct way *way, struct dirent **entry)
{
	struct way_level *top = way_top(way);

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

/* How much of path one call takes: whole names. */
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
