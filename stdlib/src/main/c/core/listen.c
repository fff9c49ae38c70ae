#include "listen.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A socket's address is short, so it is named from its directory, which stays open in *dir. */
static errint_t name_it(const char *path, struct sockaddr_un *address, int *dir, struct mica_error *err)
{
	cleanup_free char *for_dir = strdup(path), *for_name = strdup(path);
	int length;

	if (!for_dir || !for_name)
		return mica_fail(err, -ENOMEM, "name the socket", path);
	*dir = open(dirname(for_dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir < 0)
		return mica_fail(err, -errno, "open the directory of", path);
	length =
		snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", *dir, basename(for_name));
	if (length < 0 || (size_t)length >= sizeof(address->sun_path))
		return mica_fail(err, -ENAMETOOLONG, "name the socket", path);
	return 0;
}

errint_t mica_listen(const char *path, int backlog, int *out, struct mica_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int dir = -1, fd = -1;
	errint_t failed = name_it(path, &address, &dir, err);

	if (failed)
		return failed;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		return mica_fail(err, -errno, "bind", path);
	if (listen(fd, backlog)) {
		failed = mica_fail(err, -errno, "listen", path);
		unlink(address.sun_path);
		return failed;
	}
	*out = steal_fd(&fd);
	return 0;
}

errint_t mica_connect(const char *path, int *out, struct mica_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int dir = -1, fd = -1;
	errint_t failed = name_it(path, &address, &dir, err);

	if (failed)
		return failed;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return mica_fail(err, -errno, "connect", path);
	*out = steal_fd(&fd);
	return 0;
}

errint_t mica_check_peer(int socket, pid_t peer, const char *path, struct mica_error *err)
{
	struct ucred is;
	socklen_t size = sizeof(is);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &is, &size) < 0)
		return mica_fail(err, -errno, "ask who listens at", path);
	if (is.pid != peer)
		return mica_fail_note(err, -EACCES, "connect", path, "process %d listens there, not %d, the guest's",
				      is.pid, peer);
	return 0;
}
