/* identity.c - which directory one is, whatever its path says. */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "base.h"

#define FD_LINKS "/proc/self/fd/"

/* File systems without handles leave handle_len 0. */
static void read_handle(int fd, struct mica_identity *is)
{
	union {
		struct file_handle head;
		char room[sizeof(struct file_handle) + sizeof(is->handle)];
	} handle;
	int mount_id;

	handle.head.handle_bytes = sizeof(is->handle);
	if (name_to_handle_at(fd, "", &handle.head, &mount_id, AT_EMPTY_PATH) < 0)
		return;
	is->handle_type = (uint32_t)handle.head.handle_type;
	is->handle_len = handle.head.handle_bytes;
	memcpy(is->handle, handle.head.f_handle, handle.head.handle_bytes);
}

errint_t mica_identify(int fd, struct mica_identity *is)
{
	struct statfs fs;
	struct statx stx;

	*is = (struct mica_identity){0};
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, &stx) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	is->dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	is->ino = stx.stx_ino;
	is->type = (uint32_t)fs.f_type;
	is->uid = stx.stx_uid;
	is->mode = stx.stx_mode;
	if (stx.stx_mask & STATX_BTIME) {
		is->born = stx.stx_btime.tv_sec;
		is->born_nsec = stx.stx_btime.tv_nsec;
	}
	read_handle(fd, is);
	return 0;
}

/* Of a path below a descriptor of ours, which the caller means: the descriptor, and *path becomes what follows it. */
static int own_descriptor(const char **path)
{
	const char *number = *path + strlen(FD_LINKS), *rest;
	char *end;
	long fd;

	if (strncmp(*path, FD_LINKS, strlen(FD_LINKS)) || *number < '0' || *number > '9')
		return AT_FDCWD;
	fd = strtol(number, &end, 10);
	if (*end != '/' || fd > INT_MAX)
		return AT_FDCWD;
	rest = end + strspn(end, "/");
	*path = *rest ? rest : ".";
	return (int)fd;
}

/*
 * A link of /proc leads into other mount namespaces, where a user can mount anything anywhere: the path of what is
 * found there, as the kernel tells it, may be one of ours.
 */
static int open_path(const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int dir = own_descriptor(&path);

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int mica_open_directory(const char *path, struct mica_identity *is, struct mica_error *err)
{
	cleanup_fd int fd = open_path(path);
	errint_t code;

	mica_error_clear(err);
	if (fd < 0)
		return mica_fail(err, -errno, "open", path);
	code = mica_identify(fd, is);
	return code ? mica_fail(err, code, "stat", path) : steal_fd(&fd);
}

void mica_close_directory(int fd)
{
	close(fd);
}

errint_t mica_sync_directory(const char *dir, struct mica_error *err)
{
	cleanup_fd int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mica_error_clear(err);
	if (fd < 0)
		return mica_fail(err, -errno, "open", dir);
	return fsync(fd) < 0 ? mica_fail(err, -errno, "sync", dir) : 0;
}
