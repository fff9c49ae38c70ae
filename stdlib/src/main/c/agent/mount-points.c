/*
 * mount-points.c - whether a container's root has the mount points that the runtime needs. A link of a layer may lead
 * the runtime to a path that does not exist. The runtime would make it, in the upper, and it would become part of a
 * commit.
 */
#include "agent.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define MOST_LINKS 40 /* as many as the kernel follows */

static errint_t look_up(int root, const char *path, uint64_t resolve)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve,
	};
	cleanup_fd int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : 0;
}

/* If the path has only one name and that is a link, it is the mount point itself, which the runtime handles. */
static errint_t check_directory(int root, const char *path, struct mica_error *err)
{
	if (!strchr(path + 1, '/') || look_up(root, path, RESOLVE_NO_SYMLINKS) != -ELOOP)
		return 0;
	return look_up(root, path, 0) != -ENOENT
		       ? 0
		       : mica_fail_note(err, -ENOENT, "mount point", path,
					"a link on the way to %s leads to where it is not", path);
}

/* Looks at the path without following a last link. *mode is 0 if nothing is there. Returns the length of a link's text.
 */
static ssize_t look_at(int root, const char *path, mode_t *mode, char link[static PATH_MAX])
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_fd int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;
	ssize_t len;

	*mode = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	*mode = st.st_mode & S_IFMT;
	if (!S_ISLNK(st.st_mode))
		return 0;
	len = readlinkat(fd, "", link, PATH_MAX - 1);
	if (len < 0)
		return -errno;
	link[len] = '\0';
	return len;
}

/* Goes one name further. where is a full path without links, which need not exist; rest is the part still to go. */
static errint_t step(int root, char where[static PATH_MAX], char rest[static PATH_MAX], mode_t *mode)
{
	char link[PATH_MAX] = "", left[PATH_MAX];
	size_t len = strcspn(rest, "/"), had = strlen(where);
	ssize_t said;

	snprintf(left, sizeof(left), "%s", rest + len + strspn(rest + len, "/"));
	if (len == 2 && !strncmp(rest, "..", 2)) {
		if (!*mode)
			return -ENOENT;
		*(had ? strrchr(where, '/') : where) = '\0';
	} else if (len && !(len == 1 && *rest == '.')) {
		if (had + 1 + len >= PATH_MAX)
			return -ENAMETOOLONG;
		snprintf(where + had, PATH_MAX - had, "/%.*s", (int)len, rest);
		said = look_at(root, where, mode, link);
		if (said < 0)
			return (errint_t)said;
		if (said > 0)
			where[*link == '/' ? 0 : had] = '\0';
	}
	if (snprintf(rest, PATH_MAX, "%s%s%s", link, *link && *left ? "/" : "", left) >= PATH_MAX)
		return -ENAMETOOLONG;
	return 0;
}

/* Finds out where path leads in the root, as the runtime follows it; *mode is 0 if nothing is there. */
static errint_t follow(int root, const char *path, char where[static PATH_MAX], mode_t *mode)
{
	char rest[PATH_MAX];
	int links = 0;

	*where = '\0';
	*mode = S_IFDIR;
	snprintf(rest, sizeof(rest), "%s", path + 1);
	while (*rest) {
		errint_t code = step(root, where, rest, mode);

		if (code)
			return code;
		if (*mode == S_IFLNK && ++links > MOST_LINKS)
			return -ELOOP;
	}
	return 0;
}

static bool is_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return !strncmp(path, folder, len) && (!path[len] || path[len] == '/');
}

static errint_t refuse(errint_t code, const char *path, const char *why, struct mica_error *err)
{
	return mica_fail_note(err, code, "mount point", path, "%s %s", path, why);
}

static errint_t check_file(const char *name, int root, const char *path, bool *more, struct mica_error *err)
{
	char where[PATH_MAX];
	mode_t mode;
	errint_t code = follow(root, path, where, &mode);

	if (code == -ELOOP)
		return refuse(code, path, "is a link that leads in a circle, or over too many others", err);
	if (code == -ENOTDIR)
		return refuse(code, path, "leads through a file that is no directory", err);
	if (code == -ENOENT)
		return refuse(-ENOTDIR, path, "leads over a directory that is not there", err);
	if (code)
		return mica_fail(err, code, "mount point", path);
	if (is_in(where, "/proc") || is_in(where, "/sys"))
		return refuse(-EXDEV, path, "leads to where the kernel's own files are mounted", err);
	if (mode == S_IFDIR)
		return refuse(-EISDIR, path, "is a directory, or leads to one", err);
	if (mode || is_in(where, "/dev"))
		return 0;
	*more = true;
	return skeleton_add(name, where, err);
}

errint_t mount_points_check(const char *name, const char *root, const char *list, bool *more, struct mica_error *err)
{
	cleanup_fd int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[PATH_MAX];
	const char *item;
	size_t len;
	errint_t code = fd < 0 ? mica_fail(err, -errno, "open", root) : 0;

	*more = false;
	/* It is a valid list: that was checked when the skeleton was made from it. */
	while (!code && line_next_item(&list, &item, &len)) {
		code = line_decode(item, len, path, sizeof(path));
		if (!code)
			code = *path == 'f' ? check_file(name, fd, path + 2, more, err)
					    : check_directory(fd, path + 2, err);
	}
	return code;
}
