/* tar-path.h - the paths in a tar that is not trusted. Private to core/. */
#ifndef MICA_TAR_PATH_H
#define MICA_TAR_PATH_H

#include "base.h"

/*
 * Changes raw in place to the form that paths have here: from the root, with single slashes between names, without ".";
 * the root is "". An absolute path is taken from the root. -EBADMSG: it has "..". -ENAMETOOLONG: it has more names than
 * depth (0: any number). *why says that for people, and is NULL otherwise.
 */
errint_t tar_path_clean(char *raw, uint32_t depth, const char **why);

/* What the last name of a path means in a layer: ".wh.NAME" and others that begin so. */
enum tar_mark {
	TAR_MARK_NONE,
	TAR_MARK_WHITEOUT, /* a whiteout of *name, which is borrowed from last */
	TAR_MARK_OPAQUE,
	TAR_MARK_AUFS, /* an entry that belongs to AUFS */
	TAR_MARK_BAD   /* a whiteout of an empty name, "." or ".." */
};
enum tar_mark tar_mark_of(const char *last, const char **name);

#endif
