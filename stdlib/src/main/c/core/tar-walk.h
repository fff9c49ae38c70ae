/* tar-walk.h - a layer folder as a tar, from its root to its last entry. Private to core/. */
#ifndef MICA_TAR_WALK_H
#define MICA_TAR_WALK_H

#include "tar-put.h"

struct tar_level;
struct tar_walk {
	struct tar_put put;
	struct tar_level *levels; /* one for each of the stack's */
	size_t levels_room;
};

/* Zeroed before. flags: MICA_LAYER_*; remarks and a compression may be set in put after it. */
void tar_walk_start(struct tar_walk *w, uint32_t flags, struct mica_job *job, struct mica_error *err);
/* only: the one entry of the layer that is wanted, or NULL. */
errint_t tar_walk_write(struct tar_walk *w, const char *layer, const char *only, int fd, struct mica_tar *tar);
void tar_walk_end(struct tar_walk *w);

/*
 * mica_tar_write with MICA_LAYER_EXACT to a descriptor, as the first reader of pace, for who has no library to compress
 * with: the guest's agent.
 */
errint_t tar_walk_exact(const char *layer, int fd, struct pace *pace, struct mica_tar *tar, struct mica_job *job,
			struct mica_error *err);

#endif
