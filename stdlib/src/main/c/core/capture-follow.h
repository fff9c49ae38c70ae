/*
 * capture-follow.h - keeps the layer that is written at the directory that the diff has come to. Private to core/.
 *
 * The diff comes depth first, so one stack of directories in the layer follows it. The mark of a level of that stack is
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
/* Gives back a level's mark, if it has one. */
void follow_release(struct layer_level *level);

#endif
