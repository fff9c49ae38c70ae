#include <fcntl.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "meta.h"
#include "names.h"

static bool overlays_own(const char *name, enum xattr_space space)
{
	size_t len = strlen(xattr_prefix(space));

	return !strncmp(name, xattr_prefix(space), len) && strncmp(name + len, "overlay.", 8) != 0;
}

/* The model may be a layer of either kind. What overlayfs keeps in its xattrs does not belong to the folder. */
static void drop_overlays_own(struct xattr_view *xattrs)
{
	size_t kept = 0;

	for (size_t i = 0; i < xattrs->count; i++) {
		struct xattr *x = &xattrs->list[i];

		if (overlays_own(x->name, XATTR_TRUSTED) || overlays_own(x->name, XATTR_USER))
			free(x->value); /* the name is in the same piece */
		else
			xattrs->list[kept++] = *x;
	}
	xattrs->count = kept;
}

static errint_t read_model(const char *model, struct meta *meta, struct xattr_view *xattrs, struct mica_error *err)
{
	struct statx stx;
	cleanup_fd int fd = open(model, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errint_t code;

	if (fd < 0)
		return mica_fail(err, -errno, "open", model);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return mica_fail(err, -errno, "stat", model);
	*meta = meta_of(&stx);
	code = xattr_read(fd, "", XATTR_PLAIN, xattrs);
	if (code < 0)
		return mica_fail(err, code, "read attributes", model);
	drop_overlays_own(xattrs);
	return 0;
}

static errint_t check_empty(int dir, const char *path, struct mica_error *err)
{
	cleanup_names struct names names = NAMES_EMPTY;
	errint_t code = names_read(dir, &names);

	if (code < 0)
		return mica_fail(err, code, "read", path);
	if (names.count)
		return mica_fail_note(err, -ENOTEMPTY, "make directory", path, "it exists and is not empty");
	return 0;
}

errint_t mica_make_directory_like(const char *model, const char *path, struct mica_error *err)
{
	cleanup_xattr_view struct xattr_view xattrs = {0};
	cleanup_fd int parent = -1, dir = -1;
	cleanup_free char *name = NULL;
	struct meta meta;
	bool made = false;
	errint_t code;

	mica_error_clear(err);
	code = read_model(model, &meta, &xattrs, err);
	if (code == 0)
		code = open_parent(path, &parent, &name, err);
	if (code < 0)
		return code;
	made = mkdirat(parent, name, 0700) == 0;
	if (!made && errno != EEXIST)
		return mica_fail(err, -errno, "make directory", path);
	dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	code = dir < 0 ? mica_fail(err, -errno, "open", path) : made ? 0 : check_empty(dir, path, err);
	if (code == 0)
		code = meta_set(&(struct meta_target){dir, "", XATTR_PLAIN, path, true}, &meta, &xattrs, err);
	if (code == 0 && (fsync(dir) < 0 || fsync(parent) < 0))
		code = mica_fail(err, -errno, "sync", path);
	if (code < 0 && made)
		unlinkat(parent, name, AT_REMOVEDIR);
	return code;
}

errint_t mica_set_mtime(const char *path, int64_t seconds, uint32_t nanoseconds, struct mica_error *err)
{
	struct meta meta = {.mtime = seconds, .mtime_nsec = nanoseconds};
	cleanup_fd int parent = -1;
	cleanup_free char *name = NULL;
	errint_t code;

	mica_error_clear(err);
	code = open_parent(path, &parent, &name, err);
	return code < 0 ? code
			: meta_set_times(&(struct meta_target){parent, name, XATTR_PLAIN, path, false}, &meta, err);
}

errint_t mica_sync(const char *path, struct mica_error *err)
{
	cleanup_fd int fd = -1;

	mica_error_clear(err);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return mica_fail(err, -errno, "open", path);
	return syncfs(fd) < 0 ? mica_fail(err, -errno, "sync", path) : 0;
}
