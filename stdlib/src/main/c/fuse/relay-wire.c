/* relay-wire.c - frames to and from the guest, and whether it lives. */
#include "relay.h"

#include <sys/syscall.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define GREETING_MS 10000
#define IN_ROOM (2 * (FRAME_MAX + FRAME_MAX_TAIL))

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

__attribute__((format(printf, 2, 0))) static void log_line(const struct relay *r, const char *text, va_list args)
{
	char line[512];
	int len = snprintf(line, sizeof(line), "mica-relay: %s: ", r->name);

	vsnprintf(line + len, sizeof(line) - (size_t)len, text, args);
	dprintf(r->log, "%s\n", line);
}

void relay_log(const struct relay *r, const char *text, ...)
{
	va_list args;

	va_start(args, text);
	log_line(r, text, args);
	va_end(args);
}

void relay_die(struct relay *r, const char *why, ...)
{
	struct request request;
	va_list args;

	if (atomic_exchange(&r->dead, true))
		return;
	va_start(args, why);
	log_line(r, why, args);
	va_end(args);
	/* Whoever is sending, or waits for room, comes back. */
	shutdown(r->sock, SHUT_RDWR);
	pending_wake(r);
	while (pending_take_any(r, &request))
		if (!request.abandoned)
			reply_error(r, request.unique, EIO);
	notices_forget_names(r);
}

static bool send_all(struct relay *r, struct iovec *iov, int count)
{
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};

	while (message.msg_iovlen) {
		ssize_t put = sendmsg(r->sock, &message, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		for (size_t left = (size_t)put; message.msg_iovlen && left >= message.msg_iov->iov_len;) {
			left -= message.msg_iov->iov_len;
			message.msg_iov++;
			message.msg_iovlen--;
			put = (ssize_t)left;
		}
		if (message.msg_iovlen) {
			message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + put;
			message.msg_iov->iov_len -= (size_t)put;
		}
	}
	return true;
}

static bool send_frame(struct relay *r, enum frame_kind kind, const void *message, size_t size)
{
	struct frame head = {.size = (uint32_t)(sizeof(head) + size), .kind = (uint16_t)kind};
	struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)(uintptr_t)message, size}};

	return !r->dead && send_all(r, iov, size ? 2 : 1);
}

bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size)
{
	pthread_mutex_lock(&r->send_lock);
	bool sent = send_frame(r, kind, message, size);
	int why = errno;
	pthread_mutex_unlock(&r->send_lock);
	if (!sent)
		relay_die(r, "the guest is gone: cannot send to it: %s", strerror(why));
	return sent;
}

/* Reads up to len bytes before the deadline; 0: not in time, or gone. */
static size_t read_by(struct relay *r, char *to, size_t len, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd ready = {.fd = r->sock, .events = POLLIN};

		if (left <= 0 || (poll(&ready, 1, (int)left) < 0 && errno != EINTR))
			return 0;
		if (!(ready.revents & (POLLIN | POLLHUP)))
			continue;
		ssize_t got = recv(r->sock, to, len, MSG_DONTWAIT);
		if (got >= 0 || (errno != EAGAIN && errno != EINTR))
			return got > 0 ? (size_t)got : 0;
	}
}

/* What the guest sent to an older relay may come first, so the answer is looked for byte by byte. */
errint_t wire_greet(struct relay *r, struct mica_error *err)
{
	struct frame_hello hello = {.magic = FRAME_MAGIC, .version = FRAME_VERSION}, answer = {0};
	int64_t deadline = now_ms() + GREETING_MS;
	size_t have = 0;

	if (getrandom(hello.nonce, sizeof(hello.nonce), 0) != sizeof(hello.nonce))
		return mica_fail(err, -errno, "greet the guest", r->name);
	if (!send_frame(r, FRAME_HELLO, &hello, sizeof(hello)))
		return mica_fail(err, -errno, "greet the guest", r->name);
	while (have < sizeof(answer) || memcmp(answer.nonce, hello.nonce, sizeof(hello.nonce)) != 0) {
		if (have == sizeof(answer))
			memmove(&answer, (char *)&answer + 1, --have);
		size_t got = read_by(r, (char *)&answer + have, sizeof(answer) - have, deadline);
		if (!got)
			return mica_fail_note(err, -ETIMEDOUT, "greet the guest", r->name,
					      "the guest's export does not answer");
		have += got;
	}
	if (memcmp(answer.magic, hello.magic, sizeof(hello.magic)) != 0 || answer.version != FRAME_VERSION)
		return mica_fail_note(err, -EPROTO, "greet the guest", r->name, "it speaks version %u, not %u",
				      answer.version, FRAME_VERSION);
	return 0;
}

