/*
 * init.c - phase 1: from the start by the kernel to an open control port. A failure here ends the guest: the kernel
 * panics, and our line on the console says why.
 */
#include "container.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PORT_MS 60000

__attribute__((noreturn)) static void die(const char *step, const char *path, errint_t code, const char *note)
{
	say("%s %s: %s%s%s", step, path, strerror(-code), *note ? ": " : "", note);
	_exit(1);
}

static const struct {
	const char *path, *type;
	unsigned long flags;
	const char *options;
} system_mounts[] = {
	{"/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL},
	{"/dev", "devtmpfs", MS_NOSUID, "mode=0755"},
	{"/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"},
	{NOTES, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"},
};

static void make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		die("mkdir", path, -errno, "");
}

static void mount_system(void)
{
	for (size_t i = 0; i < sizeof(system_mounts) / sizeof(*system_mounts); i++) {
		make_folder(system_mounts[i].path);
		if (mount(system_mounts[i].type, system_mounts[i].path, system_mounts[i].type, system_mounts[i].flags,
			  system_mounts[i].options) < 0)
			die("mount", system_mounts[i].path, -errno, system_mounts[i].type);
	}
	make_folder(SHARES);
	make_folder(UNIONS);
	make_folder(DISKS);
}

/* Opens the console, without ever waiting for it. If there is none, nobody reads our lines, but all else works. */
static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int to = 0; fd >= 0 && to <= 2; to++)
		dup2(fd, to);
	if (fd > 2)
		close(fd);
}

static void put(const char *path, const char *text)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		say("write %s to %s: %m", text, path);
}

/* A process that serves a union keeps a descriptor for each file that the host knows. */
static void raise_limits(void)
{
	const struct rlimit files = {1 << 20, 1 << 20};

	put("/proc/sys/fs/nr_open", "1048576");
	put("/proc/sys/fs/file-max", "4194304");
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		say("raise the limit of open files: %m");
	signal(SIGPIPE, SIG_IGN);
	umask(0);
}

static int find_port(void)
{
	int port = port_wait(AGENT_PORT, now_ms() + PORT_MS);

	if (port < 0)
		die("open", AGENT_PORT, port,
		    "no virtio-serial port of that name came up: is virtio_console in /modules?");
	return port;
}

int agent_init(void)
{
	struct mica_error err = {0};
	int port;

	bool runtime = root_has_runtime();

	if (runtime && root_leave(&err))
		die(err.step, err.path, err.code, err.note);
	mount_system();
	open_console();
	raise_limits();
	if (runtime && cgroups_open(&err))
		die(err.step, err.path, err.code, err.note);
	if (modules_load_first(&err))
		die(err.step, err.path, err.code, err.note);
	port = find_port();
	modules_load_rest();
	return port;
}
