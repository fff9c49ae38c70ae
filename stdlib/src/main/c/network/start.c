#include "network/network.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>

errint_t start_begin(struct start *start)
{
	close_range(3, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	opterr = 0;
	*start = (struct start){.waiting = -1, .null = open("/dev/null", O_RDWR | O_CLOEXEC)};
	return start->null < 0 ? -errno : 0;
}

errint_t start_option(struct start *start, struct machine *machine, int option)
{
	unsigned long number = 0;

	switch (option) {
	case 'p':
		start->pid = optarg;
		return 0;
	case 'f':
		machine->file = optarg;
		return 0;
	case 'm':
		if (read_number(optarg, INT32_MAX, &number))
			return -EINVAL;
		machine->pid = (pid_t)number;
		return 0;
	default:
		return -EINVAL;
	}
}

errint_t start_write_pid(const struct start *start, struct mica_error *err)
{
	unlink(start->pid);
	cleanup_fd int fd = open(start->pid, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd < 0 || dprintf(fd, "%d\n", getpid()) < 0 ? mica_fail(err, -errno, "write", start->pid) : 0;
}

errint_t start_ready(struct start *start, struct mica_error *err)
{
	for (int fd = 0; fd < 3; fd++)
		if (dup3(start->null, fd, 0) < 0)
			return mica_fail(err, -errno, "leave", "the standard streams");
	cleanup_fd int to = steal_fd(&start->waiting);
	return write(to, "", 1) < 0 ? mica_fail(err, -errno, "say that it is ready", "") : 0;
}

int start_failed(const char *program, const struct mica_error *err)
{
	fprintf(stderr, "%s: cannot %s%s%s: %s\n", program, err->step, *err->path ? " " : "", err->path,
		*err->note ? err->note : strerror(-err->code));
	return 1;
}

errint_t read_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	return errno || *text < '0' || *text > '9' || *end || *number > most ? -EINVAL : 0;
}
