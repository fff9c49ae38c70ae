/*
 * protect.h - an upper's protected entries, as a lower has them. Private to core/.
 */
#ifndef MICA_PROTECT_H
#define MICA_PROTECT_H

#include "base.h"

/*
 * What overlay.protattr says of the entries in the open directory root becomes their own flags, as mica_protect_layer
 * has it; or is taken back, as mica_unprotect_layer has it; or is only counted. root is borrowed, count may be NULL.
 */
enum protecting { PROTECT, UNPROTECT, COUNT_PROTECTED };
errint_t protect_tree(int root, uint32_t flags, enum protecting how, uint64_t *count, struct mica_job *job,
		      struct mica_error *err);

/* Whether the entry at path, which is followed, has that attribute, or that cannot be known. */
bool has_protattr(const char *path, uint32_t flags);

#endif
