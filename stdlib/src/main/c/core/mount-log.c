/*
 * mount-log.c - why a mount failed, in the kernel's words.
 *
 * A file system says some of it in the log of its fs descriptor, and some of it, overlay most, only in
 * the kernel's own log. The latter is read from where it stood before the call; another mount that fails at
 * the same moment can get its line in between.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>

static void append(char *note, size_t room, const char *text, size_t len)
{
	size_t used = strlen(note);

	if (used + 1 < room)
		snprintf(note + used, room - used, "%s%.*s", used ? "; " : "", (int)len, text);
}

void mica_read_fs_log(int fs_fd, char *note, size_t room)
{
	char line[256];
	ssize_t len;

	while ((len = read(fs_fd, line, sizeof(line))) > 0) {
		size_t skip = len > 2 && line[1] == ' ' ? 2 : 0; /* "e " for error */
		while (len > 0 && line[len - 1] == '\n')
			len--;
		append(note, room, line + skip, (size_t)len - skip);
	}
}

int mica_open_kernel_log(void)
{
	cleanup_fd int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && lseek(fd, 0, SEEK_END) < 0)
		return -1;
	return steal_fd(&fd);
}

/* A record is "level,number,time,flags;text\n" and lines of properties; EPIPE tells of overwritten ones. */
void mica_read_kernel_log(int log_fd, const char *prefix, char *note, size_t room)
{
	char record[8192];
	ssize_t len;

	if (log_fd < 0)
		return;
	while ((len = read(log_fd, record, sizeof(record) - 1)) > 0 || (len < 0 && errno == EPIPE)) {
		if (len < 0)
			continue;
		record[len] = '\0';
		const char *text = strchr(record, ';');
		if (text && !strncmp(text + 1, prefix, strlen(prefix)))
			append(note, room, text + 1, strcspn(text + 1, "\n"));
	}
}
