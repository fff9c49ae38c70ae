/* relay-wire.c - frames to and from the guest, and whether it lives. */
#include "relay.h"

#include <sys/syscall.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#define GREETING_MS 10000
#define TURN_MS 1000
#define AWAY_TURN_MS 250
#define MAX_TURN_MS 2000
#define ROOM_MS 200
#define MAX_PINGS 8
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

__attribute__((format(printf, 2, 0))) static void set_why(struct relay *r, const char *why, va_list args)
{
	va_list again;

	va_copy(again, args);
	pthread_mutex_lock(&r->why_lock);
	vsnprintf(r->why, sizeof(r->why), why, again);
	pthread_mutex_unlock(&r->why_lock);
	va_end(again);
	log_line(r, why, args);
}

struct state_line relay_state(struct relay *r)
{
	struct state_line line = {"serves\n"};

	pthread_mutex_lock(&r->why_lock);
	if (!guest_serves(r))
		snprintf(line.text, sizeof(line.text), "%s %s\n", r->dead ? "dead" : "away", r->why);
	pthread_mutex_unlock(&r->why_lock);
	return line;
}

void relay_die(struct relay *r, const char *why, ...)
{
	struct request request;
	va_list args;

	if (atomic_exchange(&r->dead, true))
		return;
	va_start(args, why);
	set_why(r, why, args);
	va_end(args);
	/* Whoever is sending, or waits for room, comes back. */
	shutdown(r->sock, SHUT_RDWR);
	pending_wake(r);
	while (pending_take_any(r, &request)) {
		if (!request.abandoned)
			reply_error(r, request.unique, EIO);
		request_done(&request);
	}
	notices_forget_names(r);
}

/* Only the thread that watches may find that; and only notices_deliver, that it is over. */
__attribute__((format(printf, 2, 3))) static void guest_went_away(struct relay *r, const char *why, ...)
{
	va_list args;

	va_start(args, why);
	set_why(r, why, args);
	va_end(args);
	r->asked_back = false;
	r->away = true;
	pending_wake(r);
	pending_abandon(r);
}

/* Waits until something can be sent. False: the guest is away or dead, and it may take for ever. */
static bool wait_for_room(struct relay *r)
{
	struct pollfd room = {.fd = r->sock, .events = POLLOUT};

	while (guest_serves(r))
		if (poll(&room, 1, ROOM_MS) > 0)
			return true;
	errno = EAGAIN;
	return false;
}

/* What is left of a frame that was begun has to be sent before anything else. */
static bool keep_rest(struct relay *r, const struct msghdr *message)
{
	size_t size = 0, at = 0;

	for (size_t i = 0; i < message->msg_iovlen; i++)
		size += message->msg_iov[i].iov_len;
	char *rest = malloc(size);

	for (size_t i = 0; rest && i < message->msg_iovlen; at += message->msg_iov[i++].iov_len)
		memcpy(rest + at, message->msg_iov[i].iov_base, message->msg_iov[i].iov_len);
	r->rest = rest;
	r->rest_size = rest ? size : 0;
	if (!rest)
		errno = ENOMEM;
	return rest;
}

/* As far as there is room. */
static bool send_rest(struct relay *r)
{
	while (r->rest_size) {
		ssize_t put = send(r->sock, r->rest, r->rest_size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && errno != EINTR)
			return false;
		if (put > 0)
			memmove(r->rest, r->rest + put, r->rest_size -= (size_t)put);
	}
	free(steal_pointer(&r->rest));
	return true;
}

static bool send_all(struct relay *r, struct iovec *iov, int count)
{
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = (size_t)count};
	bool begun = false;

	while (message.msg_iovlen) {
		ssize_t put = sendmsg(r->sock, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (put < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room(r))))
			continue;
		if (put < 0)
			return begun && errno == EAGAIN && keep_rest(r, &message);
		begun = true;
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

	return !r->dead && send_rest(r) && send_all(r, iov, size ? 2 : 1);
}

bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size)
{
	pthread_mutex_lock(&r->send_lock);
	bool serves = guest_serves(r), sent = serves && send_frame(r, kind, message, size);
	int why = errno;
	pthread_mutex_unlock(&r->send_lock);
	if (serves && !sent && why != EAGAIN)
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
			r->heard = lived_ms(r);
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
		guest_went_away(r, "the guest has not answered %s for %u seconds", what, seconds);
}

static void ping(struct relay *r)
{
	if (r->pings == MAX_PINGS || pthread_mutex_trylock(&r->send_lock))
		return;
	r->pings++;
	if (!send_frame(r, FRAME_PING, NULL, 0))
		r->pings--;
	else
		r->asked_back = r->away;
	pthread_mutex_unlock(&r->send_lock);
}

/* It takes them in their order: after a pong to the last ping it has all that was sent before. */
static bool is_back(struct relay *r)
{
	return r->asked_back && !r->pings && pending_none(r);
}

static void watch_away(struct relay *r)
{
	if (is_back(r))
		notices_come_back(r);
	else
		ping(r);
}

static void watch_serving(struct relay *r)
{
	int64_t silent = r->lived - r->heard;

	watch_answers(r);
	if (!r->away && silent > (int64_t)r->silence * 1000)
		guest_went_away(r, "the guest has been silent for %u seconds", r->silence);
	else if (silent > 1500)
		ping(r);
}

/* Whoever asks how the guest is, hears it. */
static void tell_state(struct relay *r)
{
	cleanup_fd int asker = accept4(r->state, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct state_line line = relay_state(r);

	if (asker < 0)
		poll(NULL, 0, ROOM_MS); /* it waits: no descriptor is free */
	else if (send(asker, line.text, strlen(line.text), MSG_NOSIGNAL) < 0)
		return; /* it did not */
}

static int64_t counted(int64_t passed)
{
	return passed < MAX_TURN_MS ? passed : MAX_TURN_MS;
}

/* Else who asks just before a turn that is late would seem to have waited as long as that. */
int64_t lived_ms(struct relay *r)
{
	int64_t turned, lived;

	do {
		turned = r->turned;
		lived = r->lived;
	} while (turned != r->turned);
	return turned ? lived + counted(now_ms() - turned) : lived;
}

/* Time in which we did not run, for we were stopped or the host was asleep, is none in which the guest was silent. */
static void count_time(struct relay *r)
{
	int64_t now = now_ms();

	r->lived += counted(now - r->turned);
	r->turned = now;
}

/* A guest that is busy sending is alive; one that is not is asked. What it waits for when a server of its shares has
 * ended never comes, though it is alive. */
void *wire_watch(void *relay)
{
	struct relay *r = relay;
	struct pollfd *state = &r->watched[r->watched_count]; /* the last; nobody listens where it is -1 */

	r->turned = now_ms();
	*state = (struct pollfd){.fd = r->state, .events = POLLIN};
	for (;;) {
		int ready = r->dead ? poll(state, 1, -1)
				    : poll(r->watched, r->watched_count + 1, r->away ? AWAY_TURN_MS : TURN_MS);
		bool asked = ready > 0 && state->revents;

		count_time(r);
		if (asked)
			tell_state(r);
		if (r->dead)
			continue; /* to tell that */
		if (ready > asked)
			relay_die(r, "a file server of the guest has ended");
		else if (r->away)
			watch_away(r);
		else
			watch_serving(r);
	}
	return NULL;
}
