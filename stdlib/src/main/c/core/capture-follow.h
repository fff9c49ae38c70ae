/*
 * capture-follow.h - makes the directory that the diff has come to the current one of the layer that is written.
 * Private to core/.
 *
 * The diff goes depth first, so the layer's stack of directories can follow it. The mark of a level of that stack is
 * the pair of directories that it was entered for; the level has a reference to it.
 */
#ifndef MICA_CAPTURE_FOLLOW_H
#define MICA_CAPTURE_FOLLOW_H

#include "diff.h"
#include "layer.h"

/* Leaves and enters directories of the layer until dir is its current one. */
errint_t follow(struct layer *layer, struct pair *dir);
/* Leaves the current directory. */
errint_t follow_leave(struct layer *layer);
/* Gives up the reference of a level to its mark, if it has one. */
void follow_release(struct layer_level *level);

#endif
