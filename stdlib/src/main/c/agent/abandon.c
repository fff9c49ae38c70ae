/*
 * abandon.c - abandons the mount of a share whose file server is gone, or of a union on it. Linux 6.1 has no way to
 * give such a share up: a process that waits for it waits until the guest ends. A process that unmounts it waits too,
 * and meanwhile holds a lock that is needed to mount or unmount any other share (virtio_fs_mutex). So the mount is
 * detached from its path, and a process keeps a descriptor of it, so that the kernel never unmounts it.
 */
#include "child.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>

__attribute__((noreturn)) static void detach_and_hold(const char *path)
{
	struct mica_error err;

	close_range(3, ~0u, 0); /* an open pipe would delay the call's answer */
	if (open(path, O_PATH | O_DIRECTORY) < 0) {
		say("hold %s: %m", path);
		_exit(1);
	}
	if (mica_umount(path, 0, MICA_UMOUNT_DETACH, &err)) {
		say("detach %s: %s", path, strerror(-err.code));
		_exit(1);
	}
	for (;;)
		pause();
}

/* Waits until the mount is detached. The list of mounts can be polled: the kernel reports each change of it. */
static errint_t wait_detached(int list, const char *folder, const char *name, struct mica_error *err)
{
	struct pollfd changed = {.fd = list, .events = POLLPRI};

	for (;;) {
		cleanup_mounted struct mounted mounted = {0};
		errint_t code = mounted_read(&mounted, err);
		int64_t left = child_until() - now_ms();

		if (code || !mounted_at(&mounted, folder, name))
			return code;
		if (left <= 0)
			return mica_fail_note(err, -ETIMEDOUT, "detach", name, "it is still in %s", folder);
		poll(&changed, 1, (int)left);
	}
}

errint_t mount_abandon(const char *folder, const char *name, struct mica_error *err)
{
	char path[sizeof(UNIONS) + 1 + LINE_MAX_NAME];
	cleanup_fd int list = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (list < 0)
		return mica_fail(err, -errno, "open", "/proc/self/mountinfo");
	pid = fork();
	if (!pid)
		detach_and_hold(path);
	if (pid < 0)
		return mica_fail(err, -errno, "fork", path);
	return wait_detached(list, folder, name, err);
}
