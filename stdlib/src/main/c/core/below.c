/* below.c - files below a directory that is open, where no path leads out of it. */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base.h"

/* So often something may be in the way of a call that is tried again: a rename somewhere, or a file that comes and
 * goes. */
enum { MOST_TRIES = 1000 };

#define SET_ID (S_ISUID | S_ISGID)

/* EAGAIN: something was renamed or mounted on this host while the kernel followed a "..", so it cannot be sure. */
static int find(int dir, const char *path, uint64_t flags)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -EAGAIN;

	for (int i = 0; i < MOST_TRIES && fd == -EAGAIN; i++) {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
		if (fd < 0)
			fd = -errno;
	}
	return fd;
}

static errint_t fail(errint_t code, const char *step, const char *path, struct mica_error *err)
{
	return code == -EXDEV ? mica_fail_note(err, code, "follow", path, "it leads out of the folder")
			      : mica_fail(err, code, step, path);
}

/* The directory that the last name lies in, and that name, which is borrowed from path. */
static int find_parent(int dir, const char *path, const char **name, struct mica_error *err)
{
	const char *slash = strrchr(path, '/');
	cleanup_free char *above = slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
	int fd;

	*name = slash ? slash + 1 : path;
	if (!above)
		return mica_fail(err, -ENOMEM, "open", path);
	if (!**name || !strcmp(*name, ".") || !strcmp(*name, ".."))
		return mica_fail_note(err, -EINVAL, "open", path, "it has no name in a folder");
	fd = find(dir, above, O_PATH | O_DIRECTORY);
	return fd < 0 ? fail(fd, "open", above, err) : fd;
}

static int access_of(uint32_t how)
{
	int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

	flags |= !(how & MICA_OPEN_WRITE) ? O_RDONLY : how & MICA_OPEN_READ ? O_RDWR : O_WRONLY;
	return how & MICA_OPEN_APPEND ? flags | O_APPEND : flags;
}

/* By the descriptor, since its name may lead to a device by now. */
static int open_found(int found, const char *path, uint32_t how, struct mica_error *err)
{
	char again[40];
	struct stat st;
	int fd;

	if (fstat(found, &st) < 0)
		return mica_fail(err, -errno, "stat", path);
	if (S_ISDIR(st.st_mode))
		return mica_fail(err, -EISDIR, "open", path);
	if (!S_ISREG(st.st_mode))
		return mica_fail_note(err, -EINVAL, "open", path, "it is not a regular file");
	if (how & MICA_OPEN_WRITE && how & MICA_OPEN_NO_SET_ID && st.st_mode & SET_ID)
		return mica_fail_note(err, -EPERM, "open", path, "it sets a user or group ID");
	snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
	fd = open(again, access_of(how) | (how & MICA_OPEN_TRUNCATE ? O_TRUNC : 0));
	return fd < 0 ? mica_fail(err, -errno, "open", path) : fd;
}

static int create(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err)
{
	const char *name;
	cleanup_fd int parent = find_parent(dir, path, &name, err);
	int fd;

	if (parent < 0)
		return parent;
	fd = openat(parent, name, access_of(how) | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	return fd < 0 ? -errno : fd;
}

static int open_file(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err)
{
	bool creates = how & MICA_OPEN_CREATE, exclusive = creates && how & MICA_OPEN_EXCLUSIVE;

	for (int i = 0; i < MOST_TRIES; i++) {
		cleanup_fd int found = exclusive ? -ENOENT : find(dir, path, O_PATH);
		int fd;

		if (found >= 0)
			return open_found(found, path, how, err);
		if (found != -ENOENT || !creates)
			return fail(found, "open", path, err);
		fd = create(dir, path, how, mode, err);
		if (fd >= 0)
			return fd;
		if (fd != -EEXIST || exclusive)
			return mica_fail(err, fd, "create", path);
	}
	return mica_fail_note(err, -EEXIST, "create", path, "it is a symlink that leads to nothing");
}

int mica_below_open(int dir, const char *path, uint32_t how, uint32_t mode, struct mica_error *err)
{
	uint64_t flags = how & MICA_OPEN_LIST ? O_RDONLY | O_DIRECTORY : O_PATH;
	int fd;

	mica_error_clear(err);
	if (!(how & (MICA_OPEN_LIST | MICA_OPEN_ENTRY)))
		return open_file(dir, path, how, mode, err);
	fd = find(dir, path, how & MICA_OPEN_NOFOLLOW ? flags | O_NOFOLLOW : flags);
	return fd < 0 ? fail(fd, "open", path, err) : fd;
}

errint_t mica_below_make_directory(int dir, const char *path, uint32_t mode, struct mica_error *err)
{
	const char *name;

	mica_error_clear(err);
	cleanup_fd int parent = find_parent(dir, path, &name, err);

	if (parent < 0)
		return parent;
	return mkdirat(parent, name, mode) < 0 ? mica_fail(err, -errno, "make", path) : 0;
}

errint_t mica_below_make_link(int dir, const char *path, const char *text, struct mica_error *err)
{
	const char *name;

	mica_error_clear(err);
	cleanup_fd int parent = find_parent(dir, path, &name, err);

	if (parent < 0)
		return parent;
	return symlinkat(text, parent, name) < 0 ? mica_fail(err, -errno, "make", path) : 0;
}

/* A name that is and one that is to be, each in its directory, which is open. */
struct names {
	int from, to;
	const char *old, *new;
};

static void close_names(const struct names *names)
{
	cleanup_fd_p(&names->from);
	cleanup_fd_p(&names->to);
}
#define cleanup_names __attribute__((cleanup(close_names)))

static errint_t find_names(int from_dir, const char *from_path, int dir, const char *path, struct names *names,
			   struct mica_error *err)
{
	names->from = find_parent(from_dir, from_path, &names->old, err);
	if (names->from < 0)
		return names->from;
	names->to = find_parent(dir, path, &names->new, err);
	return names->to < 0 ? names->to : 0;
}

errint_t mica_below_link(int from_dir, const char *from_path, int dir, const char *path, struct mica_error *err)
{
	cleanup_names struct names names = {-1, -1, NULL, NULL};
	errint_t code;

	mica_error_clear(err);
	code = find_names(from_dir, from_path, dir, path, &names, err);
	if (code == 0 && linkat(names.from, names.old, names.to, names.new, 0) < 0)
		code = mica_fail(err, -errno, "link", path);
	return code;
}

errint_t mica_below_rename(int from_dir, const char *from_path, int dir, const char *path, uint32_t replace,
			   struct mica_error *err)
{
	cleanup_names struct names names = {-1, -1, NULL, NULL};
	uint32_t flags = replace ? 0 : RENAME_NOREPLACE;
	errint_t code;

	mica_error_clear(err);
	code = find_names(from_dir, from_path, dir, path, &names, err);
	if (code == 0 && renameat2(names.from, names.old, names.to, names.new, flags) < 0)
		code = mica_fail(err, -errno, "rename", path);
	return code;
}

errint_t mica_below_remove(int dir, const char *path, uint32_t directory, struct mica_error *err)
{
	const char *name;

	mica_error_clear(err);
	cleanup_fd int parent = find_parent(dir, path, &name, err);

	if (parent < 0)
		return parent;
	return unlinkat(parent, name, directory ? AT_REMOVEDIR : 0) < 0 ? mica_fail(err, -errno, "remove", path) : 0;
}
