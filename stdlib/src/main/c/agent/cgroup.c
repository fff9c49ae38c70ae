/*
 * cgroup.c - freezes the cgroup of a container, kills what is in it, and reads its numbers. The agent does this itself,
 * so that a container thaws even if the runtime has failed.
 */
#include "container.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

int cgroup_open(const char *name)
{
	char path[sizeof(CONTAINERS_CGROUP) + 1 + LINE_MAX_NAME];
	int fd;

	snprintf(path, sizeof(path), CONTAINERS_CGROUP "/%s", name);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static errint_t put(int cgroup, const char *file, const char *text, struct mica_error *err)
{
	cleanup_fd int fd = openat(cgroup, file, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? mica_fail(err, -errno, "write", file) : 0;
}

/* The number after key in a text of lines "KEY NUMBER"; or the whole text, if it is a number. */
static errint_t find_number(const char *text, const char *key, uint64_t *number)
{
	size_t len = strlen(key);

	while (*text) {
		if (!len || (!strncmp(text, key, len) && text[len] == ' ')) {
			*number = strtoull(text + len, NULL, 10);
			return 0;
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return -ENODATA;
}

static errint_t number_in(int fd, const char *key, uint64_t *number)
{
	char text[4096];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return -errno;
	text[len] = '\0';
	return find_number(text, key, number);
}

errint_t cgroup_number(int cgroup, const char *file, const char *key, uint64_t *number)
{
	cleanup_fd int fd = openat(cgroup, file, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : number_in(fd, key, number);
}

uint64_t cgroup_oom_kills(int cgroup)
{
	uint64_t number = 0;

	cgroup_number(cgroup, "memory.events", "oom_kill", &number);
	return number;
}

bool cgroup_is_frozen(int cgroup)
{
	uint64_t frozen = 0;

	return !cgroup_number(cgroup, "cgroup.events", "frozen", &frozen) && frozen;
}

/* Waits until the file of events has the wanted value. The kernel reports a change to a process that polls the file. */
static errint_t await_event(int cgroup, const char *key, uint64_t wanted, int64_t until_ms, struct mica_error *err)
{
	cleanup_fd int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd changed = {.fd = fd, .events = POLLPRI};
	uint64_t is = !wanted;

	for (;;) {
		errint_t code = fd < 0 ? -errno : number_in(fd, key, &is);
		int64_t left = until_ms - now_ms();

		if (code || is == wanted)
			return code ? mica_fail(err, code, "read", "cgroup.events") : 0;
		if (left <= 0)
			return mica_fail_note(err, -ETIMEDOUT, "wait for", key, "the kernel does not say %s %llu", key,
					      (unsigned long long)wanted);
		poll(&changed, 1, (int)left);
	}
}

errint_t cgroup_freeze(int cgroup, bool frozen, int64_t until_ms, struct mica_error *err)
{
	errint_t code = put(cgroup, "cgroup.freeze", frozen ? "1" : "0", err);

	return code ? code : await_event(cgroup, "frozen", frozen, until_ms, err);
}

errint_t cgroup_kill(int cgroup, int64_t until_ms, struct mica_error *err)
{
	errint_t code = put(cgroup, "cgroup.kill", "1", err);

	return code || !until_ms ? code : await_event(cgroup, "populated", 0, until_ms, err);
}

static errint_t signal_procs(int cgroup, int signal)
{
	int fd = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	errint_t code = procs ? 0 : -errno;
	int pid;

	while (procs && fscanf(procs, "%d", &pid) == 1)
		if (pid > 1 && kill(pid, signal) < 0 && errno != ESRCH)
			code = -errno;
	if (procs)
		fclose(procs);
	return code;
}

/* Cgroups that the container has made are below its own, so they get the signal, too. */
errint_t cgroup_signal(int cgroup, int signal, struct mica_error *err)
{
	int fd = openat(cgroup, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	errint_t code = signal_procs(cgroup, signal);

	if (code)
		mica_fail_note(err, code, "signal", "", "signal %d cannot be sent: %s", signal, strerror(-code));
	while (!code && dir && (entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		cleanup_fd int below = openat(cgroup, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		code = below < 0 ? 0 : cgroup_signal(below, signal, err);
	}
	if (dir)
		closedir(dir);
	return code;
}
