/*
 * layer.h - a folder in the form of an overlay upper while it is written, from its root down. Private to core/.
 *
 * Directories are entered and left in any depth-first order. One gets its attributes when it is left, so that
 * nothing done inside spoils its times or is inherited. Contents are copied by a pool: a file is made
 * in order and filled by whatever thread is free, through descriptors only, which leaves its directory alone.
 */
#ifndef MICA_LAYER_H
#define MICA_LAYER_H

#include "copy.h"
#include "dir-stack.h"
#include "pool.h"
#include "view.h"

/* A directory that was entered and not left yet. */
struct layer_level {
	struct vdir *dir; /* what it is a copy of */
	void *mark;	  /* the user's, NULL at first */
	struct meta meta;
	struct xattr_view xattrs;
	char opaque; /* 'y', 'x' once it has a whiteout that is no device, or 0: nothing to say */
};

struct layer {
	struct dir_stack stack;
	struct layer_level *levels; /* one for each of stack's */
	size_t levels_room;
	enum xattr_space space;
	struct copy_how how;
	struct pool *pool;
	struct flagged *flagged; /* to be protected when all is there */
	size_t flagged_count, flagged_room;
	struct first_failure failure; /* of the pool's tasks */
	struct mica_error *err;
};

/* Takes fd, the new empty folder. root is found by vdir_self and pinned. */
errint_t layer_start(struct layer *layer, int fd, struct ventry *root);

/* Makes the directory name in the one at hand, or goes on in it if it was made before; entry's dir is pinned. */
errint_t layer_enter(struct layer *layer, const char *name, struct ventry *entry, bool opaque);
errint_t layer_leave(struct layer *layer);
static inline struct layer_level *layer_top(struct layer *layer)
{
	return &layer->levels[layer->stack.depth - 1];
}

/* A copy of entry (no directory; the one it was found in is pinned) as name in the directory at hand. */
errint_t layer_put(struct layer *layer, const char *name, const struct ventry *entry);
/* Another name for what was put at path, seen from the layer's root. */
errint_t layer_link(struct layer *layer, const char *path, const char *name);
errint_t layer_whiteout(struct layer *layer, const char *name);

/* Leaves all directories and awaits the copying. */
errint_t layer_finish(struct layer *layer);
/* Ends the copying and frees all, finished or not. */
void layer_end(struct layer *layer);

/* mica_fail_note for name in the directory at hand. */
errint_t layer_fail(struct layer *layer, errint_t code, const char *step, const char *name, const char *note);

#endif
