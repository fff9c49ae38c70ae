/* hold-note.c - the notes about holds: each is a file in /run, which outlives the process that holds. */
#include "hold.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "clock.h"

#define KIND "hold"
#define PREFIX KIND "."

static const char *const states[] = {"none", "on", "over", "lost"};

uint64_t hold_now(void)
{
	return (uint64_t)clock_ns(CLOCK_BOOTTIME);
}

int hold_lock(const char *name)
{
	char path[sizeof(NOTES "/held.") + LINE_MAX_NAME];
	cleanup_fd int fd = -1;

	snprintf(path, sizeof(path), NOTES "/held.%s", name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 || flock(fd, LOCK_EX) < 0 ? -errno : steal_fd(&fd);
}

static uint64_t number_of(const struct request *note, const char *key)
{
	const char *value = line_value(note, key);

	return value ? strtoull(value, NULL, 10) : 0;
}

void hold_read(const char *name, struct hold *hold)
{
	char text[256];
	struct request note;
	const char *state, *disk;

	*hold = (struct hold){0};
	if (!note_read(KIND, name, text, sizeof(text)) || note_parse(text, &note))
		return;
	state = line_value(&note, "state");
	disk = line_value(&note, "disk");
	for (size_t i = 0; state && i < sizeof(states) / sizeof(*states); i++)
		if (!strcmp(state, states[i]))
			hold->state = (enum hold_state)i;
	snprintf(hold->disk, sizeof(hold->disk), "%s", disk ? disk : "");
	hold->cgroup = number_of(&note, "cgroup");
	hold->began = number_of(&note, "began");
	hold->held = number_of(&note, "held");
	hold->holder = (pid_t)number_of(&note, "holder");
}

errint_t hold_write(const char *name, const struct hold *hold, struct mica_error *err)
{
	char text[256];

	snprintf(text, sizeof(text), "state=%s disk=%s cgroup=%d began=%llu held=%llu holder=%d", states[hold->state],
		 hold->disk, hold->cgroup, (unsigned long long)hold->began, (unsigned long long)hold->held,
		 (int)hold->holder);
	return note_write(KIND, name, text, err);
}

bool hold_is_on(const char *name, uint64_t began)
{
	struct hold hold;

	hold_read(name, &hold);
	return hold.state == HOLD_ON && hold.began == began;
}

errint_t hold_check_name(const char *name, struct mica_error *err)
{
	struct hold hold;

	hold_read(name, &hold);
	return hold.state != HOLD_ON ? 0
				     : mica_fail_note(err, -EBUSY, "look at", name,
						      "it is held still for a commit, for a moment: try again");
}

errint_t hold_check_disk(const char *disk, const char *except, struct mica_error *err)
{
	char name[LINE_MAX_NAME + 1];
	struct hold hold;
	DIR *dir = NULL;
	errint_t code = 0;

	while (hold_next(&dir, name)) {
		hold_read(name, &hold);
		if (hold.state == HOLD_ON && !strcmp(hold.disk, disk) && (!except || strcmp(name, except)))
			code = mica_fail_note(err, -EBUSY, "look at", disk,
					      "the disk is frozen for a commit of %s, for a moment: try again", name);
	}
	return code;
}

const char *hold_next(DIR **dir, char name[static LINE_MAX_NAME + 1])
{
	const struct dirent *entry;

	if (!*dir)
		*dir = opendir(NOTES);
	while (*dir && (entry = readdir(*dir))) {
		const char *text = entry->d_name + strlen(PREFIX);

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) || !line_is_name(text, strlen(text)))
			continue;
		snprintf(name, LINE_MAX_NAME + 1, "%s", text);
		return name;
	}
	if (*dir)
		closedir(*dir);
	*dir = NULL;
	return NULL;
}
