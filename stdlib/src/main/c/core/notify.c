/* notify.c - tells the service manager of this host, which listens at a datagram socket, how a service is. */
#include "base.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* One that takes nothing for so long is not there. */
#define SECONDS 5

/* A path, or a name in the abstract namespace, which stands behind a '@' here and behind a NUL in the kernel. */
static socklen_t name_it(const char *address, struct sockaddr_un *to)
{
	size_t length = strlen(address);

	if ((address[0] != '/' && address[0] != '@') || length < 2 || length >= sizeof(to->sun_path))
		return 0;
	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(to->sun_path, address, length);
	if (address[0] == '@') {
		to->sun_path[0] = '\0';
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	}
	return sizeof(*to);
}

errint_t mica_notify(const char *address, const char *message, struct mica_error *err)
{
	struct timeval limit = {.tv_sec = SECONDS};
	struct sockaddr_un to;
	socklen_t length = name_it(address, &to);
	cleanup_fd int fd = -1;

	mica_error_clear(err);
	if (!length)
		return mica_fail_note(err, -EINVAL, "notify", address, "it is neither a path nor an abstract name");
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)))
		return mica_fail(err, -errno, "open a socket for", address);
	if (sendto(fd, message, strlen(message), MSG_NOSIGNAL, (struct sockaddr *)&to, length) < 0)
		return mica_fail(err, -errno, "notify", address);
	return 0;
}
