/*
 * place.h - where a file of the monitor's is: its directory, which is opened once, and its name there. Nothing is found
 * by its path after the start.
 */
#ifndef MICA_MONITOR_PLACE_H
#define MICA_MONITOR_PLACE_H

#include <limits.h>

#include "base.h"

struct place {
	int dir;
	char name[NAME_MAX + 1];
	bool ours; /* what is there, was when place_claim was called */
	dev_t device;
	ino_t inode;
};

errint_t place_open(struct place *place, const char *path, struct mica_error *err);
/* What is there now is ours; whoever keeps it open, or bound, keeps its number from being given to another. */
errint_t place_claim(struct place *place, struct mica_error *err);
/* Removes it, unless another has put something of his own there since. */
void place_remove(struct place *place);

#endif
