/*
 * calls.c - runs the verbs that may hang, each in a child of its own.
 *
 * A call waits while another works on the same share or union. Then it runs in a child that writes its answer into a
 * pipe and ends. When its time is up, the child is killed. A child that hangs in the kernel does not die of that. Then
 * the call is answered all the same, stays in the list as stuck, and keeps its share or union until the child comes
 * back, or until the host says that this is lost: then the call is abandoned, and nobody waits for it any more.
 */
#include "call.h"
#include "child.h"
#include "client.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <fcntl.h>

/* A child knows its deadline, and ends by itself with a better answer. So long after the deadline it is killed, and so
 * long after that it counts as stuck. */
#define GRACE_MS 250

struct call calls[MAX_CALLS];
static int epoll = -1;
static uint64_t turns;
static struct answer scratch;
static const struct calls_events *events;

void calls_open(int epoll_fd, const struct calls_events *who_hears)
{
	epoll = epoll_fd;
	events = who_hears;
}

static void fail(const struct call *call, errint_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fail(const struct call *call, errint_t code, const char *format, ...)
{
	struct mica_error err = {0};
	char note[256];
	va_list args;

	va_start(args, format);
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	mica_fail_note(&err, code, call->verb->name, call_name(call), "%s", note);
	client_fail(call->client, call->request.id, &err);
}

static void release(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	free(call->line);
	free(call->answer);
	*call = (struct call){.fd = -1};
}

/* The processes that serve unions share one limit of open files. */
static void count_served(const struct call *call, int more)
{
	if (call->verb->kind && !strcmp(call->verb->kind, "union"))
		events->served(more);
}

static bool same_object(const struct call *a, const struct call *b)
{
	return a->verb->kind && b->verb->kind && !strcmp(a->verb->kind, b->verb->kind) &&
	       !strcmp(call_name(a), call_name(b));
}

/* The call that works on the same object as this one, or comes before it in the queue. */
static const struct call *in_the_way(const struct call *call)
{
	for (struct call *other = calls; other < calls + MAX_CALLS; other++)
		if (other != call && other->state != FREE && other->state != SERVING && other->state != ABANDONED &&
		    other->turn < call->turn && same_object(other, call))
			return other;
	return NULL;
}

/* A call that waits for a file server that is gone may never end. So it is abandoned: nobody waits for it any more, and
 * its name can be used again. */
static void abandon_hanging(const struct call *call)
{
	for (struct call *other = calls; other < calls + MAX_CALLS; other++)
		if ((other->state == SERVING || other->state == STUCK) && same_object(other, call)) {
			if (other->state == SERVING)
				count_served(other, -1);
			kill(other->pid, SIGKILL);
			other->state = ABANDONED;
		}
}

static errint_t spawn(struct call *call)
{
	int pipe_fds[2];
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)(call - calls)};

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	cleanup_fd int in = pipe_fds[0], out = pipe_fds[1];
	fcntl(in, F_SETFL, O_NONBLOCK);
	call->answer = calloc(1, sizeof(*call->answer));
	if (!call->answer)
		return -ENOMEM;
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, in, &event) < 0)
		return -errno;
	call->pid = fork();
	if (!call->pid)
		child_run(call->verb, &call->request, call->deadline, out);
	if (call->pid < 0)
		return -errno;
	call->fd = steal_fd(&in);
	call->state = RUNNING;
	return 0;
}

/* Starts all waiting calls that no other call is in the way of. */
static void start_waiting(void)
{
	for (struct call *call = calls; call < calls + MAX_CALLS; call++) {
		if (call->state != WAITING || in_the_way(call))
			continue;
		errint_t code = spawn(call);
		if (code) {
			fail(call, code, "the guest cannot start another process");
			release(call);
		}
	}
}

static bool is_under_way(const struct call *call)
{
	return call->state != FREE && call->state != SERVING;
}

static struct call *find_free(void)
{
	int under_way = 0;

	for (const struct call *call = calls; call < calls + MAX_CALLS; call++)
		under_way += is_under_way(call);
	if (under_way >= MAX_UNDER_WAY)
		return NULL;
	for (struct call *call = calls; call < calls + MAX_CALLS; call++)
		if (call->state == FREE)
			return call;
	return NULL;
}

void calls_start(const struct verb *verb, char *line, struct client *client)
{
	struct call *call = find_free(), none = {.verb = verb, .client = client, .fd = -1, .line = line};
	uint64_t limit = verb->limit_ms;

	call = call ? call : &none;
	*call = none;
	line_parse(line, strlen(line), &call->request, NULL);
	if (line_value(&call->request, "limit"))
		line_number(&call->request, "limit", 1, UINT32_MAX, &limit, NULL);
	if (call == &none) {
		fail(call, -EAGAIN, "%d calls are under way: wait for some of them", MAX_UNDER_WAY);
		release(call);
		return;
	}
	call->state = WAITING;
	call->turn = ++turns;
	call->began = now_ms();
	call->deadline = call->began + (int64_t)limit;
	if (request_lost(&call->request))
		abandon_hanging(call);
	start_waiting();
}

static bool is_complete(const struct call *call)
{
	return call->answer->len && call->answer->text[call->answer->len - 1] == '\n';
}

/* Sends the bytes from..len-1 of what the child wrote, and drops all bytes before len. */
static void pass_on(struct call *call, size_t from, size_t len)
{
	struct answer *answer = call->answer;

	scratch.len = len - from;
	memcpy(scratch.text, answer->text + from, scratch.len);
	answer->len -= len;
	memmove(answer->text, answer->text + len, answer->len);
}

