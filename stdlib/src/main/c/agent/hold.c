/*
 * hold.c - the verbs freeze and thaw. The child of freeze goes on as the holder: it thaws at the deadline. If the
 * holder is lost, the loop thaws. Freezing a file system can hang in the kernel, so a worker, which is another process,
 * does it.
 */
#include "hold.h"
#include "child.h"
#include "container.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>

#define DEADLINE_MS 10000
#define MAX_DEADLINE_MS 60000

static struct holding {
	const char *name;
	int disk, cgroup;
	int64_t until; /* milliseconds, on the clock of now_ms */
	uint64_t deadline;
	struct hold hold;
} holding = {.disk = -1, .cgroup = -1};

static errint_t read_request(const struct request *request, struct mica_error *err)
{
	const char *disk = NULL;
	errint_t code = line_name(request, "name", &holding.name, err);

	holding.deadline = DEADLINE_MS;
	if (!code)
		code = line_name(request, "disk", &disk, err);
	if (!code && line_value(request, "deadline"))
		code = line_number(request, "deadline", 1, MAX_DEADLINE_MS, &holding.deadline, err);
	if (!code)
		snprintf(holding.hold.disk, sizeof(holding.hold.disk), "%s", disk);
	return code;
}

static errint_t open_disk(struct mica_error *err)
{
	cleanup_mounted struct mounted mounted = {0};
	char path[sizeof(DISKS) + 1 + LINE_MAX_NAME];
	errint_t code = mounted_read(&mounted, err);

	snprintf(path, sizeof(path), DISKS "/%s", holding.hold.disk);
	if (!code && !mounted_at(&mounted, DISKS, holding.hold.disk))
		code = mica_fail_note(err, -ESRCH, "freeze", path, "no disk of that name is mounted");
	if (code)
		return code;
	holding.disk = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return holding.disk < 0 ? mica_fail(err, -errno, "open", path) : 0;
}

/* A container that has ended, or that is paused already, is left as it is. */
static errint_t open_container(struct mica_error *err)
{
	struct container_facts facts;
	errint_t code = container_facts(holding.name, &facts, err);

	if (!code && facts.known && facts.running)
		holding.cgroup = cgroup_open(holding.name);
	holding.hold.cgroup = holding.cgroup >= 0 && !cgroup_is_frozen(holding.cgroup);
	return code;
}

/* Returns 1 if exactly this is held already. */
static int is_held(struct mica_error *err)
{
	struct hold now;

	hold_read(holding.name, &now);
	if (now.state != HOLD_ON)
		return 0;
	holding.hold.held = now.held;
	return strcmp(now.disk, holding.hold.disk) ? hold_check_name(holding.name, err) : 1;
}

/* Notes that a hold begins. No other call works on the container meanwhile. */
static errint_t note_begin(struct mica_error *err)
{
	cleanup_fd int lock = hold_lock(holding.name);

	if (lock < 0)
		return mica_fail(err, lock, "lock", holding.name);
	holding.hold.state = HOLD_ON;
	holding.hold.began = hold_now();
	holding.hold.holder = getpid();
	holding.until = now_ms() + (int64_t)holding.deadline;
	return hold_write(holding.name, &holding.hold, err);
}

/* The worker. */

static errint_t freeze_both(struct mica_error *err)
{
	errint_t code = 0;

	if (holding.hold.cgroup)
		code = cgroup_freeze(holding.cgroup, true, holding.until, err);
	if (!code && syncfs(holding.disk) < 0)
		code = mica_fail(err, -errno, "sync", holding.hold.disk);
	if (!code && ioctl(holding.disk, FIFREEZE, 0) < 0)
		code = mica_fail(err, -errno, "freeze", holding.hold.disk);
	return code;
}

/* The worker may be ready only when nobody waits for it any more. Then it thaws what it has frozen. */
__attribute__((noreturn)) static void work(int result)
{
	struct mica_error err = {0};
	errint_t code = freeze_both(&err);
	bool frozen;

	if (!hold_is_on(holding.name, holding.hold.began)) {
		if (!code)
			hold_thaw_disk(holding.hold.disk, &frozen, &err);
		if (holding.hold.cgroup)
			hold_thaw_cgroup(holding.name, &err);
	}
	(void)!write(result, &err, sizeof(err));
	_exit(0);
}

static errint_t await_worker(int result, struct mica_error *err)
{
	struct pollfd fd = {.fd = result, .events = POLLIN};
	struct mica_error got;

	for (int64_t left; (left = holding.until - now_ms()) > 0;) {
		if (poll(&fd, 1, (int)left) <= 0)
			continue;
		if (read(result, &got, sizeof(got)) != (ssize_t)sizeof(got))
			return mica_fail_note(err, -EIO, "freeze", holding.hold.disk, "who freezes it was ended");
		if (got.code)
			*err = got;
		return got.code;
	}
	return mica_fail_note(err, -ETIMEDOUT, "freeze", holding.hold.disk,
			      "it could not be frozen within its deadline of %llu ms",
			      (unsigned long long)holding.deadline);
}

static errint_t freeze(struct mica_error *err)
{
	int ends[2];
	pid_t worker;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return mica_fail(err, -errno, "make a pipe", "");
	cleanup_fd int read_end = ends[0], write_end = ends[1];
	worker = fork();
	if (!worker) {
		close(3); /* the pipe of the answer belongs to the holder */
		work(write_end);
	}
	if (worker < 0)
		return mica_fail(err, -errno, "fork", "");
	close(steal_fd(&write_end));
	return await_worker(read_end, err);
}

/* When the answer says that it failed, nothing is held. The cgroup is thawed first, because thawing a disk that is
 * still being frozen may hang. */
