/*
 * layer.h - a folder in the form of an overlay upper while it is written, from its root down. Private to core/.
 *
 * Directories are entered and left in any depth-first order. A directory gets its attributes when it is left, so that
 * work in it does not change its times and its entries inherit nothing. A pool copies the contents: files are made in
 * order, and any free thread fills them through descriptors, which does not change their directory.
 */
#ifndef MICA_LAYER_H
#define MICA_LAYER_H

#include "copy.h"
#include "dir-stack.h"
#include "pool.h"
#include "view.h"

/* A directory that was entered and not left yet. */
struct layer_level {
	struct vdir *dir; /* the directory that it is a copy of */
	void *mark;	  /* for the user of the layer; NULL at first */
	struct meta meta;
	struct xattr_view xattrs;
	char opaque; /* for overlay.opaque: 'y', 'x' once it has a whiteout that is not a device, or 0 for none */
};

struct layer {
	struct dir_stack stack;
	struct layer_level *levels; /* one for each level of stack */
	size_t levels_room;
	enum xattr_space space;
	struct copy_how how;
	struct pool *pool;
	struct flagged *flagged; /* entries that get their flags at the end */
	size_t flagged_count, flagged_room;
	struct first_failure failure; /* the first failure of the pool's tasks */
	struct mica_error *err;
};

/* Begins the layer in fd, which is the new empty folder and is taken over, also on failure. root is from vdir_self, and
 * its directory is pinned. The caller must call layer_end, even after a failure. */
errint_t layer_start(struct layer *layer, int fd, struct ventry *root);

/* Makes the directory name in the current directory, or enters it again if it was made before; entry's dir must be
 * pinned. layer_leave leaves the current directory. */
errint_t layer_enter(struct layer *layer, const char *name, struct ventry *entry, bool opaque);
errint_t layer_leave(struct layer *layer);
static inline struct layer_level *layer_top(struct layer *layer)
{
	return &layer->levels[layer->stack.depth - 1];
}

/* Copies entry to name in the current directory. entry is not a directory, and the directory it was found in must be
 * pinned. */
errint_t layer_put(struct layer *layer, const char *name, const struct ventry *entry);
/* Makes name in the current directory another name of the entry at path, which is relative to the layer's root. */
errint_t layer_link(struct layer *layer, const char *path, const char *name);
/* Makes a whiteout of name in the current directory. */
errint_t layer_whiteout(struct layer *layer, const char *name);

/* Leaves all directories, waits for the copying, and sets the flags immutable and append-only. */
errint_t layer_finish(struct layer *layer);
/* Waits for the copying and frees everything, whether or not the layer is finished. */
void layer_end(struct layer *layer);

/* Calls mica_fail_note for name in the current directory. */
errint_t layer_fail(struct layer *layer, errint_t code, const char *step, const char *name, const char *note);

#endif
