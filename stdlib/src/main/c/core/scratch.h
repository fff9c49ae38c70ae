/* scratch.h - directories in which something is tried, inside folders that may belong to any user. Private to core/. */
#ifndef MICA_SCRATCH_H
#define MICA_SCRATCH_H

#include "base.h"

#define SCRATCH_NAME 32

/*
 * Makes a directory in dir that only the caller can enter, and opens it. Its name is ".mica-probe-" and a random
 * number. It only has a file "mica", by which scratch_clean knows it. The caller must close *fd; while it is open, no
 * process takes the directory for one that was left behind.
 */
errint_t scratch_make(int dir, char name[static SCRATCH_NAME], int *fd);

/* Removes a scratch directory, which scratch has open, with its contents. The file "mica" is removed last, so that
 * scratch_clean knows the directory if this fails. */
errint_t scratch_remove(int dir, const char *name, int scratch, struct mica_error *err);

/*
 * Removes from dir the scratch directories that processes of this user left when they were killed: real directories
 * with such a name that belong to this user, that no other user may enter, that no process has open, and that are empty
 * or have that file. What is mounted at "at" in one is unmounted first. Anything else with such a name stays, and so
 * does a directory that cannot be removed.
 */
void scratch_clean(int dir);

#endif