static void give_up(void)
{
	struct mica_error err = {0};
	struct hold was;

	if (holding.hold.cgroup)
		hold_thaw_cgroup(holding.name, &err);
	hold_release(holding.name, HOLD_LOST, NULL, &was, &err);
	if (err.code)
		say("thaw %s: %s %s: %s %s", holding.name, err.step, err.path, strerror(-err.code), err.note);
}

/* The holder. */

static void tell_thawed(const char *name, const char *disk, const char *why, struct answer *event)
{
	answer_begin(event, "*", "thawed");
	answer_put(event, "name", name);
	answer_put(event, "disk", disk);
	answer_put(event, "why", why);
	answer_end(event, "*");
}

/* Waits until the note says that the hold is over, or until its time is up. */
static void await_thaw(void)
{
	char path[sizeof(NOTES "/hold.") + LINE_MAX_NAME], events[4096];
	cleanup_fd int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd fd = {.fd = changes, .events = POLLIN};

	snprintf(path, sizeof(path), NOTES "/hold.%s", holding.name);
	for (int64_t left; (left = holding.until - now_ms()) > 0;) {
		/* When a note changes, its file is replaced. */
		inotify_add_watch(changes, path, IN_ATTRIB | IN_DELETE_SELF);
		if (!hold_is_on(holding.name, holding.hold.began))
			return;
		poll(&fd, 1, (int)left);
		while (read(changes, events, sizeof(events)) > 0)
			;
	}
}

static int keep(const struct request *request)
{
	static struct answer event;
	struct mica_error err = {0};
	struct hold was;

	(void)request;
	await_thaw();
	if (!hold_is_on(holding.name, holding.hold.began))
		return 0;
	hold_release(holding.name, HOLD_LOST, NULL, &was, &err);
	if (err.code)
		say("thaw %s: %s %s: %s", holding.name, err.step, err.path, strerror(-err.code));
	if (was.state != HOLD_ON) /* the host ended it first */
		return 0;
	tell_thawed(holding.name, holding.hold.disk, "deadline", &event);
	child_tell(&event);
	return 0;
}

/* If memory runs out, the kernel must not kill the holder. */
static void stay_alive(void)
{
	cleanup_fd int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)!write(fd, "-1000", 5);
}

/* Notes how long it took, so that the same request is answered in the same way again. */
static errint_t note_frozen(struct mica_error *err)
{
	cleanup_fd int lock = hold_lock(holding.name);

	if (lock < 0)
		return mica_fail(err, lock, "lock", holding.name);
	if (!hold_is_on(holding.name, holding.hold.began))
		return mica_fail_note(err, -ECANCELED, "freeze", holding.name, "it was thawed meanwhile");
	holding.hold.held = hold_now() - holding.hold.began;
	return hold_write(holding.name, &holding.hold, err);
}

/* Most of the data is written to the disk while programs still run. */
static errint_t prepare(struct mica_error *err)
{
	errint_t code = open_disk(err);

	if (!code)
		code = hold_check_disk(holding.hold.disk, holding.name, err);
	if (!code && syncfs(holding.disk) < 0)
		code = mica_fail(err, -errno, "sync", holding.hold.disk);
	return code ? code : open_container(err);
}

static errint_t hold(struct mica_error *err)
{
	errint_t code = prepare(err);

	if (code)
		return code;
	stay_alive();
	code = note_begin(err);
	if (code)
		return code;
	code = freeze(err);
	/* An open disk could not be unmounted, and at the guest's end this is done as soon as the holder was told to
	 * end. */
	close(steal_fd(&holding.disk));
	if (!code)
		code = note_frozen(err);
	if (code)
		give_up();
	return code;
}

errint_t hold_freeze(const struct request *request, struct answer *answer, struct mica_error *err)
{
	errint_t code = read_request(request, err);
	int held = code ? code : is_held(err);

	if (held < 0)
		return held;
	if (!held) {
		code = hold(err);
		if (code)
			return code;
		child_stay(keep);
	}
	answer_put_number(answer, "held", holding.hold.held);
	return 0;
}

errint_t hold_thaw(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct hold was = {0};
	const char *name;
	bool frozen = false;
	errint_t code = line_name(request, "name", &name, err);

	if (!code)
		code = hold_release(name, HOLD_OVER, &frozen, &was, err);
	if (code)
		return code;
	if (was.state == HOLD_NONE)
		return mica_fail_note(err, -ESRCH, "thaw", name, "it was not frozen since the guest started");
	if (was.state == HOLD_LOST || (was.state == HOLD_ON && !frozen))
		return mica_fail_note(err, -ETIMEDOUT, "thaw", name,
				      "it runs again since before this: nothing that was made of its disk meanwhile is "
				      "of one moment");
	answer_put_number(answer, "held", was.held);
	return 0;
}

/* Called in the loop, which must not wait, so another process thaws. If the holder was told to end, or its hold is
 * over, there is nothing to thaw. */
void hold_ended(const struct request *request, const char *how, struct answer *event)
{
	const char *name = line_value(request, "name");
	struct hold hold;

	hold_read(name, &hold);
	if (hold.state != HOLD_ON || kill(hold.holder, 0) == 0)
		return;
	say("who held %s %s", name, how);
	if (!fork()) {
		struct mica_error err = {0};
		struct hold was;

		if (hold_release(name, HOLD_LOST, NULL, &was, &err))
			say("thaw %s: %s %s: %s", name, err.step, err.path, strerror(-err.code));
		_exit(0);
	}
	tell_thawed(name, hold.disk, "lost", event);
}
