/*
 * finish.c - phase 3: what is written is on the host's disks, then the power goes. A share that hangs delays it by the
 * deadline, no longer.
 */
#include "agent.h"

#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define FLUSH_MS 10000

static void unmount_all(const char *folder)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;

	if (mounted_read(&mounted, NULL))
		return;
	while ((mount = mounted_next(&mounted, folder, mount)))
		if (umount2((const char *)mount->text, UMOUNT_NOFOLLOW) < 0)
			say("unmount %s: %m", (const char *)mount->text);
}

static void flush(void)
{
	pid_t child = fork();
	struct pollfd ended = {.fd = child > 0 ? (int)syscall(SYS_pidfd_open, child, 0) : -1, .events = POLLIN};

	if (!child) {
		unmount_all(UNIONS);
		unmount_all(SHARES);
		_exit(0);
	}
	if (ended.fd < 0 || poll(&ended, 1, FLUSH_MS) <= 0)
		say("a share does not answer: powering off without it");
}

void agent_finish(void)
{
	calls_kill_all();
	flush();
	reboot(RB_POWER_OFF);
	say("power off: %m");
	for (;;)
		pause();
}
