/* copy.h - copies one entry with its content and metadata to another name. Private to core/. */
#ifndef MICA_COPY_H
#define MICA_COPY_H

#include "base.h"
#include "meta.h"

/* The inode to copy, addressed as in xattr.h; it is never a directory. */
struct copy_source {
	int dirfd;
	const char *name;
	enum xattr_space space;
	int data; /* a descriptor of the file that has the bytes of a metacopy; -1: the file itself has them */
};

/* What all entries of a run have in common; flags are as for mica_capture. */
struct copy_how {
	uint32_t flags;
	struct mica_job *job;
};

/* Makes target, which must not exist, a copy of source: its type, content, owner, mode, attributes and times. */
errint_t copy_entry(const struct copy_source *source, const struct meta_target *target, const struct copy_how *how,
		    struct mica_error *err);

/*
 * Does the same for a regular file that is open already (from), and for which the caller has made an empty file (to).
 * source says where the metadata is, which is {from, "", space, -1} unless the file is a metacopy. If the file changes
 * meanwhile, it is copied again, and after three attempts this fails with -EBUSY. With MICA_COPY_UNSTABLE it is copied
 * once, as it is found.
 */
errint_t copy_file(const struct copy_source *source, int from, int to, const struct meta_target *target,
		   const struct copy_how *how, struct mica_error *err);

/* Opens a file to read, without a change of its access time if that is allowed. A symbolic link is not followed.
 * Returns a descriptor, which the caller must close, or -errno. */
int copy_open(int dirfd, const char *name);

#endif
