/*
 * finish.c - phase 3: what is written is on the host's disks, then the power goes. A share that hangs delays it by the
 * deadline, no longer.
 */
#include "agent.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#define UNMOUNT_MS 5000

static void unmount(const char *path)
{
	if (umount2(path, UMOUNT_NOFOLLOW) < 0)
		say("unmount %s: %m", path);
	_exit(0);
}

/* Each in a child, so that one that hangs holds up none of the others. */
static void begin_unmounts(const char *folder)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;

	if (mounted_read(&mounted, NULL))
		return;
	while ((mount = mounted_next(&mounted, folder, mount))) {
		if (!fork())
			unmount((const char *)mount->text);
	}
}

/* Whether no child is left by then. SIGCHLD is blocked since the loop began, so none is missed. */
static bool wait_children(int64_t until_ms)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		int64_t left = until_ms - now_ms();
		const struct timespec wait = {left / 1000, left % 1000 * 1000000};
		pid_t ended = waitpid(-1, NULL, WNOHANG);
		if (ended < 0 || left <= 0)
			return ended < 0;
		if (!ended)
			sigtimedwait(&child, NULL, &wait);
	}
}

static void unmount_all(const char *folder)
{
	begin_unmounts(folder);
	if (!wait_children(now_ms() + UNMOUNT_MS))
		say("a share does not answer: %s is left as it is", folder);
}

void agent_finish(void)
{
	calls_kill_all();
	unmount_all(UNIONS);
	unmount_all(SHARES);
	reboot(RB_POWER_OFF);
	say("power off: %m");
	for (;;)
		pause();
}
