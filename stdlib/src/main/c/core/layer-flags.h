/* layer-flags.h - the flags of inodes (chattr) in a layer that is written. Private to core/. */
#ifndef MICA_LAYER_FLAGS_H
#define MICA_LAYER_FLAGS_H

#include "layer.h"

/* Immutable and append-only entries get these flags last, because they cannot be changed after that. The first function
 * remembers the flags of an entry (-ENOMEM), the second sets all of them, and the third frees what is remembered. */
errint_t layer_remember_flags(struct layer *layer, const char *name, const struct ventry *entry);
errint_t layer_set_flags(struct layer *layer);
void layer_forget_flags(struct layer *layer);

/* Counts in the job (unkept) a copy that lacks other flags of the original. Those flags say how a file system stores
 * the inode, and not every file system has them. */
void layer_tell_lost(struct layer *layer, int from, int to);
void layer_tell_lost_of_directory(struct layer *layer, const struct ventry *entry, int to);

#endif
