/*
 * modules.c - loads the modules that /modules lists, one path a line, in that order.
 *
 * The modules before the first empty line are needed to reach the host, and are loaded before anything else. A child
 * loads the others while the host says hello. A process that needs them waits for the lock that the child holds.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>

#define LIST "/modules"
#define LOCK NOTES "/modules.lock"

static errint_t load(const char *path, struct mica_error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return mica_fail_note(err, -errno, "open module", path, "listed in " LIST ", not in the initramfs");
	if (!syscall(SYS_finit_module, fd, "", 0) || errno == EEXIST)
		return 0;
	if (errno == ENOENT)
		return mica_fail_note(err, -errno, "load module", path,
				      "it needs another that must come before it in " LIST);
	return mica_fail(err, -errno, "load module", path);
}

/* Loads the modules up to the next empty line. The first failure is returned, but the others are tried all the same. */
static errint_t load_part(FILE *list, struct mica_error *err)
{
	char line[512];
	errint_t code = 0;

	while (fgets(line, sizeof(line), list)) {
		line[strcspn(line, "\n")] = '\0';
		if (!line[0])
			return code;
		errint_t failed = load(line, err);
		code = code ? code : failed;
	}
	return code;
}

static FILE *list;

errint_t modules_load_first(struct mica_error *err)
{
	list = fopen(LIST, "re");
	if (!list)
		return mica_fail_note(err, -errno, "open", LIST, "the list of modules to load");
	return load_part(list, err);
}

static int lock(int how)
{
	int fd = open(LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, how) < 0)
		say("lock %s: %m", LOCK);
	return fd;
}

/* Notes which module failed, and why, for the processes that wait. */
static void tell_failure(const struct mica_error *failed)
{
	char text[sizeof(failed->path) + sizeof(failed->note) + 128];

	snprintf(text, sizeof(text), "%s %s: %s. %s", failed->step, failed->path, strerror(-failed->code),
		 failed->note);
	say("%s", text);
	note_write("modules", "failed", text, NULL);
}

/* The lock is taken before the child exists, so that no other process can take it first. */
void modules_load_rest(void)
{
	cleanup_fd int held = lock(LOCK_EX);
	struct mica_error err = {0};
	pid_t child = fork();

	if (child <= 0 && load_part(list, &err))
		tell_failure(&err);
	if (!child)
		_exit(0);
	fclose(list);
}

errint_t modules_wait(struct mica_error *err)
{
	cleanup_fd int fd = lock(LOCK_SH);
	char text[512];

	if (!note_read("modules", "failed", text, sizeof(text)))
		return 0;
	return mica_fail_note(err, -ENODEV, "load modules", LIST, "%s", text);
}
