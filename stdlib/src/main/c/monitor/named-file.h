/*
 * named-file.h - a file of the monitor: its directory, which is opened once, and its name there. After the start no
 * path is followed any more.
 */
#ifndef MICA_MONITOR_NAMED_FILE_H
#define MICA_MONITOR_NAMED_FILE_H

#include <limits.h>

#include "base.h"

struct named_file {
	int dir;
	char name[NAME_MAX + 1];
	bool ours; /* named_file_claim was called; device and inode are those of the file then */
	dev_t device;
	ino_t inode;
};

/* Opens the directory of path, and notes the last name. */
errint_t named_file_open(struct named_file *file, const char *path, struct mica_error *err);
/* Notes that the file with this name is ours. The caller must keep it open, or bound, so that no other file gets its
 * inode number. */
errint_t named_file_claim(struct named_file *file, struct mica_error *err);
/* Removes our file. Does nothing if another file has this name by now, or if none was claimed. */
void named_file_remove(struct named_file *file);

#endif
