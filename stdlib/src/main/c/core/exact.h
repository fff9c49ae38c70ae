/* exact.h - which attributes of a layer's entries an exact copy has (MICA_LAYER_EXACT). Private to core/. */
#ifndef MICA_EXACT_H
#define MICA_EXACT_H

#include "xattr.h"

/*
 * Those of name in dirfd (as in xattr.h) that go into a copy, as they are stored; names: all that it has. *flags gets
 * what overlay.protattr says. -EOPNOTSUPP with *why (the attribute): it leads out of the layer, or nobody knows it.
 */
errint_t exact_xattrs(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
		      struct xattr_view *xattrs, uint8_t *flags, const char **why);

/* Whether a copy may have an attribute of that name, whoever made it. */
bool exact_has(const char *attr, enum xattr_space space);

#endif
