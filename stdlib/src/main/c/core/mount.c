/*
 * mount.c - attaches mounts, makes bind mounts, and unmounts. Overlays are in overlay-mount.c.
 */
#include "mount.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "dir-stack.h"

#define BIND_FLAGS (MICA_MOUNT_RDONLY | MICA_MOUNT_NODEV | MICA_MOUNT_NOSUID | MICA_MOUNT_NOEXEC)

struct fd_path mica_fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}

unsigned mica_mount_attributes(uint32_t flags)
{
	return (flags & MICA_MOUNT_RDONLY ? MOUNT_ATTR_RDONLY : 0) | (flags & MICA_MOUNT_NODEV ? MOUNT_ATTR_NODEV : 0) |
	       (flags & MICA_MOUNT_NOSUID ? MOUNT_ATTR_NOSUID : 0) |
	       (flags & MICA_MOUNT_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
}

unsigned long mica_mount_flags(uint32_t flags)
{
	return (flags & MICA_MOUNT_RDONLY ? MS_RDONLY : 0) | (flags & MICA_MOUNT_NODEV ? MS_NODEV : 0) |
	       (flags & MICA_MOUNT_NOSUID ? MS_NOSUID : 0) | (flags & MICA_MOUNT_NOEXEC ? MS_NOEXEC : 0);
}

int mica_open_target(const char *target, bool must_be_dir, struct mica_error *err)
{
	struct stat st;
	cleanup_fd int fd = open(target, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return mica_fail(err, -errno, "open", target);
	if (fstat(fd, &st) < 0)
		return mica_fail(err, -errno, "stat", target);
	/* An unmount does not follow a link, so what was mounted through one could not be unmounted again. */
	if (S_ISLNK(st.st_mode))
		return mica_fail_note(err, -ELOOP, "open", target, "a mount point may not be a symbolic link");
	if (must_be_dir && !S_ISDIR(st.st_mode))
		return mica_fail(err, -ENOTDIR, "open", target);
	return steal_fd(&fd);
}

/* A mount that is attached to a shared one becomes shared itself, so this is done after attaching it. */
static errint_t make_private(int mount_fd)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	if (!mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return 0;
	if (errno == ENOSYS && !mount(NULL, mica_fd_path(mount_fd).text, NULL, MS_PRIVATE, NULL))
		return 0;
	return -errno;
}

uint32_t mica_forbidden(int fd)
{
	struct statvfs st;

	/* If the flags are not known, the strictest are assumed. */
	if (fstatvfs(fd, &st) < 0)
		return MICA_MOUNT_NODEV | MICA_MOUNT_NOSUID | MICA_MOUNT_NOEXEC;
	return (st.f_flag & ST_NODEV ? MICA_MOUNT_NODEV : 0) | (st.f_flag & ST_NOSUID ? MICA_MOUNT_NOSUID : 0) |
	       (st.f_flag & ST_NOEXEC ? MICA_MOUNT_NOEXEC : 0);
}

errint_t mica_attach(int mount_fd, int target_fd, const char *target, struct mica_error *err)
{
	errint_t code;

	if (move_mount(mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return mica_fail(err, -errno, "move_mount", target);
	code = make_private(mount_fd);
	if (!code)
		return 0;
	umount2(mica_fd_path(mount_fd).text, MNT_DETACH);
	return mica_fail(err, code, "make private", target);
}

/* move_mount only returns EINVAL. */
static errint_t check_same_kind(int source_fd, int target_fd, const char *target, struct mica_error *err)
{
	struct stat source, at;

	if (fstat(source_fd, &source) < 0 || fstat(target_fd, &at) < 0)
		return mica_fail(err, -errno, "stat", target);
	if (S_ISDIR(source.st_mode) == S_ISDIR(at.st_mode))
		return 0;
	return mica_fail_note(err, -ENOTDIR, "bind", target, "a folder goes on a folder, a file on a file");
}

errint_t mica_bind_by_tree(const char *source, const char *target, uint32_t flags, struct mica_error *err)
{
	struct mount_attr attr = {.attr_set = mica_mount_attributes(flags), .propagation = MS_PRIVATE};
	cleanup_fd int target_fd = mica_open_target(target, false, err);
	cleanup_fd int tree_fd = -1;
	errint_t code;

	if (target_fd < 0)
		return target_fd;
	tree_fd = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree_fd < 0)
		return errno == ENOSYS ? -ENOSYS : mica_fail(err, -errno, "open_tree", source);
	if (mount_setattr(tree_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return errno == ENOSYS ? -ENOSYS : mica_fail(err, -errno, "mount_setattr", source);
	code = check_same_kind(tree_fd, target_fd, target, err);
	return code ? code : mica_attach(tree_fd, target_fd, target, err);
}

/* A bind remount sets all flags at once: those of the source must be given again, or they are lost. */
static errint_t restrict_bind(const char *mounted, uint32_t flags)
{
	unsigned long keep = MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;
	unsigned long set = MS_REMOUNT | MS_BIND;
	struct statvfs now;

	if (statvfs(mounted, &now) < 0)
		return -errno;
	set |= now.f_flag & keep;
	set |= now.f_flag & ST_RELATIME ? MS_RELATIME : 0;
	set |= mica_mount_flags(flags);
	return mount(NULL, mounted, NULL, set, NULL) < 0 ? -errno : 0;
}

errint_t mica_bind_by_mount2(const char *source, const char *target, uint32_t flags, struct mica_error *err)
{
	cleanup_fd int target_fd = mica_open_target(target, false, err);
	cleanup_fd int mounted_fd = -1;
	errint_t code;

	if (target_fd < 0)
		return target_fd;
	if (mount(source, mica_fd_path(target_fd).text, NULL, MS_BIND, NULL) < 0)
		return mica_fail(err, -errno, "mount", target);
	mounted_fd = open(target, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	code = mounted_fd < 0 ? -errno : make_private(mounted_fd);
	if (!code)
		code = restrict_bind(mica_fd_path(mounted_fd).text, flags);
	if (!code)
		return 0;
	umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW);
	return mica_fail(err, code, "mount", target);
}

errint_t mica_bind_mount(const char *source, const char *target, uint32_t flags, struct mica_error *err)
{
	errint_t code;

	mica_error_clear(err);
	if (flags & ~BIND_FLAGS)
		return mica_fail_note(err, -EINVAL, "bind", target, "unknown flags %#x", flags & ~BIND_FLAGS);
	code = mica_bind_by_tree(source, target, flags, err);
	return code == -ENOSYS ? mica_bind_by_mount2(source, target, flags, err) : code;
}

errint_t mica_mounted_id(int parent, const char *name, uint32_t *id)
{
	struct statx at;

	/* No sync: the server of the file system may not answer any more. */
	if (statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, STATX_MNT_ID, &at) < 0)
		return -errno;
	if (!(at.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return -EINVAL;
	*id = (uint32_t)at.stx_mnt_id;
	return 0;
}

/* A name cannot be given to something else while a mount is on it. So it is unmounted by its name in the open parent,
 * and a check before that is enough. If another mount is on top of ours, its id shows it. */
static errint_t umount_at(int parent, const char *name, uint32_t id, int how)
{
	char path[64 + NAME_MAX];
	uint32_t there = 0;
	errint_t code = id ? mica_mounted_id(parent, name, &there) : 0;

	if (code)
		return code;
	if (id && there != id)
		return -ESTALE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", parent, name);
	return umount2(path, UMOUNT_NOFOLLOW | how) < 0 ? -errno : 0;
}

errint_t mica_umount(const char *target, uint32_t id, uint32_t flags, struct mica_error *err)
{
	cleanup_free char *name = NULL;
	cleanup_fd int parent = -1;
	errint_t code;

	mica_error_clear(err);
	if (flags & ~MICA_UMOUNT_DETACH)
		return mica_fail_note(err, -EINVAL, "umount", target, "unknown flags %#x", flags & ~MICA_UMOUNT_DETACH);
	code = open_parent(target, &parent, &name, err);
	if (code)
		return code;
	code = umount_at(parent, name, id, flags & MICA_UMOUNT_DETACH ? MNT_DETACH : 0);
	return code ? mica_fail_note(err, code, "umount", target, "%s",
				     code == -EINVAL   ? "nothing is mounted there"
				     : code == -ESTALE ? "something else is mounted there by now"
						       : "")
		    : 0;
}
