#include "network/network.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#define SCRATCH 65536
#define TURNS 8

static uint8_t scratch[SCRATCH];

static errint_t give(struct end *to)
{
	while (to->size) {
		ssize_t sent = send(to->fd, to->held + to->at, to->size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		to->at += (size_t)sent;
		to->size -= (size_t)sent;
	}
	free(steal_pointer(&to->held));
	return 0;
}

static errint_t hold(struct end *to, const uint8_t *bytes, size_t size)
{
	to->held = malloc(size);
	if (!to->held)
		return -ENOMEM;
	memcpy(to->held, bytes, size);
	to->at = 0;
	to->size = size;
	return 0;
}

static errint_t finish(struct end *to)
{
	if (to->finished)
		return 0;
	to->finished = true;
	/* If the other side has gone away meanwhile, it need not be told. */
	return shutdown(to->fd, SHUT_WR) && errno != ENOTCONN ? -errno : 0;
}

errint_t end_carry(struct end *from, struct end *to)
{
	errint_t failed = 0;

	for (unsigned turn = 0; !failed && turn < TURNS; turn++) {
		if (to->size && ((failed = give(to)) || to->size))
			return failed;
		if (from->ended)
			return finish(to);
		ssize_t got = recv(from->fd, scratch, sizeof(scratch), MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (!got) {
			from->ended = true;
			return finish(to); /* now, because no later event would remind us */
		}
		if (from->tells)
			from->tells(from->whom, scratch, (size_t)got);
		ssize_t sent = send(to->fd, scratch, (size_t)got, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		sent = sent < 0 ? 0 : sent;
		if (sent < got)
			failed = hold(to, scratch + sent, (size_t)(got - sent));
	}
	return failed;
}

bool end_is_done(const struct end *from, const struct end *to)
{
	return from->ended && to->finished;
}

uint32_t end_events(const struct end *end, const struct end *other)
{
	/* If one end ended while the other still had bytes to send, the other is told after these. */
	return (!end->ended && !other->size ? EPOLLIN : 0u) | (end->size ? EPOLLOUT : 0u);
}

void end_close(struct end *end)
{
	free(steal_pointer(&end->held));
	end->size = 0;
	if (end->fd >= 0)
		close(steal_fd(&end->fd));
}

void end_watch(struct end *end, int epoll, uint32_t events, uint32_t which)
{
	struct epoll_event event = {.events = events, .data.u32 = which};

	if (events == end->watched)
		return;
	epoll_ctl(epoll, !end->watched ? EPOLL_CTL_ADD : events ? EPOLL_CTL_MOD : EPOLL_CTL_DEL, end->fd, &event);
	end->watched = events;
}
