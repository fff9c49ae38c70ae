/*
 * mica-init - the first process of a container: it starts a program, passes signals on to it, waits for the processes
 * that nobody waits for, and ends as the program does.
 *
 *   mica-init -- PROGRAM [ARGUMENT...]
 *
 * It ends with the program's status, or with 128 and the number of the signal that ended the program; as a shell does
 * with 127 where there is no such program, and with 126 where that cannot be run. It lies among the libraries of a
 * container, so it is linked statically.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_FOUND 127
#define NOT_RUN 126
#define BY_SIGNAL 128

/* These mean the process that they are sent to, and it alone: they are not passed on. */
static const int own_signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};

static void say(const char *program, const char *why)
{
	char line[PATH_MAX + 128];
	int len = snprintf(line, sizeof(line), "mica-init: cannot start %.4000s: %s\n", program, why);

	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		_exit(NOT_RUN);
}

/* Says why not. As the kernel runs programs: what is no program is not given to a shell, as execvp(3) does. */
static int run(char **words)
{
	const char *path = getenv("PATH");
	bool denied = false;
	char file[PATH_MAX];

	if (strchr(words[0], '/')) {
		execv(words[0], words);
		return errno;
	}
	for (const char *at = path ? path : ""; *at;) {
		size_t len = strcspn(at, ":");
		int whole = snprintf(file, sizeof(file), "%.*s%s%s", (int)len, at, len ? "/" : "", words[0]);

		at += len + (at[len] == ':');
		if (whole >= (int)sizeof(file))
			continue;
		execv(file, words);
		if (errno == EACCES)
			denied = true;
		else if (errno != ENOENT && errno != ENOTDIR)
			return errno;
	}
	return denied ? EACCES : ENOENT;
}

/* In a group of its own, which has the terminal: keys that mean signals mean the program. */
__attribute__((noreturn)) static void become(char **words, const sigset_t *mask)
{
	int failed;

	setpgid(0, 0);
	if (tcsetpgrp(STDIN_FILENO, getpid()) < 0 && errno != ENOTTY && errno != EBADF && errno != EPERM) {
		say(words[0], "it cannot have the terminal");
		_exit(NOT_RUN);
	}
	signal(SIGTTIN, SIG_DFL);
	signal(SIGTTOU, SIG_DFL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	failed = run(words);
	say(words[0], failed == ENOENT && !strchr(words[0], '/') ? "not found in its PATH" : strerror(failed));
	_exit(failed == ENOENT ? NOT_FOUND : NOT_RUN);
}

/* Waits for all that have ended; whether the program was among them. */
static bool reap(pid_t program, int *status)
{
	bool ended = false;
	pid_t pid;
	int how;

	while ((pid = waitpid(-1, &how, WNOHANG)) > 0)
		if (pid == program) {
			*status = how;
			ended = true;
		}
	return ended;
}

static int look_after(pid_t program, const sigset_t *all)
{
	int status, number;

	for (;;) {
		number = sigwaitinfo(all, NULL);
		if (number == SIGCHLD && reap(program, &status))
			break;
		if (number > 0 && number != SIGCHLD)
			kill(program, number);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : BY_SIGNAL + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	pid_t program;

	if (argc < 3 || strcmp(argv[1], "--")) {
		say("a program", "it is called mica-init -- PROGRAM [ARGUMENT...]");
		return NOT_RUN;
	}
	/* Who has the terminal no more, and gives it away all the same, is not stopped for that. */
	signal(SIGTTIN, SIG_IGN);
	signal(SIGTTOU, SIG_IGN);
	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own_signals) / sizeof(*own_signals); i++)
		sigdelset(&all, own_signals[i]);
	sigprocmask(SIG_BLOCK, &all, &before);
	program = fork();
	if (program < 0) {
		say(argv[2], strerror(errno));
		return NOT_RUN;
	}
	if (!program)
		become(argv + 2, &before);
	return look_after(program, &all);
}
