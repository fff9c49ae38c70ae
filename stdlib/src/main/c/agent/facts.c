/*
 * facts.c - the facts about a container: a note, and a lock that its supervisor holds while its first process runs.
 */
#include "child.h"
#include "container.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

#define NOTE "container"
#define LOST_STATUS (128 + SIGKILL)

static int open_lock(const char *name, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), NOTES "/running.%s", name);
	return open(path, O_RDWR | O_CLOEXEC | flags, 0600);
}

/* The lock belongs to the open file, not to the process, so that it can be tested without being taken. */
int container_lock(const char *name)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	cleanup_fd int fd = open_lock(name, O_CREAT);

	if (fd < 0 || fcntl(fd, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	return steal_fd(&fd);
}

static uint32_t noted(const struct request *note, const char *key, uint32_t otherwise)
{
	uint64_t value = otherwise;

	if (line_value(note, key))
		line_number(note, key, 0, INT32_MAX, &value, NULL);
	return (uint32_t)value;
}

/* If the supervisor was killed, the note has no end: its container was killed with it. */
static void read_note(const char *name, struct container_facts *facts)
{
	char text[160];
	struct request note;

	if (!note_read(NOTE, name, text, sizeof(text)) || note_parse(text, &note))
		return;
	facts->known = true;
	facts->pid = (pid_t)noted(&note, "pid", 0);
	facts->status = noted(&note, "status", LOST_STATUS);
	facts->signal = noted(&note, "signal", line_value(&note, "status") ? 0 : SIGKILL);
	facts->oom = noted(&note, "oom", 0);
}

static errint_t read_facts(const char *name, int how, struct container_facts *facts, struct mica_error *err)
{
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	cleanup_fd int lock = open_lock(name, 0);

	*facts = (struct container_facts){0};
	if (lock >= 0 && fcntl(lock, how, &whole) < 0)
		return mica_fail(err, -errno, "ask for the lock of", name);
	facts->running = lock >= 0 && how == F_OFD_GETLK && whole.l_type != F_UNLCK;
	read_note(name, facts);
	return 0;
}

errint_t container_facts(const char *name, struct container_facts *facts, struct mica_error *err)
{
	return read_facts(name, F_OFD_GETLK, facts, err);
}

/* Only children wait here, and the loop ends them in time. */
errint_t container_await_end(const char *name, struct container_facts *facts, struct mica_error *err)
{
	return read_facts(name, F_OFD_SETLKW, facts, err);
}

errint_t container_note(const char *name, const struct container_facts *facts, struct mica_error *err)
{
	char text[160];

	if (facts->running)
		snprintf(text, sizeof(text), "pid=%d", facts->pid);
	else
		snprintf(text, sizeof(text), "pid=%d status=%u signal=%u oom=%d", facts->pid, facts->status,
			 facts->signal, facts->oom);
	return note_write(NOTE, name, text, err);
}

void container_forget(const char *name)
{
	note_remove(NOTE, name);
	note_remove("running", name);
}

const char *container_next(DIR **dir)
{
	const struct dirent *entry;

	if (!*dir)
		*dir = opendir(NOTES);
	while (*dir && (entry = readdir(*dir)))
		if (!strncmp(entry->d_name, NOTE ".", strlen(NOTE ".")) &&
		    line_is_name(entry->d_name + strlen(NOTE "."), strlen(entry->d_name + strlen(NOTE "."))))
			return entry->d_name + strlen(NOTE ".");
	if (*dir)
		closedir(*dir);
	*dir = NULL;
	return NULL;
}
