#include "network/network.h"

#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define OWN "/proc/self/ns/net"
#define MARK "MICA_DAEMON="

/* A daemon of Mica has three variables with paths of at most PATH_MAX. */
#define ENVIRONMENT (4 * PATH_MAX)

static bool is_marked(const struct machine *machine)
{
	cleanup_free char *all = calloc(1, ENVIRONMENT + 1);
	char path[32], mark[sizeof(MARK) + PATH_MAX];
	ssize_t size = -1;

	snprintf(path, sizeof(path), "/proc/%d/environ", machine->pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && all)
		size = read(fd, all, ENVIRONMENT);
	if (size <= 0 || snprintf(mark, sizeof(mark), MARK "%s", machine->file) >= (int)sizeof(mark))
		return false;
	for (char *at = all; at < all + size; at += strlen(at) + 1)
		if (!strcmp(at, mark))
			return true;
	return false;
}

errint_t machine_find(struct machine *machine, struct mica_error *err)
{
	machine->process = (int)syscall(SYS_pidfd_open, machine->pid, 0);
	if (machine->process < 0)
		return mica_fail(err, -errno, "find the machine of", machine->file);
	bool is_it = is_marked(machine);
	struct pollfd ended = {.fd = machine->process, .events = POLLIN};

	/* It has not ended by now, so the process that was checked is the one of the descriptor. */
	if (!is_it || poll(&ended, 1, 0))
		return mica_fail_note(err, -ESRCH, "find the machine of", machine->file,
				      "process %d is none, or has ended", machine->pid);
	return 0;
}

static errint_t raise_loopback(struct mica_error *err)
{
	cleanup_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq about = {.ifr_name = "lo"};

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &about))
		return mica_fail(err, -errno, "look at", "the machine's lo");
	about.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &about) ? mica_fail(err, -errno, "raise", "the machine's lo") : 0;
}

/* With a cookie, a client that finds no room in the queue thinks that it is connected, and may wait for long. */
static errint_t forbid_cookies(struct mica_error *err)
{
	const char *path = "/proc/sys/net/ipv4/tcp_syncookies";
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0; /* this kernel has no cookies */
	return fd < 0 || write(fd, "0", 1) < 0 ? mica_fail(err, -errno, "write the machine's", path) : 0;
}

errint_t machine_join(const struct machine *machine, struct mica_error *err)
{
	struct stat before, after;

	if (stat(OWN, &before) || setns(machine->process, CLONE_NEWNET) || stat(OWN, &after))
		return mica_fail(err, -errno, "enter the network of", machine->file);
	if (before.st_dev == after.st_dev && before.st_ino == after.st_ino)
		return mica_fail_note(err, -EPERM, "enter the network of", machine->file, "it is the host's");
	errint_t failed = raise_loopback(err);
	return failed ? failed : forbid_cookies(err);
}
