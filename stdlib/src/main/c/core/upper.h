/*
 * upper.h - what the entries of a layer folder mean to an overlay, if the layer is read alone: then nothing in it may
 * refer to the layers below. Private to core/.
 */
#ifndef MICA_UPPER_H
#define MICA_UPPER_H

#include "dir-stack.h"
#include "xattr.h"

struct statx;

/* What these functions need to know of the walk through a layer. */
struct upper {
	enum xattr_space space;
	const char *step;	    /* the step for errors */
	const struct dir_stack *at; /* the current directory; names in errors are joined to its path */
	struct mica_error *err;
};

/*
 * Gets the raw attributes of name in dirfd (as in xattr.h), and which of overlay's own are among them: OVERLAY_XATTR_*.
 * shown is the name for errors. -EOPNOTSUPP: one of overlay's own is not known, or refers to the layers below. The
 * caller must free names in any case.
 */
errint_t upper_xattrs(const struct upper *upper, int dirfd, const char *name, const char *shown,
		      struct xattr_names *names, uint32_t *overlay_xattrs);

/* Gets the letter of the directory's overlay.opaque, or 0 if it has none: 'y' hides the layers below, and 'x' says that
 * the directory has whiteouts that are not devices. */
errint_t upper_opaque(const struct upper *upper, int dirfd, const char *shown, uint32_t overlay_xattrs, char *letter);

/* Returns 1 if name is a whiteout, 0 if not, or -errno. opaque is the letter of its directory. */
int upper_is_whiteout(const struct upper *upper, int dirfd, const char *name, const struct statx *stx, char opaque);

#endif
