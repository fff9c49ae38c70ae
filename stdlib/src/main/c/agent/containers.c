/*
 * containers.c - starts containers, and processes in them. The call's child goes on as the supervisor of what it
 * started.
 */
#include "child.h"
#include "container.h"
#include "hold.h"
#include "supervise.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define HOLD_PAUSE_NS 1000000

static struct stream stream;
static struct supervised {
	const char *name;
	char note[2 * LINE_MAX_NAME + 2];
	int lock, cgroup;
	uint64_t oom_kills; /* the count before the start */
	struct container_facts facts;
} supervised = {.lock = -1, .cgroup = -1};

static errint_t read_start(const struct request *request, struct crun_start *start, const char **port,
			   struct mica_error *err)
{
	errint_t code = line_name(request, "name", &start->name, err);

	supervised.name = start->name;
	if (!code)
		code = line_name(request, "port", port, err);
	if (!code)
		code = line_flag(request, "tty", &start->tty, err);
	if (!code && access(RUNTIME, X_OK) < 0)
		code = mica_fail_note(err, -ENOSYS, "find", RUNTIME, "this guest has no container runtime");
	return code ? code : modules_wait(err);
}

/* The runtime mounts on this path. A link would lead it elsewhere: CVE-2026-47766 and similar ones. */
static errint_t check_mount_point(int root, const char *path, const char *name, struct mica_error *err)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	cleanup_fd int fd = (int)syscall(SYS_openat2, root, name, &how, sizeof(how));
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd >= 0 && !fstat(fd, &st) && S_ISDIR(st.st_mode))
		return 0;
	mica_fail_at(err, -ENOTDIR, "check", path, name);
	snprintf(err->note, sizeof(err->note), "a container's /%s must be a directory, or not be there", name);
	return -ENOTDIR;
}

static errint_t check_root(const char *name, struct mica_error *err)
{
	static const char *const names[] = {"dev", "proc", "sys"};
	cleanup_mounted struct mounted mounted = {0};
	char path[sizeof(UNIONS) + 1 + LINE_MAX_NAME];
	errint_t code = mounted_read(&mounted, err);

	snprintf(path, sizeof(path), UNIONS "/%s", name);
	if (!code && !mounted_at(&mounted, UNIONS, name))
		code = mica_fail_note(err, -ENOENT, "run", path, "there is no such union to be its root");
	cleanup_fd int root = code ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!code && root < 0)
		code = mica_fail(err, -errno, "open", path);
	for (size_t i = 0; !code && i < sizeof(names) / sizeof(*names); i++)
		code = check_mount_point(root, path, names[i], err);
	return code;
}

/* Clears what is left of a container of that name that has ended, or of a start that was not completed. */
static errint_t take_name(const char *name, struct mica_error *err)
{
	supervised.lock = container_lock(name);
	if (supervised.lock == -EBUSY)
		return mica_fail_note(err, -EEXIST, "run", name, "a container of that name runs");
	if (supervised.lock < 0)
		return mica_fail(err, supervised.lock, "lock", name);
	return container_clear(name, err);
}

static errint_t look_at_cgroup(const char *name, struct mica_error *err)
{
	supervised.cgroup = cgroup_open(name);
	if (supervised.cgroup < 0)
		return mica_fail_note(err, -EINVAL, "run", name, "linux.cgroupsPath must be /containers/%s", name);
	return 0;
}

static errint_t start_first(struct crun_start *start, const char *port, const char *token, struct mica_error *err)
{
	errint_t code = container_note(start->name, &supervised.facts, err);

	if (!code)
		code = supervise_open(&stream, start, port, token, err);
	if (!code)
		code = supervise_start(&stream, start, err);
	if (!code)
		code = look_at_cgroup(start->name, err);
	if (!code) {
		supervised.facts = (struct container_facts){.running = true, .pid = start->pid};
		code = container_note(start->name, &supervised.facts, err);
	}
	if (code) {
		container_clear(start->name, NULL);
		container_forget(start->name);
	}
	return code;
}

static bool is_oom(const struct stream_end *end)
{
	return end->signal == SIGKILL && supervised.cgroup >= 0 &&
	       cgroup_oom_kills(supervised.cgroup) > supervised.oom_kills;
}

static void tell_exited(const char *name, const struct stream_end *end, struct answer *event)
{
	answer_begin(event, "*", "exited");
	answer_put(event, "name", name);
	answer_put_number(event, "status", end->status);
	answer_put_number(event, "signal", end->signal);
	answer_put_number(event, "oom", end->oom);
	answer_end(event, "*");
}

/* Everything in the container ends with its first process, whatever namespaces it has. The note is written before the
 * host is told anything. */
static int serve_first(const struct request *request)
{
	static struct answer event;
	struct stream_end end;

	stream_serve(&stream, &end);
	end.oom = is_oom(&end);
	cgroup_kill(supervised.cgroup, 0, NULL);
	supervised.facts =
		(struct container_facts){.pid = stream.pid, .status = end.status, .signal = end.signal, .oom = end.oom};
	container_note(supervised.name, &supervised.facts, NULL);
	close(supervised.lock);
	tell_exited(supervised.name, &end, &event);
	child_tell(&event);
	stream_finish(&stream, &end);
	if (line_value(request, "last")) /* for the loop, this is the request to power off */
		kill(getppid(), SIGTERM);
	return 0;
}

