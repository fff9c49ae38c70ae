#include "monitor/hook.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define LOG "hook.log"
#define LOG_ENOUGH (1 << 20)

static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	close_range(3, low - 1, 0);
	close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

/* Meanwhile its folder must not prevent a file system from being unmounted. */
static _Noreturn void wait_and_run(int go, int log_dir, char **program)
{
	struct stat st;
	static const unsigned long by_default[4]; /* the kernel's struct sigaction: SIG_DFL, no flag, no mask */
	sigset_t none;
	char word;

	close_others(go, log_dir);
	prctl(PR_SET_NAME, "mica-hook");
	if (chdir("/") < 0 || read(go, &word, 1) != 1)
		_exit(0); /* the monitor has ended without an end of the container */
	int out = openat(log_dir, LOG, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (out >= 0) {
		/* A container that is started again and again writes the same messages again and again. */
		if (fstat(out, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > LOG_ENOUGH && ftruncate(out, 0) < 0)
			dprintf(out, "mica-monitor: cannot empty this file: %m\n");
		dup2(out, STDOUT_FILENO);
		dup2(out, STDERR_FILENO);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Also signals that the process that started us had ignored. signal(3) refuses two that the thread library
	 * uses. */
	for (int number = 1; number <= SIGRTMAX; number++)
		syscall(SYS_rt_sigaction, number, by_default, NULL, _NSIG / 8);
	execv(program[0], program);
	fprintf(stderr, "mica-monitor: cannot run %s: %m\n", program[0]);
	_exit(127);
}

/* The child keeps no stream of the process that started us open. */
errint_t hook_prepare(struct hook *hook, char **program, int log_dir, struct mica_error *err)
{
	int ends[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t child;

	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return mica_fail(err, -errno, "prepare to run", program[0]);
	child = fork();
	if (!child) {
		for (int fd = 0; fd < 3; fd++)
			dup2(null, fd);
		wait_and_run(ends[0], log_dir, program);
	}
	close(null);
	close(ends[0]);
	hook->go = ends[1];
	hook->process = child < 0 ? -1 : pidfd_open(child, 0);
	return hook->process < 0 ? mica_fail(err, -errno, "prepare to run", program[0]) : 0;
}

errint_t hook_run(struct hook *hook)
{
	cleanup_fd int go = steal_fd(&hook->go);

	return write(go, "g", 1) == 1 ? 0 : -errno;
}

void hook_reap(struct hook *hook)
{
	siginfo_t info;

	waitid(P_PIDFD, (id_t)hook->process, &info, WEXITED);
	close(steal_fd(&hook->process));
}
