/* A datagram socket that listens at a path or at an abstract name hears what it is told, and only that. */
#include "tap.h"

#include "mica.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listens_at(const char *name, size_t length)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, name, length);
	if (bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)))
		return -1;
	return fd;
}

static int hears(int fd, const char *message)
{
	char heard[64] = "";
	ssize_t length = recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	return length == (ssize_t)strlen(message) && !strcmp(heard, message);
}

int main(void)
{
	struct mica_error err;
	char path[64], abstract[64], longest[200];
	int fd;

	snprintf(path, sizeof(path), "/tmp/mica-notify-%d", getpid());
	snprintf(abstract, sizeof(abstract), "@mica-notify-%d", getpid());

	fd = listens_at(path, strlen(path) + 1);
	ok(fd >= 0, "listen at a path");
	ok(mica_notify(path, "READY=1\nSTATUS=x", &err) == 0, "tell it");
	ok(hears(fd, "READY=1\nSTATUS=x"), "it hears that");
	close(fd);
	ok(mica_notify(path, "READY=1", &err) == -ECONNREFUSED, "nobody listens any more");
	unlink(path);
	ok(mica_notify(path, "READY=1", &err) == -ENOENT, "the path is gone");
	ok(!strcmp(err.path, path), "the failure names the path");

	abstract[0] = '\0';
	fd = listens_at(abstract, 1 + strlen(abstract + 1));
	abstract[0] = '@';
	ok(fd >= 0, "listen at an abstract name");
	ok(mica_notify(abstract, "STOPPING=1", &err) == 0, "tell it");
	ok(hears(fd, "STOPPING=1"), "it hears that");
	close(fd);
	ok(mica_notify(abstract, "READY=1", &err) == -ECONNREFUSED, "the abstract name is gone");

	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	ok(mica_notify(longest, "READY=1", NULL) == -EINVAL, "no address is so long");
	ok(mica_notify("relative", "READY=1", NULL) == -EINVAL, "a relative path is none");
	ok(mica_notify("vsock:2:1", "READY=1", NULL) == -EINVAL, "another kind of address is none");
	ok(mica_notify("", "READY=1", NULL) == -EINVAL, "nothing is none");
	ok(mica_notify("@", "READY=1", NULL) == -EINVAL, "an empty name is none");
	return done();
}
