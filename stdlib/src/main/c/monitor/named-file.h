/*
 * named-file.h - a file of the monitor: its directory, which is opened once, and its name there. Nothing is found
 * by its path after the start.
 */
#ifndef MICA_MONITOR_NAMED_FILE_H
#define MICA_MONITOR_NAMED_FILE_H

#include <limits.h>

#include "base.h"

struct named_file {
	int dir;
	char name[NAME_MAX + 1];
	bool ours; /* what is there, was when named_file_claim was called */
	dev_t device;
	ino_t inode;
};

errint_t named_file_open(struct named_file *file, const char *path, struct mica_error *err);
/* What is there now is ours; whoever keeps it open, or bound, keeps its number from being given to another. */
errint_t named_file_claim(struct named_file *file, struct mica_error *err);
/* Removes it, unless another has put something of his own there since. */
void named_file_remove(struct named_file *file);

#endif
