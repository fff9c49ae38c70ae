/*
 * upper.h - what the entries of a layer folder mean to an overlay, for a layer that is read alone: nothing in it may
 * refer to what is below. Private to core/.
 */
#ifndef MICA_UPPER_H
#define MICA_UPPER_H

#include "dir-stack.h"
#include "xattr.h"

struct statx;

/* What a walk through a layer has in common for all its questions. */
struct upper {
	enum xattr_space space;
	const char *step;	    /* what is being done, for the error */
	const struct dir_stack *at; /* where; names in errors are joined to its path */
	struct mica_error *err;
};

/*
 * The raw attributes of name in dirfd (as in xattr.h; shown: what to call it), and which of them are overlay's own:
 * OVERLAY_XATTR_*. One that nobody knows, or that leads below the layer, is -EOPNOTSUPP. Free names in any case.
 */
errint_t upper_xattrs(const struct upper *upper, int dirfd, const char *name, const char *shown,
		      struct xattr_names *names, uint32_t *overlay_xattrs);

/* The letter that the directory's overlay.opaque has, 0 where it has none: 'y' hides what is below, 'x' says that there
 * are whiteouts in it which are no devices. */
errint_t upper_opaque(const struct upper *upper, int dirfd, const char *shown, uint32_t overlay_xattrs, char *letter);

/* 1: name is a whiteout, 0: not. opaque is the letter of its directory. */
int upper_is_whiteout(const struct upper *upper, int dirfd, const char *name, const struct statx *stx, char opaque);

#endif
