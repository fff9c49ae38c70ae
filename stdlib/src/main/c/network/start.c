#include "network/network.h"

#include <fcntl.h>
#include <stdio.h>

errint_t write_pid(const char *path, struct mica_error *err)
{
	unlink(path);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 || dprintf(fd, "%d\n", getpid()) < 0 ? mica_fail(err, -errno, "write", path) : 0;
}

errint_t read_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return errno || *text < '0' || *text > '9' || *end || *number > most ? -EINVAL : 0;
}

errint_t say_ready(int *waiting, int null, struct mica_error *err)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup3(null, fd, 0) < 0)
			return mica_fail(err, -errno, "leave", "the standard streams");
	cleanup_fd int to = steal_fd(waiting);
	return write(to, "", 1) < 0 ? mica_fail(err, -errno, "say that it is ready", "") : 0;
}

int say_failure(const char *program, const struct mica_error *err)
{
	fprintf(stderr, "%s: cannot %s%s%s: %s\n", program, err->step, *err->path ? " " : "", err->path,
		*err->note ? err->note : strerror(-err->code));
	return 1;
}
