/* remove.h - removes the entry at a name in an open directory. Private to core/. */
#ifndef MICA_REMOVE_H
#define MICA_REMOVE_H

#include "base.h"

/*
 * Removes name in parent with all that is below it. 0 also if it does not exist. -EBUSY: it is a mount point, or
 * something is mounted below it. shown is the path of the entry for errors.
 */
errint_t remove_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err);

/* The same, but also removes entries that are immutable or append-only. */
errint_t discard_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err);

/* Removes everything in the directory dir, which itself stays and is borrowed. */
errint_t remove_below(int dir, const char *shown, struct mica_job *job, struct mica_error *err);

#endif
