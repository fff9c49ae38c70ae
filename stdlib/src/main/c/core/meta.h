/* meta.h - giving an entry the owner, mode, attributes and times of another. Private to core/. */
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

/* Whom to give it to, named as in xattr.h: one component, never followed, or "" for dirfd itself. */
struct meta_target {
	int dirfd;
	const char *name;
	enum xattr_space space; /* whose attributes must be escaped there */
	const char *path;	/* for the error */
	bool own;		/* MICA_OWN: what the caller may not give is left out */
};

/*
 * Sets all of it in the order that lets it stand: owner (which clears setuid and capabilities), attributes, mode,
 * times. Attributes that the original did not have, inherited ACLs among them, go; overlay's own in target's space
 * are left alone. A time that the file system cannot hold is -EOVERFLOW.
 */
errint_t meta_set(const struct meta_target *target, const struct meta *meta, const struct xattr_view *xattrs,
		  struct mica_error *err);

/* The times alone: what changing a directory's contents has spoilt. */
errint_t meta_set_times(const struct meta_target *target, const struct meta *meta, struct mica_error *err);

/* Removes what a new directory has inherited and would hand on: its ACLs. */
errint_t meta_disinherit(int dirfd, const char *path, struct mica_error *err);

#endif
