/* inside.h - whether a folder that will be written lies in a tree that is read. Private to core/. */
#ifndef MICA_INSIDE_H
#define MICA_INSIDE_H

#include "base.h"

/*
 * Fails with -EINVAL if name in the directory parent ("." if that is the folder itself) is the root of one of the
 * topmost count layers of tree, or lies below it, because what is written would be read again without end. step and
 * dest, which is the caller's path, are for the error.
 */
errint_t refuse_inside(int parent, const char *name, const char *step, const char *dest, const struct mica_tree *tree,
		       uint32_t count, struct mica_error *err);

#endif
