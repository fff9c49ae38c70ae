#include "network/forward.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

static void set(int fd, int level, int name)
{
	const int yes = 1;

	/* A connection works without the option, only worse. */
	setsockopt(fd, level, name, &yes, sizeof(yes));
}

static errint_t begin(struct pair *pair)
{
	cleanup_fd int made = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (made < 0)
		return -errno;
	set(made, IPPROTO_TCP, TCP_NODELAY);
	pair->connecting = connect(made, (const struct sockaddr *)pair->inner, sizeof(*pair->inner)) != 0;
	if (pair->connecting && errno != EINPROGRESS)
		return -errno;
	pair->end[1].fd = steal_fd(&made);
	return 0;
}

errint_t pair_begin(struct pair *pair, const struct port *port)
{
	pair->inner = &port->inner;
	pair->end[1].fd = -1;
	pair->end[0].fd = accept4(port->listening.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (pair->end[0].fd < 0)
		return errno == ECONNABORTED || errno == EINTR ? -EAGAIN : -errno;
	set(pair->end[0].fd, SOL_SOCKET, SO_KEEPALIVE);
	set(pair->end[0].fd, IPPROTO_TCP, TCP_NODELAY);
	return begin(pair);
}

errint_t pair_begin_again(struct pair *pair)
{
	end_close(&pair->end[1]);
	pair->end[1].watched = 0;
	return begin(pair);
}

static bool is_connected(struct pair *pair)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(pair->end[1].fd, SOL_SOCKET, SO_ERROR, &error, &size) || error)
		return false;
	pair->connecting = false;
	return true;
}

bool pair_carry(struct pair *pair)
{
	struct end *outer = &pair->end[0], *inner = &pair->end[1];

	if (pair->connecting && !is_connected(pair))
		return false;
	if (end_carry(outer, inner) || end_carry(inner, outer))
		return false;
	return !end_is_done(outer, inner) || !end_is_done(inner, outer);
}

void pair_close(struct pair *pair)
{
	const struct linger at_once = {.l_onoff = 1};
	bool done = !pair->connecting && end_is_done(&pair->end[0], &pair->end[1]) &&
		    end_is_done(&pair->end[1], &pair->end[0]);

	for (unsigned i = 0; i < 2; i++) {
		if (!done && pair->end[i].fd >= 0)
			setsockopt(pair->end[i].fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		end_close(&pair->end[i]);
	}
}
