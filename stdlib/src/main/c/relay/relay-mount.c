/* relay-mount.c - mounts the union's mount point, and opens the layers for the relay. */
#include "relay.h"

#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define READAHEAD_KB "1024"

static errint_t set_number(int fs_fd, const char *key, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", number);
	return fsconfig(fs_fd, FSCONFIG_SET_STRING, key, text, 0) < 0 ? -errno : 0;
}

static errint_t set_flag(int fs_fd, const char *key)
{
	return fsconfig(fs_fd, FSCONFIG_SET_FLAG, key, NULL, 0) < 0 ? -errno : 0;
}

static errint_t configure(const struct relay *r, int fs_fd)
{
	char source[300];
	errint_t code = set_number(fs_fd, "fd", (unsigned)r->dev);

	snprintf(source, sizeof(source), "mica:%s", r->name);
	if (!code && (fsconfig(fs_fd, FSCONFIG_SET_STRING, "source", source, 0) < 0 ||
		      fsconfig(fs_fd, FSCONFIG_SET_STRING, "subtype", "mica", 0) < 0 ||
		      fsconfig(fs_fd, FSCONFIG_SET_STRING, "rootmode", "40000", 0) < 0))
		code = -errno;
	if (!code)
		code = set_number(fs_fd, "user_id", getuid());
	if (!code)
		code = set_number(fs_fd, "group_id", getgid());
	if (!code)
		code = set_flag(fs_fd, "default_permissions");
	if (!code && !getuid())
		code = set_flag(fs_fd, "allow_other");
	if (!code)
		code = set_number(fs_fd, "max_read", FRAME_MAX_WRITE);
	return !code && fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : code;
}

/* The mount forbids set-id programs and devices, which a guest might invent, and programs if the mount of a layer
 * forbids them. */
static unsigned attributes(const struct relay *r)
{
	uint32_t forbidden = MICA_MOUNT_NOSUID | MICA_MOUNT_NODEV;

	for (unsigned i = 0; i < r->layer_count; i++)
		if (r->layers[i] >= 0)
			forbidden |= mica_forbidden(r->layers[i]);
	return mica_mount_attributes(forbidden);
}

/* It is reached by its own descriptor, whatever happens to `at`, which may be a descriptor of another process. */
errint_t relay_mount(struct relay *r, const char *at, struct mica_error *err)
{
	cleanup_fd int fs_fd = fsopen("fuse", FSOPEN_CLOEXEC);
	errint_t code = fs_fd < 0 ? -errno : configure(r, fs_fd);

	if (!code) {
		r->mount = fsmount(fs_fd, FSMOUNT_CLOEXEC, attributes(r));
		code = r->mount < 0 ? -errno : 0;
	}
	if (!code && move_mount(r->mount, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		code = -errno;
	return code ? mica_fail(err, code, "mount", at) : 0;
}

void relay_umount(struct relay *r)
{
	umount2(mica_fd_path(r->mount).text, MNT_DETACH);
}

/* By default the kernel makes requests of 128 KiB, and each costs two copies and a wake-up. */
void relay_readahead(const struct relay *r)
{
	char path[64];
	struct statx st;

	if (statx(r->mount, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) < 0)
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", st.stx_dev_major, st.stx_dev_minor);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, READAHEAD_KB, sizeof(READAHEAD_KB) - 1) < 0)
		return; /* it works all the same, only slower */
}

/* Makes a private mount of that folder, without what is mounted below it. It has no devices, and a lower is read-only.
 */
static int clone_layer(const char *path, bool upper)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOSYMFOLLOW};
	cleanup_fd int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (!upper) {
		attr.attr_set |= MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME;
		attr.attr_clr = MOUNT_ATTR__ATIME;
	}
	if (fd < 0 || syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return steal_fd(&fd);
}

errint_t relay_layer(struct relay *r, const char *path, bool upper, struct mica_error *err)
{
	struct stat st;

	if (r->layer_count == MAX_LAYERS)
		return mica_fail_note(err, -E2BIG, "open a layer", path, "more than %d layers", MAX_LAYERS);
	cleanup_fd int fd =
		getuid() ? open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : clone_layer(path, upper);
	if (fd == -1)
		fd = -errno;
	if (fd < 0)
		return mica_fail(err, fd, "open a layer", path);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return mica_fail(err, -ENOTDIR, "open a layer", path);
	r->layers[r->layer_count++] = steal_fd(&fd);
	return 0;
}
