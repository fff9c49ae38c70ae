/*
 * wire.c - the port of a session.
 *
 * A port serves one session after the other, and only one process can open it. So the process that has the port holds a
 * lock, and is notified when the next process opens the lock's file. The port itself may not show that the host has
 * gone and come back in between.
 */
#include "agent.h"

#include "wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>

#define SLACK 1024

static struct wire_lock {
	char path[sizeof(NOTES) + sizeof("/port.") + LINE_MAX_NAME];
} lock_of(const char *port)
{
	struct wire_lock lock;

	snprintf(lock.path, sizeof(lock.path), NOTES "/port.%s", port);
	return lock;
}

/* Only children wait here, and the loop ends them in time. */
static errint_t take_lock(struct wire *wire, const char *port, struct mica_error *err)
{
	const struct wire_lock lock = lock_of(port);

	wire->lock = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (wire->lock < 0 || flock(wire->lock, LOCK_EX) < 0)
		return mica_fail(err, -errno, "lock", lock.path);
	wire->wanted = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (wire->wanted < 0 || inotify_add_watch(wire->wanted, lock.path, IN_OPEN) < 0)
		return mica_fail(err, -errno, "watch", lock.path);
	return 0;
}

/* Nothing that the host sends is lost: it waits for our hello, and so until we have the port. The hang-up of a port
 * cannot be masked and lasts as long as nobody is there, so the port is watched edge-triggered. */
static errint_t say_hello(struct wire *wire, const char *port, int64_t until_ms, struct mica_error *err)
{
	struct epoll_event event = {.events = EPOLLOUT | EPOLLET};
	cleanup_fd int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, wire->fd, &event) < 0)
		return mica_fail(err, -errno, "watch", port);
	wire_put(wire, 'H', wire->token, STREAM_TOKEN);
	for (;;) {
		int64_t left = until_ms - now_ms();

		wire_flush(wire);
		if (!wire->out_len)
			return 0;
		if (left <= 0)
			return mica_fail_note(err, -ETIMEDOUT, "greet", port, "nobody is at the other end of the port");
		epoll_wait(epoll, &event, 1, (int)left);
	}
}

errint_t wire_open(struct wire *wire, const char *port, const char *token, int64_t until_ms, struct mica_error *err)
{
	errint_t code;

	wire->fd = wire->lock = wire->wanted = -1;
	if (!stream_token(token, wire->token))
		return mica_fail_note(err, -EINVAL, "token", token,
				      "%d bytes as pairs of hexadecimal digits are needed", STREAM_TOKEN);
	code = take_lock(wire, port, err);
	if (code)
		return code;
	wire->fd = port_wait(port, until_ms);
	if (wire->fd < 0)
		return mica_fail_note(err, wire->fd, "open port", port, "no such port was plugged in time: %s",
				      strerror(-wire->fd));
	return say_hello(wire, port, until_ms, err);
}

static void compact(uint8_t *bytes, size_t *from, size_t len)
{
	memmove(bytes, bytes + *from, len);
	*from = 0;
}

bool wire_read(struct wire *wire)
{
	ssize_t len;

	compact(wire->in, &wire->in_from, wire->in_len);
	len = read(wire->fd, wire->in + wire->in_len, sizeof(wire->in) - wire->in_len);
	if (len > 0)
		wire->in_len += (size_t)len;
	return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

static void skip(struct wire *wire, size_t len)
{
	wire->in_from += len;
	wire->in_len -= len;
}

/* Bytes before the host's hello belong to an earlier session. */
static bool is_greeted(struct wire *wire)
{
	if (!wire->greeted)
		skip(wire, stream_skip(wire->in + wire->in_from, wire->in_len, wire->token, &wire->greeted));
	return wire->greeted;
}

int wire_next(struct wire *wire, struct stream_frame *frame)
{
	int64_t len =
		is_greeted(wire) ? stream_parse(wire->in + wire->in_from, wire->in_len, STREAM_FROM_HOST, frame) : 0;

	if (len > 0)
		skip(wire, (size_t)len);
	return len < 0 ? (int)len : len > 0;
}

bool wire_has_room(const struct wire *wire)
{
	return wire->fd < 0 || sizeof(wire->out) - SLACK - wire->out_len >= STREAM_HEADER + STREAM_PAYLOAD;
}

static uint8_t *end_of_out(struct wire *wire, size_t need)
{
	if (sizeof(wire->out) - wire->out_from - wire->out_len < need)
		compact(wire->out, &wire->out_from, wire->out_len);
	return wire->out + wire->out_from + wire->out_len;
}

uint8_t *wire_room(struct wire *wire)
{
	return end_of_out(wire, STREAM_HEADER + STREAM_PAYLOAD) + STREAM_HEADER;
}

void wire_commit(struct wire *wire, char type, uint32_t len)
{
	if (wire->fd < 0)
		return;
	stream_header(wire->out + wire->out_from + wire->out_len, type, len);
	wire->out_len += STREAM_HEADER + len;
}

void wire_put(struct wire *wire, char type, const void *payload, uint32_t len)
{
	memcpy(end_of_out(wire, STREAM_HEADER + len) + STREAM_HEADER, payload, len);
	wire_commit(wire, type, len);
}

void wire_flush(struct wire *wire)
{
	ssize_t put = 0;

	while (wire->fd >= 0 && wire->out_len &&
	       (put = write(wire->fd, wire->out + wire->out_from, wire->out_len)) > 0) {
		wire->out_from += (size_t)put;
		wire->out_len -= (size_t)put;
	}
	if (!wire->out_len)
		wire->out_from = 0;
}

void wire_close(struct wire *wire)
{
	int *const all[] = {&wire->fd, &wire->wanted, &wire->lock};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (*all[i] >= 0)
			close(steal_fd(all[i]));
	wire->in_len = wire->out_len = wire->in_from = wire->out_from = 0;
}