/* Each answers a ping of ours: more of them are no sign of life. */
static bool take_pong(struct relay *r)
{
	unsigned pings = r->pings;

	while (pings && !atomic_compare_exchange_weak(&r->pings, &pings, pings - 1))
		;
	return pings > 0;
}

static bool feed_frame(struct relay *r, const struct frame *head, char *body)
{
	size_t size = head->size - sizeof(*head);

	switch (head->kind) {
	case FRAME_FUSE:
		return head->tail <= size &&
		       reply_from_guest(r, body, size - head->tail, body + size - head->tail, head->tail);
	case FRAME_PONG:
		return !size && take_pong(r);
	default:
		return false;
	}
}

ssize_t wire_feed(struct relay *r, char *data, size_t size)
{
	size_t at = 0;
	struct frame head;

	while (size - at >= sizeof(head)) {
		memcpy(&head, data + at, sizeof(head));
		if (head.size < sizeof(head) || head.size > FRAME_MAX + FRAME_MAX_TAIL)
			return -1;
		if (head.size > size - at)
			break;
		if (!feed_frame(r, &head, data + at + sizeof(head)))
			return -1;
		at += head.size;
	}
	return (ssize_t)at;
}

void *wire_read(void *relay)
{
	struct relay *r = relay;
	char *in = malloc(IN_ROOM);
	size_t have = 0;
	ssize_t done;

	while (in && !r->dead) {
		ssize_t got = read(r->sock, in + have, IN_ROOM - have);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			relay_die(r, "the guest is gone: %s", got < 0 ? strerror(errno) : "its port was closed");
			break;
		}
		have += (size_t)got;
		done = wire_feed(r, in, have);
		if (done < 0) {
			relay_die(r, "the guest breaks the protocol: no further word with it");
			break;
		}
		if (done)
			r->heard = now_ms();
		have -= (size_t)done;
		if (done && have)
			memmove(in, in + done, have);
	}
	if (!in)
		relay_die(r, "no memory");
	free(in);
	return NULL;
}

errint_t relay_watch(struct relay *r, const char *pid, struct mica_error *err)
{
	struct pollfd *next = &r->watched[r->watched_count];

	if (r->watched_count == MAX_LAYERS)
		return mica_fail(err, -E2BIG, "watch the process", pid);
	next->fd = (int)syscall(SYS_pidfd_open, (pid_t)strtol(pid, NULL, 10), 0);
	if (next->fd < 0)
		return mica_fail(err, -errno, "watch the process", pid);
	next->events = POLLIN;
	r->watched_count++;
	return 0;
}

/* It lives, but whoever asked would wait for ever. */
static void watch_answers(struct relay *r)
{
	const char *what = NULL;
	unsigned seconds = pending_overdue(r, &what);

	pending_give_up(r);
	if (seconds)
		relay_die(r, "the guest has not answered %s for %u seconds: it counts as dead", what, seconds);
}

/* A guest that is busy sending is alive; one that is not is asked. What it waits for when a server of its shares has
 * ended never comes, though it is alive. */
void *wire_watch(void *relay)
{
	struct relay *r = relay;

	while (!r->dead) {
		bool ended = poll(r->watched, r->watched_count, 1000) > 0;
		int64_t silent = now_ms() - r->heard;

		watch_answers(r);
		if (ended)
			relay_die(r, "a file server of the guest has ended");
		else if (silent > (int64_t)r->silence * 1000)
			relay_die(r, "the guest has been silent for %u seconds: it counts as dead", r->silence);
		else if (silent > 1500 && !pthread_mutex_trylock(&r->send_lock)) {
			r->pings++;
			send_frame(r, FRAME_PING, NULL, 0);
			pthread_mutex_unlock(&r->send_lock);
		}
	}
	return NULL;
}
