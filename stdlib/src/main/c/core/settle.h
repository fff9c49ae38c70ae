/*
 * settle.h - an upper's protected entries, as a lower has them. Private to core/.
 */
#ifndef MICA_SETTLE_H
#define MICA_SETTLE_H

#include "base.h"

/*
 * What overlay.protattr says of the entries in the open directory root becomes their own flags, as mica_settle has it;
 * or is taken back, as mica_unsettle has it; or is only counted. root is borrowed, count may be NULL.
 */
enum settling { SETTLE, SETTLE_BACK, SETTLE_COUNT };
errint_t settle_tree(int root, uint32_t flags, enum settling how, uint64_t *count, struct mica_job *job,
		     struct mica_error *err);

/* Whether the entry at path, which is followed, has that attribute, or that cannot be known. */
bool settle_has_protected(const char *path, uint32_t flags);

#endif