/* If a child goes on after its answer, the answer is sent at once. */
static void answer_if_serving(struct call *call)
{
	const struct answer *answer = call->answer;
	const char *newline = call->state == RUNNING ? memchr(answer->text, '\n', answer->len) : NULL;

	if (!newline || answer->text[0] != CHILD_STAYS)
		return;
	call->state = SERVING;
	count_served(call, 1);
	pass_on(call, 1, (size_t)(newline + 1 - answer->text));
	client_send(call->client, &scratch);
}

/* The host gets what the child writes after its answer. */
static void tell_if_serving(struct call *call)
{
	if (call->state != SERVING || !is_complete(call))
		return;
	pass_on(call, 0, call->answer->len);
	call->told = true;
	events->tell(&scratch);
}

void calls_read(uint32_t which)
{
	struct call *call = &calls[which];
	struct answer *answer = call->answer;
	ssize_t len = 0;

	while (call->fd >= 0 && answer->len < sizeof(answer->text) &&
	       (len = read(call->fd, answer->text + answer->len, sizeof(answer->text) - answer->len)) > 0)
		answer->len += (size_t)len;
	if (call->fd >= 0 && (len == 0 || errno != EAGAIN)) {
		close(call->fd);
		call->fd = -1;
	}
	answer_if_serving(call);
	tell_if_serving(call);
}

/* Describes the end of a child's process, for people. */
static void describe(int status, char text[static 64])
{
	if (WIFSIGNALED(status))
		snprintf(text, 64, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, 64, "ended with status %d", WEXITSTATUS(status));
}

static void tell_event(const struct call *call, const char *event, const char *why)
{
	answer_begin(&scratch, "*", event);
	answer_put(&scratch, "id", call->request.id);
	answer_put(&scratch, "verb", call->verb->name);
	answer_put(&scratch, "name", call_name(call));
	answer_put(&scratch, "note", why);
	answer_end(&scratch, "*");
	events->tell(&scratch);
}

/* Some verbs have to clean up after the child, also if it was killed before it had an answer. */
static void finish_ended(const struct call *call, const char *how)
{
	if (call->state == SERVING)
		count_served(call, -1);
	if (!call->verb->ended || call->told || call->state == ABANDONED)
		return;
	scratch.len = 0;
	call->verb->ended(&call->request, how, &scratch);
	if (call->state == SERVING && scratch.len)
		events->tell(&scratch);
}

static void finish(struct call *call, int status)
{
	char how[64];

	describe(status, how);
	calls_read((uint32_t)(call - calls));
	if (call->state == SERVING || WIFSIGNALED(status))
		finish_ended(call, how);
	if (call->state == SERVING) {
		release(call);
		return;
	}
	if (call->state == STUCK || call->state == ABANDONED) {
		say("%s %s came back: %s", call->verb->name, call_name(call), how);
		tell_event(call, "late", how);
	} else if (is_complete(call)) {
		client_send(call->client, call->answer);
	} else if (call->state == KILLED) {
		fail(call, -ETIMEDOUT, "not done within its limit, and ended");
	} else {
		fail(call, -EIO, "its process in the guest %s", how);
	}
	release(call);
}

void calls_reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct call *call = calls; call < calls + MAX_CALLS; call++)
			if (call->state > WAITING && call->pid == pid)
				finish(call, status);
	start_waiting();
}

static void expire(struct call *call)
{
	const struct call *other = in_the_way(call);

	switch (call->state) {
	case WAITING:
		fail(call, -ETIMEDOUT, "call %s (%s) is still at it%s", other ? other->request.id : "?",
		     other ? other->verb->name : "?", other && other->state == STUCK ? " and hangs in the kernel" : "");
		release(call);
		break;
	case RUNNING:
		kill(call->pid, SIGKILL);
		call->state = KILLED;
		break;
	case KILLED:
		say("%s %s hangs in the kernel and stays behind", call->verb->name, call_name(call));
		fail(call, -ETIMEDOUT,
		     "it hangs in the guest's kernel and cannot be ended: it stays behind, and holds what "
		     "it works on until it comes back");
		call->state = STUCK;
		break;
	default:
		break;
	}
}

static int64_t expiry(const struct call *call)
{
	switch (call->state) {
	case WAITING:
		return call->deadline;
	case RUNNING:
		return call->deadline + GRACE_MS;
	case KILLED:
		return call->deadline + 2 * GRACE_MS;
	default:
		return INT64_MAX;
	}
}

int64_t calls_expire(void)
{
	int64_t now = now_ms(), next = INT64_MAX;

	for (struct call *call = calls; call < calls + MAX_CALLS; call++)
		if (expiry(call) <= now)
			expire(call);
	start_waiting();
	for (struct call *call = calls; call < calls + MAX_CALLS; call++)
		next = expiry(call) < next ? expiry(call) : next;
	return next;
}

bool calls_busy(void)
{
	for (const struct call *call = calls; call < calls + MAX_CALLS; call++)
		if (call->state == WAITING || call->state == RUNNING || call->state == KILLED)
			return true;
	return false;
}

void calls_kill_all(void)
{
	for (const struct call *call = calls; call < calls + MAX_CALLS; call++)
		if (call->state > WAITING)
			kill(call->pid, SIGKILL);
}
