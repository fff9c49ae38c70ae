/* copy.h - one entry, with all that it is, at another name. Private to core/. */
#ifndef MICA_COPY_H
#define MICA_COPY_H

#include "base.h"
#include "meta.h"

/* The inode to copy, as xattr.h names it; never a directory. */
struct copy_source {
	int dirfd;
	const char *name;
	enum xattr_space space;
	int data; /* where a metacopy file's bytes are; -1: in the file itself */
};

/* How, for every entry of a run: flags as for mica_capture. */
struct copy_how {
	uint32_t flags;
	struct mica_job *job;
};

/* Makes target, which must not exist, a copy of source: what it is, its content, its attributes, its times. */
errint_t copy_entry(const struct copy_source *source, const struct meta_target *target, const struct copy_how *how,
		    struct mica_error *err);

/*
 * The second half for a regular file that is open (from) and made (to, empty): source says where the metadata is,
 * which for an ordinary file is {from, "", space, -1}. A file that changes meanwhile is copied again, three times at
 * most, then it is -EBUSY unless MICA_COPY_UNSTABLE.
 */
errint_t copy_file(const struct copy_source *source, int from, int to, const struct meta_target *target,
		   const struct copy_how *how, struct mica_error *err);

/* Opens a regular file to read, leaving its access time alone where that is allowed; or -errno. */
int copy_open(int dirfd, const char *name);

#endif
