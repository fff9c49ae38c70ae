/*
 * hold.h - freezes a container and the disk that it writes to, for the moment in which the host takes an image of the
 * disk.
 *
 * A process, the holder, keeps both frozen. A note under the container's name says what is frozen, so that a later
 * process knows what to undo. A note is changed only under a lock, and the process that notes the end of the hold is
 * the one that thaws.
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
	bool cgroup;	/* its cgroup must be thawed too */
	uint64_t began; /* nanoseconds since the kernel began; distinguishes one hold from the next */
	uint64_t held;	/* nanoseconds; until both were frozen, and in total once it is over */
	pid_t holder;
};

/* hold-note.c: waits for whoever changes the note; a descriptor to be closed, or -errno. */
int hold_lock(const char *name);
void hold_read(const char *name, struct hold *hold);
errint_t hold_write(const char *name, const struct hold *hold, struct mica_error *err);
/* Whether that hold, not one before or after it, is on. */
bool hold_is_on(const char *name, uint64_t began);
/* -EBUSY: the container is held; or the disk is held (for another container than that one, which may be NULL). */
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
