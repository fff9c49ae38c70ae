/*
 * crun.c - runs the container runtime. Its messages go to a file, because its standard error is that of the process
 * that it starts.
 */
#include "crun.h"
#include "child.h"
#include "container.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ROOT NOTES "/crun"
#define MAX_WORDS 16

/* The files of one run; their names contain our process id. */
struct scratch {
	char log[64], pid[64], console[64];
};

static struct scratch scratch_of(pid_t pid)
{
	struct scratch scratch;

	snprintf(scratch.log, sizeof(scratch.log), NOTES "/crun-%d.log", pid);
	snprintf(scratch.pid, sizeof(scratch.pid), NOTES "/crun-%d.pid", pid);
	snprintf(scratch.console, sizeof(scratch.console), NOTES "/crun-%d.console", pid);
	return scratch;
}

static void cleanup_scratch_p(const struct scratch *scratch)
{
	unlink(scratch->log);
	unlink(scratch->pid);
	unlink(scratch->console);
}
#define cleanup_scratch __attribute__((cleanup(cleanup_scratch_p)))

/* A container does not inherit what the agent has set for itself. If we are killed, crun is killed, too: otherwise it
 * would start something that nobody looks after. */
__attribute__((noreturn)) static void become_crun(const char *const *words, const int stdio[3], pid_t parent)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *environment[] = {path, NULL};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	umask(022);
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) < 0)
			_exit(1);
	close_range(3, ~0u, 0);
	execve(RUNTIME, (char *const *)words, environment);
	_exit(127);
}

static errint_t await_process(pid_t pid, int *status, struct mica_error *err)
{
	cleanup_fd int process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = process, .events = POLLIN};
	int64_t left;

	while ((left = child_until() - now_ms()) > 0 && poll(&ended, 1, (int)left) <= 0)
		;
	if (left <= 0)
		kill(pid, SIGKILL);
	if (waitpid(pid, status, 0) < 0)
		return mica_fail(err, -errno, "wait for", RUNTIME);
	return left > 0 ? 0
			: mica_fail_note(err, -ETIMEDOUT, "wait for", RUNTIME, "it was not done in time, and ended");
}

/* Reads the last line of its messages. */
static void read_last_line(const char *path, char *line, size_t room)
{
	char text[4096];
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t len = fd < 0 ? 0
			     : pread(fd, text, sizeof(text) - 1,
				     size < (off_t)sizeof(text) ? 0 : size - (off_t)sizeof(text) + 1);
	const char *last;

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	text[len < 0 ? 0 : len] = '\0';
	last = strrchr(text, '\n');
	last = last ? last + 1 : text;
	snprintf(line, room, "%.*s", (int)room - 1, last);
}

/* The messages are for people, but they contain the kernel's texts, which show the kind of the failure. */
static errint_t kind_of(const char *said)
{
	static const struct {
		const char *words;
		errint_t code;
	} kinds[] = {
		{"No such file or directory", -ENOENT}, {"not found", -ENOENT},
		{"Permission denied", -EACCES},		{"Exec format error", -ENOEXEC},
		{"Operation not permitted", -EPERM},	{"Not a directory", -ENOTDIR},
		{"Invalid argument", -EINVAL},		{"No space left", -ENOSPC},
		{"Cannot allocate memory", -ENOMEM},	{"temporarily unavailable", -EAGAIN},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strstr(said, kinds[i].words))
			return kinds[i].code;
	return -EIO;
}

/* words ends with NULL. */
static errint_t run(const char *const *words, const int stdio[3], const struct scratch *scratch, const char *what,
		    const char *name, struct mica_error *err)
{
	char said[400];
	pid_t parent = getpid(), pid = fork();
	int status;
	errint_t code;

	if (!pid)
		become_crun(words, stdio, parent);
	if (pid < 0)
		return mica_fail(err, -errno, "fork", RUNTIME);
	code = await_process(pid, &status, err);
	if (code || (WIFEXITED(status) && !WEXITSTATUS(status)))
		return code;
	read_last_line(scratch->log, said, sizeof(said));
	if (WIFSIGNALED(status))
		return mica_fail_note(err, -EIO, what, name, "the container runtime was ended by signal %d%s%s",
				      WTERMSIG(status), *said ? ": " : "", said);
	return mica_fail_note(err, kind_of(said), what, name, "%s", *said ? said : "the runtime does not say why");
}

