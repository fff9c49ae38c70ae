/* relay-send.c - frames to the guest. */
#include "relay.h"

#include <sys/socket.h>

#define ROOM_MS 200

/* Waits until something can be sent. Returns false if the guest is away or dead, because then it may take for ever. */
static bool wait_for_room(struct relay *r)
{
	struct pollfd room = {.fd = r->sock, .events = POLLOUT};

	while (guest_serves(r))
		if (poll(&room, 1, ROOM_MS) > 0)
			return true;
	errno = EAGAIN;
	return false;
}

/* Keeps the rest of a frame that was sent in part: it has to be sent before anything else. */
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

/* Sends as much of the rest as there is room for. */
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

bool wire_send_at_once(struct relay *r, enum frame_kind kind, const void *message, size_t size)
{
	struct frame head = {.size = (uint32_t)(sizeof(head) + size), .kind = (uint16_t)kind};
	struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)(uintptr_t)message, size}};

	return !r->dead && send_rest(r) && send_all(r, iov, size ? 2 : 1);
}

bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size)
{
	pthread_mutex_lock(&r->send_lock);
	bool serves = guest_serves(r), sent = serves && wire_send_at_once(r, kind, message, size);
	int why = errno;
	pthread_mutex_unlock(&r->send_lock);
	if (serves && !sent && why != EAGAIN)
		relay_die(r, "the guest is gone: cannot send to it: %s", strerror(why));
	return sent;
}
