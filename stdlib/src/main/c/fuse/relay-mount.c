/* relay-mount.c - S itself, and the layers as the relay holds them. */
#include "relay.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#define READAHEAD_KB "1024"

/* Neither set-id programs nor devices that a guest might invent. */
errint_t relay_mount(struct relay *r, const char *at, struct mica_error *err)
{
	char source[300], options[200];

	snprintf(source, sizeof(source), "mica:%s", r->name);
	snprintf(options, sizeof(options),
		 "fd=%d,rootmode=40000,user_id=%u,group_id=%u,default_permissions%s,max_read=%u", r->dev, getuid(),
		 getgid(), getuid() ? "" : ",allow_other", FRAME_MAX_WRITE);
	if (mount(source, at, "fuse.mica", MS_NOSUID | MS_NODEV, options) < 0)
		return mica_fail(err, -errno, "mount", at);
	return 0;
}

/* Requests of 128 KiB are the kernel's habit, and each costs two copies and a wake-up. */
void relay_readahead(const char *at)
{
	char path[64];
	struct statx st;

	if (statx(AT_FDCWD, at, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) < 0)
		return;
	snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb", st.stx_dev_major, st.stx_dev_minor);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, READAHEAD_KB, sizeof(READAHEAD_KB) - 1) < 0)
		return; /* slower, that is all */
}

/* A mount of our own of that folder and nothing mounted below it: no devices, a lower not to be written. */
static int clone_layer(const char *path, bool upper)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOSYMFOLLOW};
	cleanup_fd int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

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
	cleanup_fd int fd = getuid() ? open(path, O_PATH | O_DIRECTORY | O_CLOEXEC) : clone_layer(path, upper);
	if (fd == -1)
		fd = -errno;
	if (fd < 0)
		return mica_fail(err, fd, "open a layer", path);
	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return mica_fail(err, -ENOTDIR, "open a layer", path);
	r->layers[r->layer_count++] = steal_fd(&fd);
	return 0;
}