/* Fills in the words that each command begins with, and returns how many. */
static int begin(const char **words, char log[static 80], const struct scratch *scratch)
{
	snprintf(log, 80, "--log=%s", scratch->log);
	words[0] = RUNTIME;
	words[1] = "--root=" ROOT;
	words[2] = "--cgroup-manager=cgroupfs";
	words[3] = log;
	return 4;
}

static errint_t listen_console(const char *path, int *console, struct mica_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return mica_fail(err, -errno, "listen", path);
	*console = steal_fd(&fd);
	return 0;
}

/* Takes the terminal that the runtime sent. It was sent before the runtime ended, so this does not wait. */
static errint_t take_terminal(int console, int *terminal, struct mica_error *err)
{
	cleanup_fd int fd = accept4(console, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char byte[64];
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec bytes = {byte, sizeof(byte)};
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	if (fd < 0 || recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < 0 || !CMSG_FIRSTHDR(&message) ||
	    CMSG_FIRSTHDR(&message)->cmsg_type != SCM_RIGHTS)
		return mica_fail_note(err, -EINVAL, "take the terminal", "",
				      "the runtime made none: is it asked for in the configuration?");
	memcpy(terminal, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(*terminal));
	return fcntl(*terminal, F_SETFL, O_RDWR | O_NONBLOCK) < 0 ? mica_fail(err, -errno, "take the terminal", "") : 0;
}

static errint_t read_pid(const char *path, pid_t *pid, struct mica_error *err)
{
	char text[24] = "";
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return mica_fail(err, -errno, "read", path);
	*pid = (pid_t)strtol(text, NULL, 10);
	return *pid > 1 ? 0 : mica_fail(err, -EPROTO, "read", path);
}

static void put_start(const char **words, int at, const struct crun_start *start, const char *pid_file,
		      const char *console, const char *what)
{
	words[at++] = start->process ? "exec" : "run";
	words[at++] = "--detach";
	words[at++] = pid_file;
	words[at++] = what;
	if (start->tty)
		words[at++] = console;
	words[at++] = start->name;
	words[at] = NULL;
}

/* The first of our children; 0 if there is none. */
static pid_t first_child(void)
{
	char path[64], text[24] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		(void)!read(fd, text, sizeof(text) - 1);
	return (pid_t)strtol(text, NULL, 10);
}

/* A runtime that was killed may leave processes that nobody looks after: the container's first one, or a program that
 * runs in it. All of them become our children, because we are a subreaper. */
static void end_what_it_left(void)
{
	pid_t pid;

	while ((pid = first_child()) > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

errint_t crun_start(struct crun_start *start, struct mica_error *err)
{
	cleanup_scratch struct scratch scratch = scratch_of(getpid());
	const char *words[MAX_WORDS];
	char log[80], pid_file[80], console[96], what[256];
	cleanup_fd int listening = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int stdio[3] = {start->tty ? null : start->in, start->tty ? null : start->out,
			      start->tty ? null : start->error};
	errint_t code = start->tty ? listen_console(scratch.console, &listening, err) : 0;

	if (code)
		return code;
	snprintf(pid_file, sizeof(pid_file), "--pid-file=%s", scratch.pid);
	snprintf(console, sizeof(console), "--console-socket=%s", scratch.console);
	if (start->process)
		snprintf(what, sizeof(what), "--process=%s", start->process);
	else
		snprintf(what, sizeof(what), "--bundle=%s", start->bundle);
	put_start(words, begin(words, log, &scratch), start, pid_file, console, what);
	code = run(words, stdio, &scratch, start->process ? "exec" : "run", start->name, err);
	if (!code)
		code = read_pid(scratch.pid, &start->pid, err);
	if (!code && start->tty)
		code = take_terminal(listening, &start->terminal, err);
	if (code)
		end_what_it_left();
	return code;
}

errint_t crun_delete(const char *name, struct mica_error *err)
{
	cleanup_scratch struct scratch scratch = scratch_of(getpid());
	const char *words[MAX_WORDS];
	char log[80], known[sizeof(ROOT) + 1 + LINE_MAX_NAME];
	cleanup_fd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int at = begin(words, log, &scratch);

	snprintf(known, sizeof(known), ROOT "/%s", name);
	if (access(known, F_OK) < 0)
		return 0;
	words[at++] = "delete";
	words[at++] = "--force";
	words[at++] = name;
	words[at] = NULL;
	return run(words, (const int[3]){null, null, null}, &scratch, "delete", name, err);
}