errint_t container_run(const struct request *request, struct answer *answer, struct mica_error *err)
{
	char bundle[sizeof(BUNDLES) + 1 + LINE_MAX_NAME];
	struct crun_start start = {.bundle = bundle};
	const char *port;
	bool last = false;
	errint_t code = read_start(request, &start, &port, err);

	if (!code)
		code = line_flag(request, "last", &last, err);
	if (!code)
		code = check_root(start.name, err);
	if (!code)
		code = take_name(start.name, err);
	if (code)
		return code;
	snprintf(bundle, sizeof(bundle), BUNDLES "/%s", start.name);
	supervised.facts.running = true;
	code = start_first(&start, port, line_value(request, "token"), err);
	if (code)
		return code;
	answer_put_number(answer, "pid", (uint64_t)start.pid);
	child_stay(serve_first);
	return 0;
}

/* The supervisor was killed, so nobody looks after the container any more, and it is ended too. The loop does not wait
 * for that. */
void container_run_ended(const struct request *request, const char *how, struct answer *event)
{
	const char *name = line_value(request, "name");
	const struct stream_end end = {.status = 128 + SIGKILL, .signal = SIGKILL};

	say("the supervisor of %s %s", name, how);
	if (!fork()) {
		cleanup_fd int cgroup = cgroup_open(name);
		if (cgroup >= 0)
			cgroup_kill(cgroup, 0, NULL);
		_exit(0);
	}
	tell_exited(name, &end, event);
}

/* Another process. */

/* Locks the notes about holds once no hold is on: nothing can be started in a container that is held for a commit,
 * which is for a moment, and at the longest until the deadline of the hold. */
static int lock_unheld(const char *name, struct mica_error *err)
{
	const struct timespec pause = {.tv_nsec = HOLD_PAUSE_NS};

	for (;;) {
		cleanup_fd int lock = hold_lock(name);
		errint_t code = lock < 0 ? mica_fail(err, lock, "lock", name) : hold_check_name(name, err);

		if (!code)
			return steal_fd(&lock);
		if (code != -EBUSY || now_ms() > child_until())
			return code;
		mica_error_clear(err);
		close(steal_fd(&lock));
		nanosleep(&pause, NULL);
	}
}

static errint_t check_runs(const char *name, struct mica_error *err)
{
	struct container_facts facts;
	errint_t code = container_facts(name, &facts, err);

	if (!code && (!facts.known || !facts.running))
		code = mica_fail_note(err, -ESRCH, "exec", name, "no container of that name runs");
	if (!code)
		code = look_at_cgroup(name, err);
	if (!code)
		supervised.oom_kills = cgroup_oom_kills(supervised.cgroup);
	return code;
}

/* No hold begins before it is started. */
static errint_t start_other(struct crun_start *start, struct mica_error *err)
{
	cleanup_fd int lock = lock_unheld(start->name, err);

	if (lock < 0)
		return lock;
	if (cgroup_is_frozen(supervised.cgroup))
		return mica_fail_note(err, -EBUSY, "exec", start->name, "it is paused");
	return supervise_start(&stream, start, err);
}

static int serve_other(const struct request *request)
{
	struct stream_end end;

	(void)request;
	stream_serve(&stream, &end);
	end.oom = is_oom(&end);
	note_remove("process", supervised.note);
	stream_finish(&stream, &end);
	return 0;
}

errint_t container_exec(const struct request *request, struct answer *answer, struct mica_error *err)
{
	char process[sizeof(BUNDLES "//exec-.json") + 2 * LINE_MAX_NAME], text[LINE_MAX_NAME + 32];
	struct crun_start start = {.process = process};
	const char *port, *id;
	errint_t code = read_start(request, &start, &port, err);

	if (!code)
		code = line_name(request, "id", &id, err);
	if (!code)
		code = check_runs(start.name, err);
	if (code)
		return code;
	snprintf(process, sizeof(process), BUNDLES "/%s/exec-%s.json", start.name, id);
	code = supervise_open(&stream, &start, port, line_value(request, "token"), err);
	if (!code)
		code = start_other(&start, err);
	unlink(process);
	if (code)
		return code;
	snprintf(supervised.note, sizeof(supervised.note), "%s,%s", start.name, id);
	snprintf(text, sizeof(text), "pid=%d port=%s", start.pid, port);
	code = note_write("process", supervised.note, text, err);
	answer_put_number(answer, "pid", (uint64_t)start.pid);
	child_stay(serve_other);
	return code;
}

void container_exec_ended(const struct request *request, const char *how, struct answer *event)
{
	char note[2 * LINE_MAX_NAME + 2];

	(void)how, (void)event;
	snprintf(note, sizeof(note), "%s,%s", line_value(request, "name"), line_value(request, "id"));
	note_remove("process", note);
}
