/*
 * container-runtime.h - a stand-in for the container runtime: the test program itself, called as crun is. What a
 * container's configuration says is a word for what the runtime or its process does. Cgroups are plain files.
 */
#ifndef MICA_CONTAINER_RUNTIME_H
#define MICA_CONTAINER_RUNTIME_H

#include "tap.h"

#include "container.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>

struct runtime_words {
	const char *command, *name, *log, *pid_file, *file, *console;
};

static inline void runtime_say(const struct runtime_words *words, const char *text)
{
	put_file(words->log + strlen("--log="), text);
}

static inline void copy_input(void)
{
	char bytes[8192];
	ssize_t len;

	while ((len = read(0, bytes, sizeof(bytes))) > 0)
		for (ssize_t done = 0, put; done < len; done += put)
			if ((put = write(1, bytes + done, (size_t)(len - done))) < 0)
				_exit(9);
}

static volatile sig_atomic_t resized, hung_up;

static inline void on_process_signal(int signal)
{
	resized |= signal == SIGWINCH;
	hung_up |= signal == SIGHUP;
}

/* Waits for signals, blocked but here. */
static inline void await_signals(void)
{
	const struct sigaction action = {.sa_handler = on_process_signal};
	sigset_t both, none;
	struct winsize size;

	sigemptyset(&none);
	sigemptyset(&both);
	sigaddset(&both, SIGWINCH);
	sigaddset(&both, SIGHUP);
	sigprocmask(SIG_BLOCK, &both, NULL);
	sigaction(SIGWINCH, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	dprintf(1, "ready");
	while (!hung_up) {
		sigsuspend(&none);
		if (resized && !ioctl(0, TIOCGWINSZ, &size))
			dprintf(1, "[%d %d]", size.ws_row, size.ws_col);
		resized = 0;
	}
	put_file("/tmp/hung-up", "yes");
}

__attribute__((noreturn)) static inline void be_process(const char *does)
{
	if (!strcmp(does, "cat"))
		copy_input();
	else if (!strcmp(does, "both"))
		(void)(dprintf(1, "out") + dprintf(2, "error"));
	else if (!strcmp(does, "kill"))
		kill(getpid(), SIGKILL);
	else if (!strcmp(does, "wait"))
		for (;;)
			pause();
	else if (!strcmp(does, "signals"))
		await_signals();
	else if (!strcmp(does, "deaf") && !close(0) && write(1, "deaf", 4))
		for (;;)
			pause();
	else if (!strcmp(does, "flood"))
		for (char bytes[8192] = ""; write(1, bytes, sizeof(bytes)) > 0;)
			;
	else if (!strcmp(does, "child") && !fork())
		for (;;)
			pause();
	_exit(!strcmp(does, "seven") ? 7 : 0);
}

static inline void send_terminal(const char *path, int terminal)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec bytes = {(char[]){"x"}, 1};
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	control.head = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.head), &terminal, sizeof(terminal));
	NEED(connect(fd, (struct sockaddr *)&address, sizeof(address)));
	NEED(sendmsg(fd, &message, 0));
	close(fd);
}

static inline void take_terminal_of(const struct runtime_words *words)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY);

	NEED(terminal);
	NEED(grantpt(terminal));
	NEED(unlockpt(terminal));
	setsid();
	int slave = open(ptsname(terminal), O_RDWR);
	NEED(slave);
	for (int i = 0; i < 3; i++)
		dup2(slave, i);
	send_terminal(words->console + strlen("--console-socket="), terminal);
	close(terminal);
	close(slave);
}

static inline void make_cgroup(const char *name)
{
	static const char *const files[][2] = {{"cgroup.events", "populated 0\nfrozen 0\n"},
					       {"cgroup.kill", ""},
					       {"cgroup.freeze", ""},
					       {"cgroup.procs", ""},
					       {"memory.events", "oom_kill 0\n"},
					       {"pids.current", "1\n"},
					       {"io.stat", "8:0 rbytes=5 wbytes=7 rios=1\n8:1 rbytes=1 wbytes=2\n"}};
	char path[256];

	snprintf(path, sizeof(path), CONTAINERS_CGROUP "/%s", name);
	NEED(mkdir(path, 0755));
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), CONTAINERS_CGROUP "/%s/%s", name, files[i][0]);
		put_file(path, files[i][1]);
	}
	snprintf(path, sizeof(path), "/run/crun/%s", name);
	mkdir("/run/crun", 0700);
	NEED(mkdir(path, 0700));
}

static inline int runtime_delete(const struct runtime_words *words)
{
	char path[256];

	snprintf(path, sizeof(path), CONTAINERS_CGROUP "/%s", words->name);
	mica_remove(path, NULL, NULL);
	snprintf(path, sizeof(path), "/run/crun/%s", words->name);
	return rmdir(path) < 0;
}

static inline void read_word(const char *path, char *word, size_t room)
{
	FILE *file = fopen(path, "re");

	snprintf(word, room, "none");
	if (file && !fgets(word, (int)room, file))
		*word = '\0';
	if (file)
		fclose(file);
}

/* The runtime's own failures; false: none. */
static inline bool runtime_fails(const struct runtime_words *words, const char *does)
{
	if (!strcmp(does, "missing"))
		runtime_say(words, "first line\nexecutable file `x` not found: No such file or directory\n");
	else if (!strcmp(does, "silent"))
		;
	else if (!strcmp(does, "killed"))
		kill(getpid(), SIGKILL);
	else if (!strcmp(does, "hang"))
		for (;;)
			pause();
	else
		return false;
	return true;
}

static inline int runtime_start(const struct runtime_words *words, bool first)
{
	char path[256], does[64], pid[16];
	int ready[2];
	pid_t child;

	if (first)
		snprintf(path, sizeof(path), "%s/config.json", words->file + strlen("--bundle="));
	else
		snprintf(path, sizeof(path), "%s", words->file + strlen("--process="));
	read_word(path, does, sizeof(does));
	if (runtime_fails(words, does))
		return 1;
	if (first && strcmp(does, "elsewhere"))
		make_cgroup(words->name);
	NEED(pipe(ready));
	child = fork();
	if (!child) {
		if (words->console)
			take_terminal_of(words);
		close(ready[0]);
		close(ready[1]);
		be_process(does);
	}
	/* The terminal was sent before the runtime ends: its socket is read then. */
	close(ready[1]);
	while (read(ready[0], pid, 1) > 0)
		;
	snprintf(pid, sizeof(pid), "%d", child);
	put_file(words->pid_file + strlen("--pid-file="), pid);
	return 0;
}

static inline int be_runtime(char **argv)
{
	struct runtime_words words = {0};

	for (char **at = argv + 1; *at; at++) {
		if (!strncmp(*at, "--log=", 6))
			words.log = *at;
		else if (!strncmp(*at, "--pid-file=", 11))
			words.pid_file = *at;
		else if (!strncmp(*at, "--bundle=", 9) || !strncmp(*at, "--process=", 10))
			words.file = *at;
		else if (!strncmp(*at, "--console-socket=", 17))
			words.console = *at;
		else if (**at != '-' && !words.command)
			words.command = *at;
		else if (**at != '-')
			words.name = *at;
	}
	if (!strcmp(words.command, "delete"))
		return runtime_delete(&words);
	return runtime_start(&words, !strcmp(words.command, "run"));
}

#endif
