#include "network/forward.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>

#define BACKLOG 128

static errint_t read_port(const char *text, struct sockaddr_in *outer, struct sockaddr_in *inner)
{
	char copy[64], *colon, *equals;
	unsigned long port, behind;

	if (snprintf(copy, sizeof(copy), "%s", text) >= (int)sizeof(copy) || !(colon = strchr(copy, ':')) ||
	    !(equals = strchr(colon, '=')))
		return -EINVAL;
	*colon = *equals = 0;
	if (inet_pton(AF_INET, copy, &outer->sin_addr) != 1 || read_number(colon + 1, 65535, &port) ||
	    read_number(equals + 1, 65535, &behind) || !port || !behind)
		return -EINVAL;
	outer->sin_family = inner->sin_family = AF_INET;
	outer->sin_port = htons((uint16_t)port);
	inner->sin_port = htons((uint16_t)behind);
	inner->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return 0;
}

static errint_t listen_at(int fd, const struct sockaddr_in *outer)
{
	const int yes = 1;

	/* Connections of an earlier process that still wait for their end do not prevent this. */
	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
			       bind(fd, (const struct sockaddr *)outer, sizeof(*outer)) || listen(fd, BACKLOG)
		       ? -errno
		       : 0;
}

errint_t port_open(struct forward *forward, const char *text, struct mica_error *err)
{
	struct port *port = &forward->ports[forward->port_count];
	struct sockaddr_in outer = {0};
	char name[64];

	if (forward->port_count == MAX_PORTS || read_port(text, &outer, &port->inner))
		return mica_fail_note(err, -EINVAL, "publish the port", text, "it is not ADDRESS:PORT=INNER");
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
	port->listening.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (port->listening.fd < 0)
		return mica_fail(err, -errno, "publish the port", name);
	forward->port_count++;
	errint_t failed = listen_at(port->listening.fd, &outer);
	return failed ? mica_fail(err, failed, "publish the port", name) : 0;
}
