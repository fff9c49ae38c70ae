/*
 * mounted.c - what is mounted, and by which requests. The kernel's list of mounts is always right, even after a call
 * that was killed. A note with the request is written before the mount, so that no mount is without a note.
 */
#include "agent.h"

#include <fcntl.h>
#include <stdio.h>

errint_t mounted_read(struct mounted *mounted, struct mica_error *err)
{
	int64_t need = mica_mounts(NULL, 0, err);

	/* Another call may mount something between the two reads. */
	while (need > mounted->len) {
		int64_t room = need + 4096;
		free(mounted->records);
		mounted->len = 0;
		mounted->records = malloc((size_t)room);
		if (!mounted->records)
			return mica_fail(err, -ENOMEM, "read mounts", "");
		need = mica_mounts(mounted->records, (size_t)room, err);
		if (need <= room) {
			mounted->len = need;
			break;
		}
	}
	return need < 0 ? (errint_t)need : 0;
}

const char *mounted_name(const struct mica_mount *mount)
{
	return strrchr((const char *)mount->text, '/') + 1;
}

static bool is_in(const struct mica_mount *mount, const char *folder)
{
	const char *target = (const char *)mount->text;
	size_t len = strlen(folder);

	return !strncmp(target, folder, len) && target[len] == '/' && target[len + 1] && !strchr(target + len + 1, '/');
}

const struct mica_mount *mounted_next(const struct mounted *mounted, const char *folder, const struct mica_mount *at)
{
	const char *const begin = mounted->records;

	for (const char *p = at ? (const char *)at + at->record_len : begin; p < begin + mounted->len;
	     p += ((const struct mica_mount *)p)->record_len)
		if (is_in((const struct mica_mount *)p, folder))
			return (const struct mica_mount *)p;
	return NULL;
}

const struct mica_mount *mounted_at(const struct mounted *mounted, const char *folder, const char *name)
{
	const struct mica_mount *mount = NULL;

	while ((mount = mounted_next(mounted, folder, mount)))
		if (!strcmp(mounted_name(mount), name))
			return mount;
	return NULL;
}

uint32_t mounted_count(const char *folder)
{
	cleanup_mounted struct mounted mounted = {0};
	const struct mica_mount *mount = NULL;
	uint32_t count = 0;

	if (mounted_read(&mounted, NULL))
		return 1; /* if it is not known, there may be one */
	while ((mount = mounted_next(&mounted, folder, mount)))
		count++;
	return count;
}

struct note_path {
	char text[256];
};

static struct note_path note_path(const char *kind, const char *name, const char *end)
{
	struct note_path path;

	snprintf(path.text, sizeof(path.text), NOTES "/%s.%s%s", kind, name, end);
	return path;
}

errint_t note_write(const char *kind, const char *name, const char *text, struct mica_error *err)
{
	struct note_path path = note_path(kind, name, ""), new = note_path(kind, name, "~");
	cleanup_fd int fd = open(new.text, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || rename(new.text, path.text) < 0)
		return mica_fail(err, -errno, "write", path.text);
	return 0;
}

bool note_read(const char *kind, const char *name, char *text, size_t room)
{
	cleanup_fd int fd = open(note_path(kind, name, "").text, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, room - 1);

	text[len < 0 ? 0 : len] = '\0';
	return len >= 0;
}

void note_remove(const char *kind, const char *name)
{
	unlink(note_path(kind, name, "").text);
}

errint_t note_parse(char *text, struct request *note)
{
	return line_parse_fields(text, note, NULL);
}
