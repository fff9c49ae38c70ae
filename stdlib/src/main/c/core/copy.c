#include "copy.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "content.h"

enum { TRIES = 3 };

static errint_t stat_entry(int dirfd, const char *name, struct statx *stx)
{
	return statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_BASIC_STATS, stx) < 0 ? -errno : 0;
}

int copy_open(int dirfd, const char *name)
{
	const int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(dirfd, name, how | O_NOATIME);

	if (fd < 0 && errno == EPERM)
		fd = openat(dirfd, name, how);
	return fd < 0 ? -errno : fd;
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool unchanged(const struct statx *a, const struct statx *b)
{
	return a->stx_size == b->stx_size && same_time(&a->stx_mtime, &b->stx_mtime) &&
	       same_time(&a->stx_ctime, &b->stx_ctime);
}

/* What is read of a file before its bytes are copied. */
struct take {
	struct statx inode, data; /* data: the same as inode, unless it is a metacopy */
	struct xattr_view xattrs;
};

static errint_t look(const struct copy_source *source, int from, struct take *take)
{
	errint_t code = stat_entry(from, "", &take->data);

	if (code == 0 && source->data < 0)
		take->inode = take->data;
	else if (code == 0)
		code = stat_entry(source->dirfd, source->name, &take->inode);
	return code;
}

/* Returns 1 if the file is as it was, 0 if it has changed meanwhile. */
static int take_once(const struct copy_source *source, int from, int to, const char *path, const struct copy_how *how,
		     struct take *take, struct mica_error *err)
{
	struct take after;
	errint_t code = look(source, from, take);

	if (code < 0)
		return mica_fail(err, code, "stat", path);
	code = content_copy(from, to, take->data.stx_size, how->flags, path, how->job, err);
	if (code < 0)
		return code;
	code = xattr_read(source->dirfd, source->name, source->space, &take->xattrs);
	if (code < 0)
		return mica_fail(err, code, "read attributes", path);
	code = look(source, from, &after);
	if (code < 0)
		return mica_fail(err, code, "stat", path);
	return unchanged(&take->inode, &after.inode) && unchanged(&take->data, &after.data);
}

errint_t copy_file(const struct copy_source *source, int from, int to, const struct meta_target *target,
		   const struct copy_how *how, struct mica_error *err)
{
	struct take take = {0};
	struct meta meta;
	int stable = 0;
	errint_t code;

	for (int tries = 0; !stable && tries < TRIES; tries++) {
		if (tries && ftruncate(to, 0) < 0)
			return mica_fail(err, -errno, "write", target->path);
		xattr_view_free(&take.xattrs);
		stable = take_once(source, from, to, target->path, how, &take, err);
		if (how->flags & MICA_COPY_UNSTABLE)
			break;
	}
	meta = meta_of(&take.inode);
	code = stable < 0 ? stable : 0;
	if (stable == 0 && !(how->flags & MICA_COPY_UNSTABLE))
		code = mica_fail_note(err, -EBUSY, "copy", target->path,
				      "it kept changing while it was copied: stop or freeze what writes it");
	if (code == 0)
		code = meta_set(target, &meta, &take.xattrs, err);
	xattr_view_free(&take.xattrs);
	return code;
}

static errint_t copy_regular(const struct copy_source *source, const struct meta_target *target,
			     const struct copy_how *how, struct mica_error *err)
{
	cleanup_fd int own = -1, to = -1;
	struct copy_source inode = *source;
	struct meta_target made;

	if (source->data < 0) {
		own = copy_open(source->dirfd, source->name);
		if (own < 0)
			return mica_fail(err, own, "open", target->path);
		inode = (struct copy_source){own, "", source->space, -1};
	}
	to = openat(target->dirfd, target->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return mica_fail(err, -errno, "create", target->path);
	made = (struct meta_target){to, "", target->space, target->path, target->own};
	return copy_file(&inode, source->data < 0 ? own : source->data, to, &made, how, err);
}

static errint_t read_target(int dirfd, const char *name, char **out)
{
	cleanup_free char *buf = malloc(PATH_MAX + 1); /* no link is longer: the kernel does not allow it */
	ssize_t len = buf ? readlinkat(dirfd, name, buf, PATH_MAX) : -1;

	if (!buf)
		return -ENOMEM;
	if (len < 0)
		return -errno;
	buf[len] = '\0';
	*out = steal_pointer(&buf);
	return 0;
}

static errint_t make_symlink(const struct copy_source *source, const struct meta_target *target)
{
	cleanup_free char *to = NULL;
	errint_t code = read_target(source->dirfd, source->name, &to);

	if (code < 0)
		return code;
	return symlinkat(to, target->dirfd, target->name) < 0 ? -errno : 0;
}

static errint_t make_node(const struct statx *stx, const struct meta_target *target)
{
	dev_t dev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor);

	return mknodat(target->dirfd, target->name, (stx->stx_mode & S_IFMT) | 0600, dev) < 0 ? -errno : 0;
}

errint_t copy_entry(const struct copy_source *source, const struct meta_target *target, const struct copy_how *how,
		    struct mica_error *err)
{
	cleanup_xattr_view struct xattr_view xattrs = {0};
	struct statx stx;
	struct meta meta;
	errint_t code = stat_entry(source->dirfd, source->name, &stx);

	if (code < 0)
		return mica_fail(err, code, "stat", target->path);
	if (S_ISREG(stx.stx_mode))
		return copy_regular(source, target, how, err);
	code = S_ISLNK(stx.stx_mode) ? make_symlink(source, target) : make_node(&stx, target);
	if (code < 0)
		return mica_fail(err, code, "create", target->path);
	code = xattr_read(source->dirfd, source->name, source->space, &xattrs);
	if (code < 0)
		return mica_fail(err, code, "read attributes", target->path);
	meta = meta_of(&stx);
	return meta_set(target, &meta, &xattrs, err);
}
