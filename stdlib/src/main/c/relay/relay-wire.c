/* relay-wire.c - the greeting, and reading the frames of the guest. */
#include "relay.h"

#include <sys/random.h>
#include <sys/socket.h>

#define GREETING_MS 10000
#define IN_ROOM (2 * (FRAME_MAX + FRAME_MAX_TAIL))

/* Reads up to len bytes before the deadline; 0 if none came in time, or the guest is gone. */
static size_t read_by(struct relay *r, char *to, size_t len, int64_t deadline)
{
	for (;;) {
		int64_t left = deadline - monotonic_ms();
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

/* Frames that the guest sent to an older relay may come first, so the answer is looked for byte by byte. */
errint_t wire_greet(struct relay *r, struct mica_error *err)
{
	struct frame_hello hello = {.magic = FRAME_MAGIC, .version = FRAME_VERSION}, answer = {0};
	int64_t deadline = monotonic_ms() + GREETING_MS;
	size_t have = 0;

	if (getrandom(hello.nonce, sizeof(hello.nonce), 0) != sizeof(hello.nonce))
		return mica_fail(err, -errno, "greet the guest", r->name);
	if (!wire_send_at_once(r, FRAME_HELLO, &hello, sizeof(hello)))
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

/* Each pong answers one of our pings. More pongs than pings are an error. */
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

void relay_bury(struct relay *r)
{
	struct request request;

	pending_wake(r);
	while (pending_take_any(r, &request)) {
		if (!request.abandoned)
			reply_error(r, request.unique, EIO);
		request_done(&request);
	}
	notices_forget_names(r);
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
