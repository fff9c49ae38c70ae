/* hold-thaw.c - ends a hold, for the host, for the holder at its deadline, or for the loop if the holder was lost. */
#include "container.h"
#include "hold.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>

errint_t hold_thaw_disk(const char *disk, bool *frozen, struct mica_error *err)
{
	char path[sizeof(DISKS) + 1 + LINE_MAX_NAME];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), DISKS "/%s", disk);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*frozen = fd >= 0 && ioctl(fd, FITHAW, 0) == 0;
	/* EINVAL: it is not frozen. */
	return *frozen || (fd >= 0 && errno == EINVAL) ? 0 : mica_fail(err, -errno, "thaw", path);
}

/* The kernel reports at once that the container runs again, so this does not wait long. */
errint_t hold_thaw_cgroup(const char *name, struct mica_error *err)
{
	cleanup_fd int cgroup = cgroup_open(name);

	return cgroup < 0 ? 0 : cgroup_freeze(cgroup, false, now_ms() + 1000, err);
}

errint_t hold_release(const char *name, enum hold_state after, bool *frozen, struct hold *was, struct mica_error *err)
{
	cleanup_fd int lock = hold_lock(name);
	struct mica_error second = {0};
	bool had = false;
	errint_t code = lock < 0 ? mica_fail(err, lock, "lock", name) : 0;

	hold_read(name, was);
	if (frozen)
		*frozen = false;
	if (code || was->state != HOLD_ON)
		return code;
	code = hold_thaw_disk(was->disk, &had, err);
	if (was->cgroup)
		hold_thaw_cgroup(name, code ? &second : err);
	was->held = hold_now() - was->began;
	if (frozen)
		*frozen = had;
	struct hold now = *was;
	now.state = had ? after : HOLD_LOST;
	hold_write(name, &now, code ? &second : err);
	if (second.code)
		say("thaw %s: %s %s: %s %s", name, second.step, second.path, strerror(-second.code), second.note);
	return err->code;
}

void hold_release_all(void)
{
	char name[LINE_MAX_NAME + 1];
	struct hold was;
	DIR *dir = NULL;

	while (hold_next(&dir, name)) {
		struct mica_error err = {0};

		if (hold_release(name, HOLD_LOST, NULL, &was, &err))
			say("thaw %s: %s %s: %s", name, err.step, err.path, strerror(-err.code));
	}
}
