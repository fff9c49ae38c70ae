/*
 * container-verbs.c - the verbs for containers that exist.
 */
#include "child.h"
#include "container.h"
#include "crun.h"
#include "hold.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static errint_t make_folder(const char *path, struct mica_error *err)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? mica_fail(err, -errno, "mkdir", path) : 0;
}

static errint_t open_file(const struct request *request, bool anew, int *fd, struct mica_error *err)
{
	char path[sizeof(BUNDLES) + 2 + 2 * LINE_MAX_NAME];
	const char *name, *file;
	errint_t code = line_name(request, "name", &name, err);

	if (!code)
		code = line_name(request, "file", &file, err);
	if (!code)
		code = make_folder(BUNDLES, err);
	if (code)
		return code;
	snprintf(path, sizeof(path), BUNDLES "/%s", name);
	code = make_folder(path, err);
	if (code)
		return code;
	snprintf(path, sizeof(path), BUNDLES "/%s/%s", name, file);
	*fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | (anew ? O_TRUNC : 0), 0644);
	return *fd < 0 ? mica_fail(err, -errno, "open", path) : 0;
}

errint_t container_file(const struct request *request, struct answer *answer, struct mica_error *err)
{
	static char bytes[LINE_MAX_BYTES];
	const char *data = line_value(request, "data");
	size_t len;
	cleanup_fd int fd = -1;
	uint64_t at;
	errint_t code = line_number(request, "at", 0, INT32_MAX, &at, err);

	(void)answer;
	if (!code)
		code = open_file(request, !at, &fd, err);
	if (code)
		return code;
	len = line_decode_bytes(data, strlen(data), bytes);
	for (size_t done = 0; done < len;) {
		ssize_t put = pwrite(fd, bytes + done, len - done, (off_t)(at + done));
		if (put < 0)
			return mica_fail(err, -errno, "write", line_value(request, "file"));
		done += (size_t)put;
	}
	return 0;
}

/* Finds the facts of a container that must run. */
static errint_t find_running(const struct request *request, const char **name, struct container_facts *facts,
			     struct mica_error *err)
{
	errint_t code = line_name(request, "name", name, err);

	if (!code)
		code = container_facts(*name, facts, err);
	if (!code && (!facts->known || !facts->running || facts->pid <= 1))
		code = mica_fail_note(err, -ESRCH, request->verb, *name, "no container of that name runs");
	return code;
}

static errint_t open_cgroup(const char *name, int *cgroup, struct mica_error *err)
{
	*cgroup = cgroup_open(name);
	return *cgroup < 0 ? mica_fail(err, *cgroup, "open the cgroup of", name) : 0;
}

/* The number belongs to that process only as long as the container runs. So this is checked again when the process is
 * held by a descriptor. */
static errint_t signal_first(const struct request *request, int signal, struct mica_error *err)
{
	struct container_facts facts;
	const char *name;
	errint_t code = find_running(request, &name, &facts, err);
	cleanup_fd int process = code ? -1 : (int)syscall(SYS_pidfd_open, facts.pid, 0);

	if (!code)
		code = find_running(request, &name, &facts, err);
	if (!code && (process < 0 || syscall(SYS_pidfd_send_signal, process, signal, NULL, 0) < 0))
		code = mica_fail(err, -errno, "signal", name);
	return code;
}

errint_t container_signal(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct container_facts facts;
	cleanup_fd int cgroup = -1;
	const char *name;
	bool all = false;
	uint64_t number;
	errint_t code = line_number(request, "signal", 1, 64, &number, err);

	(void)answer;
	if (!code)
		code = line_flag(request, "all", &all, err);
	if (!code && !all)
		return signal_first(request, (int)number, err);
	if (!code)
		code = find_running(request, &name, &facts, err);
	if (!code)
		code = open_cgroup(name, &cgroup, err);
	if (code)
		return code;
	return number == SIGKILL ? cgroup_kill(cgroup, 0, err) : cgroup_signal(cgroup, (int)number, err);
}

static errint_t freeze(const struct request *request, bool frozen, struct mica_error *err)
{
	struct container_facts facts;
	cleanup_fd int cgroup = -1;
	const char *name;
	errint_t code = find_running(request, &name, &facts, err);

	if (!code)
		code = hold_check_name(name, err);
	if (!code)
		code = open_cgroup(name, &cgroup, err);
	if (!code)
		code = cgroup_freeze(cgroup, frozen, child_until(), err);
	return code;
}

/* If freezing fails, the container is thawed, so that it is never half frozen. */
errint_t container_pause(const struct request *request, struct answer *answer, struct mica_error *err)
{
	errint_t code = freeze(request, true, err);

	(void)answer;
	if (code == -ETIMEDOUT) {
		cleanup_fd int cgroup = cgroup_open(line_value(request, "name"));
		cgroup_freeze(cgroup, false, 0, NULL);
	}
	return code;
}

errint_t container_resume(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)answer;
	return freeze(request, false, err);
}

/* A line of io.stat is "MAJOR:MINOR rbytes=N wbytes=N ...". */
static void put_io(int cgroup, struct answer *answer)
{
	int fd = openat(cgroup, "io.stat", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	unsigned long long read_bytes, written_bytes;
	uint64_t read_sum = 0, written_sum = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s rbytes=%llu wbytes=%llu", &read_bytes, &written_bytes) == 2) {
			read_sum += read_bytes;
			written_sum += written_bytes;
		}
	if (file)
		fclose(file);
	answer_put_number(answer, "read", read_sum);
	answer_put_number(answer, "written", written_sum);
}

errint_t container_usage(const struct request *request, struct answer *answer, struct mica_error *err)
{
	static const struct {
		const char *key, *file, *in_file;
	} figures[] = {
		{"memory", "memory.current", ""},     {"memory-peak", "memory.peak", ""},
		{"cpu", "cpu.stat", "usage_usec"},    {"pids", "pids.current", ""},
		{"oom", "memory.events", "oom_kill"},
	};
	cleanup_fd int cgroup = -1;
	const char *name;
	uint64_t number;
	errint_t code = line_name(request, "name", &name, err);

	if (!code)
		code = open_cgroup(name, &cgroup, err);
	if (code)
		return code;
	/* Older kernels do not have all of them. */
	for (size_t i = 0; i < sizeof(figures) / sizeof(*figures); i++)
		if (!cgroup_number(cgroup, figures[i].file, figures[i].in_file, &number))
			answer_put_number(answer, figures[i].key, number);
	put_io(cgroup, answer);
	return 0;
}

static errint_t kill_all(const char *name, struct mica_error *err)
{
	cleanup_fd int cgroup = cgroup_open(name);

	return cgroup < 0 ? 0 : cgroup_kill(cgroup, child_until(), err);
}

errint_t container_delete(const struct request *request, struct answer *answer, struct mica_error *err)
{
	char bundle[sizeof(BUNDLES) + 1 + LINE_MAX_NAME];
	struct container_facts facts;
	const char *name;
	errint_t code = line_name(request, "name", &name, err);

	(void)answer;
	if (!code)
		code = kill_all(name, err);
	if (!code)
		code = container_await_end(name, &facts, err);
	if (!code)
		code = container_clear(name, err);
	if (code)
		return code;
	snprintf(bundle, sizeof(bundle), BUNDLES "/%s", name);
	code = mica_remove(bundle, NULL, err);
	if (!code)
		container_forget(name);
	return code;
}
