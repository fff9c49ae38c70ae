/* tar-path.h - the names in a tar that somebody else wrote. Private to core/. */
#ifndef MICA_TAR_PATH_H
#define MICA_TAR_PATH_H

#include "base.h"

/*
 * Puts raw into the form that names have here: from the root, parted by single slashes, without "."; the root is "".
 * An absolute one is taken from the root. Done in place. *why (else NULL): ".." is in it, or there are more names than
 * depth (0: any number).
 */
errint_t tar_path_clean(char *raw, uint32_t depth, const char **why);

/* What a name says beyond itself: ".wh.NAME" and the like. */
enum tar_mark {
	TAR_MARK_NONE,
	TAR_MARK_WHITEOUT, /* of *name */
	TAR_MARK_OPAQUE,
	TAR_MARK_AUFS, /* AUFS's own */
	TAR_MARK_BAD   /* a whiteout of nothing, "." or ".." */
};
enum tar_mark tar_mark_of(const char *last, const char **name);

#endif
