/* scratch.h - directories to try something in, inside folders that may be anybody's. Private to core/. */
#ifndef MICA_SCRATCH_H
#define MICA_SCRATCH_H

#include "base.h"

#define SCRATCH_NAME 32

/*
 * Makes an empty directory in dir, ".mica-probe-" and a random number, that only the caller can enter, and opens it.
 * While *fd is open, which is the caller's to close, nobody takes it for one that was left behind. It has a file
 * "mica", by which it is known later.
 */
errint_t scratch_make(int dir, char name[static SCRATCH_NAME], int *fd);

/* Removes it, which is open, with all that is in it: its file "mica" last, so that what is left is known. */
errint_t scratch_remove(int dir, const char *name, int scratch, struct mica_error *err);

/*
 * Removes from dir those that processes of this user left behind when they were killed: real directories of such a
 * name, of this user and closed to others, that no process has open and that are empty or have that file. All else
 * of such a name stays, and so does what cannot be removed: it is in nobody's way. What is mounted at "at" in one is
 * unmounted first.
 */
void scratch_clean(int dir);

#endif
