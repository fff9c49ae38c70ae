/* remove.h - removing what lies at a name below an open directory. Private to core/. */
#ifndef MICA_REMOVE_H
#define MICA_REMOVE_H

#include "base.h"

/*
 * Removes name in parent with all that is below it; absent is fine. Errors are named shown/...,
 * shown being what to call the entry itself. A mount point below is -EBUSY.
 */
errint_t remove_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err);

/* The same, of what is immutable or append-only too. */
errint_t discard_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err);

/* Removes all that lies in the directory dir, which stays. dir is borrowed. */
errint_t remove_below(int dir, const char *shown, struct mica_job *job, struct mica_error *err);

#endif
