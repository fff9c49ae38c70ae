/*
 * ended.h - how a container has ended: the record that whoever comes later reads.
 *
 * A line of JSON: {"status":137,"signal":9,"oom":true,"ended":"TIME"}, or {"lost":true,"ended":"TIME"} of a guest that
 * went away without a word. signal is 0 where there was none.
 */
#ifndef MICA_MONITOR_ENDED_H
#define MICA_MONITOR_ENDED_H

#include <limits.h>

#include "base.h"

struct ended {
	bool lost, oom;
	unsigned status, signal;
};

/* The text of an X frame; false: it says no status. Words that are not known are for later guests. */
bool ended_parse(const uint8_t *text, size_t size, struct ended *ended);

struct ended_file {
	int dir, fd; /* -1: not open */
	char name[NAME_MAX + 1], fresh[NAME_MAX + 1];
};

/* Makes the file that will become FILE in the directory dir, with room on the disk for what will be in it. */
errint_t ended_open(struct ended_file *file, int dir, const char *name, struct mica_error *err);
/* FILE of an earlier run is removed. */
void ended_forget(const struct ended_file *file);
/* FILE appears, whole, and stays through a power cut. */
errint_t ended_write(struct ended_file *file, const struct ended *ended);
/* It has not ended. */
void ended_drop(struct ended_file *file);

#endif
