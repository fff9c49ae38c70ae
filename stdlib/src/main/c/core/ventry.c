/* ventry.c - an entry of a view: its metadata in the layer that has it, its attributes and its bytes. */
#include "view.h"

#include "exact.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static char type_of(uint32_t mode)
{
	static const char types[16] = {
		[S_IFREG >> 12] = 'f',	[S_IFDIR >> 12] = 'd', [S_IFLNK >> 12] = 'l', [S_IFIFO >> 12] = 'p',
		[S_IFSOCK >> 12] = 's', [S_IFBLK >> 12] = 'b', [S_IFCHR >> 12] = 'c',
	};

	return types[(mode & S_IFMT) >> 12];
}

static void set_stat(struct ventry *entry, const struct statx *stx)
{
	entry->type = type_of(stx->stx_mode);
	entry->mode = stx->stx_mode & 07777;
	entry->uid = stx->stx_uid;
	entry->gid = stx->stx_gid;
	entry->nlink = stx->stx_nlink;
	entry->mtime = stx->stx_mtime.tv_sec;
	entry->mtime_nsec = stx->stx_mtime.tv_nsec;
	entry->size = stx->stx_size;
	entry->blocks = stx->stx_blocks;
	entry->ino = stx->stx_ino;
	entry->dev = makedev(stx->stx_dev_major, stx->stx_dev_minor);
	entry->flags = flags_of(stx);
	entry->rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor);
}

static bool means_absent(int error)
{
	return error == ENOENT || error == ENAMETOOLONG || error == ENOTDIR;
}

errint_t ventry_stat(struct layer_dir *layer_dir, const char *name, struct ventry *entry, struct mica_error *err)
{
	struct statx stx;
	bool opened = entry->fd >= 0;
	int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | (*name && !opened ? 0 : AT_EMPTY_PATH);

	if (statx(opened ? entry->fd : layer_dir->fd, opened ? "" : name, flags, STATX_BASIC_STATS, &stx))
		return means_absent(errno) ? 0 : layer_dir_fail(err, -errno, "stat", layer_dir, name, NULL);
	if (entry->view->overlay && *name && stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return layer_dir_fail(err, -EOPNOTSUPP, "look up", layer_dir, name,
				      "something is mounted here, inside a layer; unmount it first");
	set_stat(entry, &stx);
	entry->layer_dir = layer_dir;
	entry->name = name;
	return 0;
}

void ventry_free(struct ventry *entry)
{
	vdir_unref(entry->dir);
	if (entry->fd >= 0)
		close(entry->fd);
	if (entry->data_dir)
		layer_dir_unref(entry->view->layer_dirs, entry->data_dir);
	free(entry->data_name);
	if (entry->listed)
		xattr_names_free(&entry->xattrs);
	entry->dir = NULL;
	entry->fd = -1;
	entry->data_dir = NULL;
	entry->data_name = NULL;
	entry->listed = false;
}

/* The (dirfd, name) for calls on attributes, by its descriptor if there is one. */
static int at_fd(const struct ventry *entry)
{
	return entry->fd >= 0 ? entry->fd : entry->layer_dir->fd;
}

static const char *at_name(const struct ventry *entry)
{
	return entry->fd >= 0 ? "" : entry->name;
}

errint_t ventry_list_xattrs(struct ventry *entry, struct mica_error *err)
{
	errint_t ret;

	if (entry->listed)
		return 0;
	entry->xattrs.heap = NULL;
	ret = xattr_list(at_fd(entry), at_name(entry), &entry->xattrs);
	if (ret) {
		xattr_names_free(&entry->xattrs);
		return layer_dir_fail(err, ret, "list xattrs", entry->layer_dir, entry->name, NULL);
	}
	entry->listed = true;
	return 0;
}

/* The flags that an exact copy of the entry would have. Those of the root belong to the place where it lies. */
static errint_t read_exact(struct ventry *entry, struct xattr_view *out, struct mica_error *err)
{
	const char *why = "";
	uint8_t flags = 0;
	errint_t ret =
		exact_xattrs(at_fd(entry), at_name(entry), entry->view->exact, &entry->xattrs, out, &flags, &why);

	if (ret)
		return layer_dir_fail(err, ret, "read xattrs", entry->layer_dir, entry->name, why);
	if (*entry->name)
		entry->flags |= flags;
	return 0;
}

errint_t ventry_xattrs(struct ventry *entry, struct xattr_view *out, struct mica_error *err)
{
	errint_t ret = ventry_list_xattrs(entry, err);

	*out = (struct xattr_view){0};
	if (ret)
		return ret;
	if (entry->view->exact)
		return read_exact(entry, out, err);
	ret = xattr_read_listed(at_fd(entry), at_name(entry), entry->view->space, &entry->xattrs, out);
	return ret ? layer_dir_fail(err, ret, "read xattrs", entry->layer_dir, entry->name, NULL) : 0;
}

/*
 * It was a regular file a moment ago. If a fifo has taken its place, O_NONBLOCK prevents that we hang, and reading it
 * gives no bytes. To check what was opened would cost as much as reading a small file.
 */
static errint_t open_regular(struct layer_dirs *layer_dirs, int dirfd, const char *name, int *fd)
{
	errint_t ret = layer_dir_openat(layer_dirs, dirfd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, fd);

	return ret == -ELOOP || ret == -ENXIO ? -ESTALE : ret;
}

/* The directory of an entry is pinned already; the directory of bytes in a lower layer may not be. */
static errint_t open_data(const struct ventry *entry, int *fd)
{
	struct layer_dirs *layer_dirs = entry->view->layer_dirs;
	int dirfd;
	errint_t ret;

	if (!entry->data_dir)
		return open_regular(layer_dirs, entry->layer_dir->fd, entry->name, fd);
	ret = layer_dir_pin(layer_dirs, entry->data_dir, &dirfd);
	if (ret)
		return ret;
	ret = open_regular(layer_dirs, dirfd, entry->data_name, fd);
	layer_dir_unpin(layer_dirs, entry->data_dir);
	return ret;
}

errint_t ventry_open(const struct ventry *entry, int *fd, struct mica_error *err)
{
	errint_t ret;

	*fd = -1;
	ret = open_data(entry, fd);
	if (ret && entry->data_dir)
		return layer_dir_fail(err, ret, "open", entry->data_dir, entry->data_name, NULL);
	return ret ? layer_dir_fail(err, ret, "open", entry->layer_dir, entry->name, NULL) : 0;
}

errint_t ventry_readlink(const struct ventry *entry, char **target, struct mica_error *err)
{
	for (size_t room = entry->size + 1 < 64 ? 64 : entry->size + 1;; room *= 2) {
		cleanup_free char *buf = malloc(room);
		ssize_t got = buf ? readlinkat(entry->layer_dir->fd, entry->name, buf, room) : -1;

		if (got < 0)
			return layer_dir_fail(err, buf ? -errno : -ENOMEM, "read link", entry->layer_dir, entry->name,
					      NULL);
		if ((size_t)got < room) {
			buf[got] = '\0';
			*target = steal_pointer(&buf);
			return 0;
		}
	}
}
