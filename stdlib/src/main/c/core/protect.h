/*
 * protect.h - gives the protected entries of an upper the flags that they need in a lower. Private to core/.
 */
#ifndef MICA_PROTECT_H
#define MICA_PROTECT_H

#include "base.h"

/*
 * Goes through the entries of the open directory root that have overlay.protattr. Sets their own flags, as
 * mica_protect_layer does, or takes them away again, as mica_unprotect_layer does, or only counts the entries. root is
 * borrowed; count may be NULL.
 */
enum protecting { PROTECT, UNPROTECT, COUNT_PROTECTED };
errint_t protect_tree(int root, uint32_t flags, enum protecting how, uint64_t *count, struct mica_job *job,
		      struct mica_error *err);

/* Whether the entry at path, which is followed, has that attribute. True also if that cannot be known. */
bool has_protattr(const char *path, uint32_t flags);

#endif
