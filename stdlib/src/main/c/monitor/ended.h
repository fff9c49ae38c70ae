/*
 * ended.h - the record of how a container has ended, for programs that ask later.
 *
 * It is one line of JSON: {"status":137,"signal":9,"oom":true,"ended":"TIME"}, or {"lost":true,"ended":"TIME"} if the
 * guest has disconnected without saying how the container ended. signal is 0 if no signal ended it.
 */
#ifndef MICA_MONITOR_ENDED_H
#define MICA_MONITOR_ENDED_H

#include <limits.h>

#include "base.h"

struct ended {
	bool lost, oom;
	unsigned status, signal;
};

/* Parses the text of an X frame. False: it has no status. Words that are not known are ignored, because later guests
 * may send them. */
bool ended_parse(const uint8_t *text, size_t size, struct ended *ended);

struct ended_file {
	int dir, fd; /* -1: not open */
	char name[NAME_MAX + 1], fresh[NAME_MAX + 1];
};

/* Makes a new file in the directory dir, with room on the disk for the record. It becomes the file name once the record
 * is written. dir is borrowed. */
errint_t ended_open(struct ended_file *file, int dir, const char *name, struct mica_error *err);
/* Removes the record of an earlier run. */
void ended_forget(const struct ended_file *file);
/* Writes the record, and gives the file its name. The record appears as a whole, and is there after a power cut. Closes
 * the file, also on failure. */
errint_t ended_write(struct ended_file *file, const struct ended *ended);
/* Removes the new file without a record, and closes it. Does nothing if it is closed already. */
void ended_drop(struct ended_file *file);

#endif
