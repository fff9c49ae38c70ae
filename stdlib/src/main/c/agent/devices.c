/*
 * devices.c - PCI devices. In a machine without ACPI nothing tells the kernel that a device was plugged in, or is about
 * to be unplugged. So the host says it by these verbs, and the agent tells the kernel.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>

#define BUS "/sys/bus/pci"

static errint_t tell_kernel(const char *path, struct mica_error *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, "1", 1) < 0 ? mica_fail(err, -errno, "write 1 to", path) : 0;
}

errint_t devices_find(struct mica_error *err)
{
	return tell_kernel(BUS "/rescan", err);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

errint_t device_check(const char *address, struct mica_error *err)
{
	static const char form[] = "xxxx:xx:xx.x";
	size_t at = 0;

	while (form[at] && (form[at] == 'x' ? is_hex(address[at]) : address[at] == form[at]))
		at++;
	if (!form[at] && !address[at])
		return 0;
	return mica_fail_note(err, -EINVAL, "device", address, "a PCI address is written as 0000:01:05.0");
}

errint_t device_remove(const char *address, struct mica_error *err)
{
	char path[sizeof(BUS "/devices//remove") + 16];
	errint_t code;

	snprintf(path, sizeof(path), BUS "/devices/%s/remove", address);
	code = tell_kernel(path, err);
	return code == -ENOENT ? 0 : code;
}
