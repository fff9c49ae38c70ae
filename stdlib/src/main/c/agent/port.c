/*
 * port.c - finds the virtio-serial ports by their names. It waits for a port without polling, because the kernel
 * reports what it finds.
 */
#include "agent.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

#define PORTS "/sys/class/virtio-ports"

static int uevent_open(void)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = 1};
	cleanup_fd int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return steal_fd(&fd);
}

/* An event is "ACTION@PATH" and then KEY=VALUE several times, with a NUL after each. */
static bool is_of_ports(const char *event, size_t len)
{
	const char *const end = event + len;

	for (; event < end; event += strlen(event) + 1)
		if (!strcmp(event, "SUBSYSTEM=virtio-ports"))
			return true;
	return false;
}

/* Waits for the next event that may be about a port; false if the time is up. */
static bool uevent_wait(int fd, int64_t until_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	char event[8192];

	for (;;) {
		int64_t left = until_ms - now_ms();
		if (left <= 0)
			return false;
		if (poll(&poll_fd, 1, left > 60000 ? 60000 : (int)left) <= 0)
			continue;
		ssize_t len = recv(fd, event, sizeof(event) - 1, 0);
		/* ENOBUFS: events were lost, perhaps also the one that it waits for. */
		if (len < 0 && errno == ENOBUFS)
			return true;
		if (len <= 0)
			continue;
		event[len] = '\0';
		if (is_of_ports(event, (size_t)len))
			return true;
	}
}

static bool is_called(int ports, const char *entry, const char *name)
{
	char path[280], got[128];
	cleanup_fd int fd = -1;
	ssize_t len;

	snprintf(path, sizeof(path), "%s/name", entry);
	fd = openat(ports, path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? -1 : read(fd, got, sizeof(got) - 1);
	while (len > 0 && got[len - 1] == '\n')
		len--;
	return len > 0 && (size_t)len == strlen(name) && !memcmp(got, name, (size_t)len);
}

int port_open(const char *name)
{
	DIR *dir = opendir(PORTS);
	const struct dirent *entry;
	char path[280];
	int fd = -ENODEV;

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && is_called(dirfd(dir), entry->d_name, name)) {
			snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
			fd = fd < 0 ? -errno : fd;
			break;
		}
	if (dir)
		closedir(dir);
	return fd;
}

int port_wait(const char *name, int64_t until_ms)
{
	cleanup_fd int events = uevent_open();
	int fd;

	if (events < 0)
		return events;
	do {
		fd = port_open(name);
	} while ((fd == -ENODEV || fd == -ENOENT) && uevent_wait(events, until_ms));
	return fd;
}
