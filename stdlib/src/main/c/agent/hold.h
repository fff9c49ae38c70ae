/*
 * hold.h - a container and the disk it writes, held still for the moment in which the host takes an image of the disk.
 *
 * Who holds is a process; what it holds is noted, under the container's name, so that whoever comes later knows what to
 * undo. A note changes under a lock only, and who makes it say that the hold is over is the one who thaws.
 */
#ifndef MICA_AGENT_HOLD_H
#define MICA_AGENT_HOLD_H

#include "agent.h"

enum hold_state {
	HOLD_NONE,
	HOLD_ON,
	HOLD_OVER, /* thawed when the host said so */
	HOLD_LOST  /* thawed before */
};

struct hold {
	enum hold_state state;
	char disk[LINE_MAX_NAME + 1];
	bool cgroup;	/* its cgroup is to be thawed too */
	uint64_t began; /* nanoseconds since the kernel began; tells one hold from the next */
	uint64_t held;	/* nanoseconds; until it was on, and once it is over in all */
	pid_t holder;
};

/* hold-note.c: waits for whoever changes the note; a descriptor to be closed, or -errno. */
int hold_lock(const char *name);
void hold_read(const char *name, struct hold *hold);
errint_t hold_write(const char *name, const struct hold *hold, struct mica_error *err);
/* Whether that hold, not one before or after it, is on. */
bool hold_is_on(const char *name, uint64_t began);
/* -EBUSY: the container is held; the disk is (but not for the container of that name, which may be NULL). */
errint_t hold_check_name(const char *name, struct mica_error *err);
errint_t hold_check_disk(const char *disk, const char *except, struct mica_error *err);
/* The names of those that were ever held, one after the other: dir begins as NULL and is closed at the end. */
const char *hold_next(DIR **dir, char name[static LINE_MAX_NAME + 1]);
uint64_t hold_now(void);

/* hold-thaw.c: thaws what the hold of that name has, if it is on, and notes that it is over or lost then. frozen (may
 * be NULL): whether the file system was frozen until then. */
errint_t hold_release(const char *name, enum hold_state after, bool *frozen, struct hold *was, struct mica_error *err);
/* Thaws both in this order, each whether or not it is frozen. *frozen: the file system was. */
errint_t hold_thaw_disk(const char *disk, bool *frozen, struct mica_error *err);
errint_t hold_thaw_cgroup(const char *name, struct mica_error *err);
/* At the end of the guest, in a process of its own. */
void hold_release_all(void);

#endif
