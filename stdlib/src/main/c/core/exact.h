/* exact.h - which attributes of a layer's entries an exact copy has (MICA_LAYER_EXACT). Private to core/. */
#ifndef MICA_EXACT_H
#define MICA_EXACT_H

#include "xattr.h"

/*
 * Reads the attributes of name in dirfd (as in xattr.h) that an exact copy has, as they are stored; names are all that
 * it has. Adds to *flags the flags in overlay.protattr. -EOPNOTSUPP: an attribute, which is *why, leads out of the
 * layer or is not known. The caller must free *xattrs.
 */
errint_t exact_xattrs(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
		      struct xattr_view *xattrs, uint8_t *flags, const char **why);

/* Whether an exact copy may have an attribute of that name. */
bool exact_has(const char *attr, enum xattr_space space);

#endif
