/* inside.h - whether a folder that is to be written lies in a tree that is being read. Private to core/. */
#ifndef MICA_INSIDE_H
#define MICA_INSIDE_H

#include "base.h"

/*
 * -EINVAL if name in parent ("." if that is the folder itself) is the root of one of the topmost count layers of tree,
 * or lies below it: what is written would be read again, without end. dest is how the caller calls it.
 */
errint_t refuse_inside(int parent, const char *name, const char *step, const char *dest, const struct mica_tree *tree,
		       uint32_t count, struct mica_error *err);

#endif
