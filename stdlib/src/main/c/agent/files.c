/*
 * files.c - serves the files of a container to the host over a port: docs/files-protocol.md.
 *
 * The process stays where the agent is, and has the container's root as a descriptor. All paths are followed by the
 * kernel beneath it, so nothing that lies in the container leads to the guest's own files, and the paths of /proc that
 * the core uses are the guest's. It ends with the container, whose mounts it would hold.
 */
#include "files.h"
#include "confine.h"
#include "container.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* What root of the container may do to its files, but it makes no devices. */
#define KEPT                                                                                                           \
	(1ull << CAP_CHOWN | 1ull << CAP_DAC_OVERRIDE | 1ull << CAP_DAC_READ_SEARCH | 1ull << CAP_FOWNER |             \
	 1ull << CAP_FSETID)

/* The container's root, and its first process. */
struct inside {
	int root, first;
};

/* Then it is checked that the container still runs, because otherwise the number may belong to another process. */
static errint_t look_inside(const char *name, struct inside *inside, struct mica_error *err)
{
	struct container_facts facts, again;
	char path[64];
	errint_t code = container_facts(name, &facts, err);

	if (code)
		return code;
	snprintf(path, sizeof(path), "/proc/%d/root", facts.pid);
	inside->first = (int)syscall(SYS_pidfd_open, facts.pid, 0);
	inside->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	code = container_facts(name, &again, err);
	if (!code && (inside->first < 0 || inside->root < 0 || !again.running || again.pid != facts.pid))
		code = mica_fail_note(err, -ESRCH, "enter", name, "it does not run any more");
	return code;
}

/* Returns false at the end of the input, and of the container. */
static bool await_request(const struct inside *inside)
{
	struct pollfd fds[] = {{0, POLLIN, 0}, {inside->first, POLLIN, 0}};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return false;
	return !fds[1].revents;
}

static bool read_all(uint8_t *to, size_t len)
{
	while (len) {
		ssize_t got = read(0, to, len);

		if (got <= 0 && !(got < 0 && errno == EINTR))
			return false;
		to += got < 0 ? 0 : got;
		len -= got < 0 ? 0 : (size_t)got;
	}
	return true;
}

static bool write_all(const uint8_t *from, size_t len)
{
	while (len) {
		ssize_t put = write(1, from, len);

		if (put < 0 && errno != EINTR)
			return false;
		from += put < 0 ? 0 : put;
		len -= put < 0 ? 0 : (size_t)put;
	}
	return true;
}

static int answer_all(const struct inside *inside)
{
	static struct files files;
	static uint8_t request[FILES_REQUEST], reply[FILES_REPLY];

	files_begin(&files, inside->root);
	while (await_request(inside)) {
		uint8_t head[4];
		size_t len;

		if (!read_all(head, sizeof(head)))
			return 0;
		len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
		if (len > sizeof(request) || !read_all(request, len) ||
		    !write_all(reply, files_answer(&files, request, len, reply)))
			return 1;
	}
	return 0;
}

static int serve_files(const struct request *request)
{
	struct inside inside = {-1, -1};
	struct mica_error err = {0};
	errint_t code = look_inside(line_value(request, "name"), &inside, &err);

	if (!code && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		code = mica_fail(&err, -errno, "give up rights", "");
	if (!code)
		code = confine_capabilities(KEPT, &err);
	if (code) {
		dprintf(2, "cannot %s %s: %s\n", err.step, err.path, *err.note ? err.note : strerror(-err.code));
		return 1;
	}
	umask(022);
	return answer_all(&inside);
}

errint_t container_files(const struct request *request, struct answer *answer, struct mica_error *err)
{
	return container_work(request, serve_files, answer, err);
}
