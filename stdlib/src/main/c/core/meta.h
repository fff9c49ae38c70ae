/* meta.h - gives an entry the owner, mode, attributes and times of another. Private to core/. */
#ifndef MICA_META_H
#define MICA_META_H

#include "base.h"
#include "xattr.h"

struct meta {
	uint32_t mode; /* with the type, as st_mode */
	uint32_t uid, gid;
	uint32_t mtime_nsec;
	int64_t mtime;
};

struct statx;
struct meta meta_of(const struct statx *stx);

/* The entry that gets them, addressed as in xattr.h: one component, which is never followed, or "" for dirfd itself. */
struct meta_target {
	int dirfd;
	const char *name;
	enum xattr_space space; /* the attributes of this space must be escaped there */
	const char *path;	/* for the error */
	bool own;		/* MICA_OWN: what the caller may not set is left out */
};

/*
 * Sets the owner (which clears setuid and capabilities), the attributes, the mode and the times, in this order, so that
 * none of them undoes another. Attributes of the target that are not in xattrs are removed, inherited ACLs among them;
 * overlay's own attributes in the target's space stay. -EOVERFLOW: the file system cannot hold the time.
 */
errint_t meta_set(const struct meta_target *target, const struct meta *meta, const struct xattr_view *xattrs,
		  struct mica_error *err);

/* Sets only the times, for example of a directory whose contents have changed. */
errint_t meta_set_times(const struct meta_target *target, const struct meta *meta, struct mica_error *err);

/* Removes the ACLs that a new directory has inherited, and that its entries would inherit. */
errint_t meta_disinherit(int dirfd, const char *path, struct mica_error *err);

#endif
