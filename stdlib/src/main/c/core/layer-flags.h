/* layer-flags.h - the flags of inodes (chattr) in a layer that is written. Private to core/. */
#ifndef MICA_LAYER_FLAGS_H
#define MICA_LAYER_FLAGS_H

#include "layer.h"

/* Entries that are immutable or append-only get these flags last, because nothing can be changed after that.
 * -ENOMEM. */
errint_t layer_remember_flags(struct layer *layer, const char *name, const struct ventry *entry);
errint_t layer_set_flags(struct layer *layer);
void layer_forget_flags(struct layer *layer);

/* Adds a remark about other flags that a copy loses: they say how a file system stores the inode, and not every file
 * system has them. */
void layer_tell_lost(struct layer *layer, int from, int to);
void layer_tell_lost_of_directory(struct layer *layer, const struct ventry *entry, int to);

#endif
