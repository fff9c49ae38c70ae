#include "monitor/ended.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#define RECORD 256

/* Parses one word of the text; true if it is key=NUMBER. */
static bool take_number(const char *word, const char *key, unsigned highest, unsigned *out)
{
	size_t length = strlen(key);
	char *end;

	if (strncmp(word, key, length) || word[length] != '=' || word[length + 1] < '0' || word[length + 1] > '9')
		return false;
	unsigned long number = strtoul(word + length + 1, &end, 10);
	if (*end || number > highest)
		return false;
	*out = (unsigned)number;
	return true;
}

bool ended_parse(const uint8_t *text, size_t size, struct ended *ended)
{
	char copy[RECORD], *rest = copy, *word;
	bool has_status = false;
	unsigned oom = 0;

	*ended = (struct ended){0};
	if (size >= sizeof(copy) || memchr(text, 0, size))
		return false;
	memcpy(copy, text, size);
	copy[size] = 0;
	while ((word = strsep(&rest, " ")))
		if (take_number(word, "status", 255, &ended->status))
			has_status = true;
		else if (!take_number(word, "signal", 127, &ended->signal) && take_number(word, "oom", 1, &oom))
			ended->oom = oom;
	return has_status;
}

errint_t ended_open(struct ended_file *file, int dir, const char *name, struct mica_error *err)
{
	int length = snprintf(file->fresh, sizeof(file->fresh), "%s.new", name);

	if (length >= (int)sizeof(file->fresh))
		return mica_fail(err, -ENAMETOOLONG, "make the exit record", name);
	memcpy(file->name, name, strlen(name) + 1);
	file->dir = dir;
	unlinkat(dir, file->fresh, 0); /* a monitor that was killed has left it */
	file->fd = openat(dir, file->fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->fd < 0)
		return mica_fail(err, -errno, "make the exit record", name);
	/* If the file system cannot do this, there may be no room for the record later. */
	if (fallocate(file->fd, 0, 0, RECORD) < 0 && errno != EOPNOTSUPP) {
		errint_t failed = mica_fail(err, -errno, "make room for the exit record", name);
		ended_drop(file);
		return failed;
	}
	return 0;
}

void ended_forget(const struct ended_file *file)
{
	unlinkat(file->dir, file->name, 0);
}

static int compose(const struct ended *ended, char line[RECORD])
{
	char when[32];
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	if (ended->lost)
		return snprintf(line, RECORD, "{\"lost\":true,\"ended\":\"%s.%09ldZ\"}\n", when, now.tv_nsec);
	return snprintf(line, RECORD, "{\"status\":%u,\"signal\":%u,\"oom\":%s,\"ended\":\"%s.%09ldZ\"}\n",
			ended->status, ended->signal, ended->oom ? "true" : "false", when, now.tv_nsec);
}

errint_t ended_write(struct ended_file *file, const struct ended *ended)
{
	char line[RECORD];
	int length = compose(ended, line);

	errno = EIO; /* a short write does not set errno */
	if (pwrite(file->fd, line, (size_t)length, 0) != length || ftruncate(file->fd, length) < 0 ||
	    fsync(file->fd) < 0 || renameat(file->dir, file->fresh, file->dir, file->name) < 0) {
		errint_t failed = -errno;
		ended_drop(file);
		return failed;
	}
	close(steal_fd(&file->fd));
	return fsync(file->dir) < 0 ? -errno : 0;
}

void ended_drop(struct ended_file *file)
{
	if (file->fd < 0)
		return;
	close(steal_fd(&file->fd));
	unlinkat(file->dir, file->fresh, 0);
}
