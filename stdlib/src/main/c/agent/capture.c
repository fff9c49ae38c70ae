/*
 * capture.c - the verb capture: sends a layer on a disk to the host as an exact tar, over a port. The tar is the output
 * of the process of a session of the stream protocol. That process reads the layer twice at the same time, once for the
 * tar and once for the check, so that one of the two finds it in memory. Its standard error says how it ended, for a
 * host that does not wait for the answer.
 */
#include "child.h"
#include "manifest.h"
#include "stream.h"
#include "tar-walk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define PIPE_BYTES (1 << 20)
/* With many small files most of the time is spent waiting for the disk, so several are read at a time. What was read
 * once is in memory when the tar needs it. */
#define CHECK_THREADS 8
#define HEX (2 * MICA_CHECK + 1)

static struct stream stream;

/* The result of the process, in memory that it shares with the process that started it. */
static struct captured {
	errint_t code, check_code;
	struct mica_error err, check_err;
	uint8_t check[MICA_CHECK];
	struct mica_totals totals;
	struct mica_job job, check_job;
	char layer[32];
} * captured;

static errint_t open_layer(const struct request *request, int *fd, struct mica_error *err)
{
	const struct open_how how = {
		.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	cleanup_mounted struct mounted mounted = {0};
	const char *name, *value = line_value(request, "path");
	char root[sizeof(DISKS) + 1 + LINE_MAX_NAME], path[4096];
	errint_t code = line_name(request, "disk", &name, err);

	if (!code)
		code = line_decode(value, strlen(value), path, sizeof(path));
	if (code && !err->code)
		mica_fail(err, code, "path", value);
	if (!code)
		code = mounted_read(&mounted, err);
	if (code)
		return code;
	snprintf(root, sizeof(root), DISKS "/%s", name);
	if (!mounted_at(&mounted, DISKS, name))
		return mica_fail_note(err, -ENOENT, "capture", root, "no disk of that name is mounted");
	cleanup_fd int top = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*fd = top < 0 ? -1 : (int)syscall(SYS_openat2, top, path, &how, sizeof(how));
	return *fd < 0 ? mica_fail_at(err, -errno, "open", root, path) : 0;
}

/* Only the two readers use it: no other process of the agent has threads. */
static struct pace pace = PACE_INITIALIZER;

static void *count(void *unused)
{
	const char *const layers[] = {captured->layer};
	const struct mica_tree tree = {.layers = layers, .count = 1, .kind = MICA_TREE_LAYER};

	(void)unused;
	captured->check_code = check_beside(&tree, &pace, captured->check, &captured->totals, &captured->check_job,
					    &captured->check_err);
	pace_end(&pace);
	return NULL;
}

/* Closes descriptors that belong to the parent: the port would be in use as long as a process has it open. */
static void leave_parent(pid_t parent)
{
	close(3);
	wire_close(&stream.wire);
	close(stream.out);
	close(stream.error);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void put_check(char hex[HEX])
{
	for (size_t i = 0; i < MICA_CHECK; i++)
		snprintf(hex + 2 * i, 3, "%02x", captured->check[i]);
}

/* Writes the result, which is the last output before the status. */
static void tell(int to)
{
	char hex[HEX];

	put_check(hex);
	dprintf(to, "check=%s entries=%" PRIu64 " bytes=%" PRIu64 "\n", hex, captured->totals.entries,
		captured->totals.bytes);
}

static void tell_failure(int to, const struct mica_error *err)
{
	dprintf(to, "%s %.1000s: %s\n", err->step, err->path, *err->note ? err->note : strerrordesc_np(-err->code));
}

__attribute__((noreturn)) static void read_layer(int to, int said)
{
	struct mica_tar tar;
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	captured->check_job.threads = CHECK_THREADS;
	captured->code = -pthread_create(&thread, NULL, count, NULL);
	if (captured->code) {
		mica_fail(&captured->err, captured->code, "start threads", "");
		_exit(1);
	}
	captured->code = tar_walk_exact(captured->layer, to, &pace, &tar, &captured->job, &captured->err);
	/* If there is no tar, nobody needs the check. */
	if (captured->code)
		__atomic_store_n(&captured->check_job.cancel, 1, __ATOMIC_RELAXED);
	pace_end(&pace);
	pthread_join(thread, NULL);
	if (!captured->code && !captured->check_code)
		tell(said);
	else
		tell_failure(said, captured->code ? &captured->err : &captured->check_err);
	_exit(captured->code || captured->check_code ? 1 : 0);
}

static errint_t start(int layer, struct mica_error *err)
{
	const pid_t parent = getpid();
	int ends[2], said[2];

	captured = mmap(NULL, sizeof(*captured), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (captured == MAP_FAILED)
		return mica_fail(err, -errno, "share memory", "");
	snprintf(captured->layer, sizeof(captured->layer), "/proc/self/fd/%d", layer);
	if (pipe2(ends, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0)
		return mica_fail(err, -errno, "make a pipe", "");
	stream.out = ends[0];
	stream.error = said[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(said[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES); /* it works with a smaller pipe, too */
	stream.pid = fork();
	if (!stream.pid) {
		leave_parent(parent);
		read_layer(ends[1], said[1]);
	}
	close(ends[1]);
	close(said[1]);
	return stream.pid < 0 ? mica_fail(err, -errno, "fork", "") : 0;
}

/* Returns the first error, as the reader described it. */
static errint_t result(const struct request *request, const struct stream_end *end, struct mica_error *err)
{
	const char *path = line_value(request, "path");

	if (stream.lost)
		return mica_fail_note(err, -EPIPE, "capture", path, "the host went away before the end");
	if (captured->code && captured->err.code)
		*err = captured->err;
	else if (captured->check_code && captured->check_err.code)
		*err = captured->check_err;
	else if (end->status)
		mica_fail_note(err, -ECANCELED, "capture", path, "who read the layer was ended (status %u)",
			       end->status);
	return err->code;
}

static void put_result(struct answer *answer)
{
	char hex[HEX];

	put_check(hex);
	answer_put_number(answer, "entries", captured->totals.entries);
	answer_put_number(answer, "bytes", captured->totals.bytes);
	answer_put(answer, "check", hex);
}

/* The session has begun, so the host must get the error in it. */
static errint_t give_up(errint_t code, const struct mica_error *err)
{
	const struct stream_end failed = {.status = 1};
	char text[1024];
	int len = snprintf(text, sizeof(text), "%s %.500s: %s\n", err->step, err->path,
			   *err->note ? err->note : strerrordesc_np(-err->code));

	wire_put(&stream.wire, 'E', text, (uint32_t)len);
	stream_finish(&stream, &failed);
	return code;
}

errint_t capture_layer(const struct request *request, struct answer *answer, struct mica_error *err)
{
	cleanup_fd int layer = -1;
	struct stream_end end;
	const char *port;
	errint_t code = line_name(request, "port", &port, err);

	stream.in = stream.out = stream.error = stream.signals = -1;
	stream.one_way = true;
	if (!code)
		code = wire_open(&stream.wire, port, line_value(request, "token"), child_until(), err);
	if (code)
		return code;
	code = open_layer(request, &layer, err);
	if (!code)
		code = start(layer, err);
	if (code)
		return give_up(code, err);
	stream_serve(&stream, &end);
	stream_finish(&stream, &end);
	code = result(request, &end, err);
	if (!code)
		put_result(answer);
	return code;
}
