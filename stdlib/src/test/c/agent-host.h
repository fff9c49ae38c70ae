/*
 * agent-host.h - the agent's loop on this host: in a process of its own, a socket pair for its port, a terminal for its
 * console.
 */
#ifndef MICA_AGENT_HOST_H
#define MICA_AGENT_HOST_H

#include "tap.h"

#include "agent.h"

#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define HEAR_MS 20000

struct host {
	/* On a busy machine a child may be given up before it has answered for itself; where that is not what is tried,
	 * the loop's word on it is passed over. */
	bool passes_late;
	int fd;
	pid_t pid;
	size_t len;
	char got[2 * LINE_MAX_BYTES];
	char line[LINE_MAX_BYTES + 1];
};

/* A guest would end with them. */
static inline void kill_children(void)
{
	char path[64];
	FILE *list;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	list = fopen(path, "re");
	while (list && fscanf(list, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (list)
		fclose(list);
}

/* console: a terminal, or -1; the loop's from now on. */
static inline void host_start_at(struct host *host, int console)
{
	int fds[2];

	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
	NEED(fcntl(fds[1], F_SETFL, O_NONBLOCK));
	*host = (struct host){.fd = fds[0], .pid = fork()};
	NEED(host->pid);
	if (!host->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_CHILD_SUBREAPER, 1); /* as process 1 is */
		close(fds[0]);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO); /* the console */
		agent_loop(fds[1], console);
		calls_kill_all();
		kill_children();
		_exit(0);
	}
	close(fds[1]);
	if (console >= 0)
		close(console);
}

static inline void host_start(struct host *host)
{
	host_start_at(host, -1);
}

static inline void host_send(struct host *host, const char *text)
{
	size_t len = strlen(text);

	if (write(host->fd, text, len) != (ssize_t)len)
		bail(text);
}

static inline const char *host_next_line(struct host *host)
{
	struct pollfd readable = {.fd = host->fd, .events = POLLIN};
	char *newline;

	while (!(newline = memchr(host->got, '\n', host->len))) {
		ssize_t len = poll(&readable, 1, HEAR_MS) > 0
				      ? read(host->fd, host->got + host->len, sizeof(host->got) - host->len)
				      : 0;
		if (len <= 0)
			return "";
		host->len += (size_t)len;
	}
	size_t len = (size_t)(newline - host->got);
	if (len > LINE_MAX_BYTES - 1)
		return "a line that is too long";
	memcpy(host->line, host->got, len);
	host->line[len] = '\0';
	host->len -= len + 1;
	memmove(host->got, newline + 1, host->len);
	return host->line;
}

/* The next line, without its newline; "" when none comes in time or the loop is gone. */
static inline const char *host_hear(struct host *host)
{
	const char *line;

	do
		line = host_next_line(host);
	while (host->passes_late && !strncmp(line, "* late ", strlen("* late ")));
	return line;
}

static inline bool host_hears(struct host *host, const char *pattern, const char *name)
{
	const char *line = host_hear(host);

	if (!ok(!fnmatch(pattern, line, 0), "%s", name))
		printf("# heard: %.1000s\n# want:  %s\n", line, pattern);
	return true;
}

/* The status it ended with, and the processor time it took, milliseconds. */
static inline int host_wait(struct host *host, int64_t *cpu_ms)
{
	struct rusage used;
	int status;

	NEED(wait4(host->pid, &status, 0, &used));
	if (cpu_ms)
		*cpu_ms = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
			  (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
	close(host->fd);
	return status;
}

#endif
