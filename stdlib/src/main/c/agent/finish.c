/*
 * finish.c - phase 3: all that was written is synced to the host's disks, and then the guest ends. A share that hangs
 * delays this until the deadline, but no longer.
 */
#include "container.h"
#include "hold.h"

#include <signal.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/wait.h>

#define UNMOUNT_MS 5000
#define KILL_MS 1000

static void unmount(const char *path)
{
	/* Sync disks, because the mount namespaces of containers may keep them mounted for a while. */
	if (!strncmp(path, DISKS, strlen(DISKS)))
		mica_sync(path, NULL);
	if (umount2(path, UMOUNT_NOFOLLOW) < 0)
		say("unmount %s: %m", path);
	_exit(0);
}

/* Each unmount runs in a child, so that one that hangs does not delay the others. The children are a process group of
 * their own, because other children may hang already. */
static pid_t begin_unmounts(const char *folder)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;
	pid_t group = 0;

	if (mounted_read(&mounted, NULL))
		return 0;
	while ((mount = mounted_next(&mounted, folder, mount))) {
		pid_t pid = fork();
		if (!pid)
			unmount((const char *)mount->text);
		if (pid > 0 && !setpgid(pid, group) && !group)
			group = pid;
	}
	return group;
}

/* Waits until no child of the group is left, or until the time is up. SIGCHLD has been blocked since the loop began, so
 * none is missed. */
static bool wait_group(pid_t group, int64_t until_ms)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (;;) {
		int64_t left = until_ms - now_ms();
		const struct timespec wait = {left / 1000, left % 1000 * 1000000};
		pid_t ended = waitpid(-group, NULL, WNOHANG);
		if (ended < 0 || left <= 0)
			return ended < 0;
		if (!ended)
			sigtimedwait(&child, NULL, &wait);
	}
}

static void unmount_all(const char *folder)
{
	pid_t group = begin_unmounts(folder);

	if (group && !wait_group(group, now_ms() + UNMOUNT_MS))
		say("a share does not answer: %s is left as it is", folder);
}

/* The processes that froze something are gone by now, and a frozen disk cannot be unmounted. */
static void thaw_all(void)
{
	pid_t pid = fork();

	if (!pid) {
		hold_release_all();
		_exit(0);
	}
	if (pid > 0 && !setpgid(pid, pid) && !wait_group(pid, now_ms() + KILL_MS))
		say("what was frozen does not thaw");
}

void agent_finish(void)
{
	calls_kill_all();
	thaw_all();
	cgroups_end(now_ms() + KILL_MS);
	unmount_all(UNIONS);
	unmount_all(DISKS);
	unmount_all(SHARES);
	/* Without ACPI the machine cannot be switched off; a reset ends a machine that was started with -no-reboot. */
	reboot(RB_AUTOBOOT);
	say("reset: %m");
	for (;;)
		pause();
}
