/* tar-walk.h - writes a layer folder as a tar, from its root to its last entry. Private to core/ and the agent. */
#ifndef MICA_TAR_WALK_H
#define MICA_TAR_WALK_H

#include "tar-put.h"

struct tar_level;
struct tar_walk {
	struct tar_put put;
	struct tar_level *levels; /* one for each level of the stack */
	size_t levels_room;
};

/* Prepares a walk. w must be zeroed before. flags: MICA_LAYER_*. After this the caller may set remarks, pace, names and
 * out.packing in w->put, and must call tar_walk_end in the end. */
void tar_walk_start(struct tar_walk *w, uint32_t flags, struct mica_job *job, struct mica_error *err);
/* Writes the layer, or only its entry of the name only if that is not NULL, to fd, which is borrowed. */
errint_t tar_walk_write(struct tar_walk *w, const char *layer, const char *only, int fd, struct mica_tar *tar);
void tar_walk_end(struct tar_walk *w);

/*
 * Does what mica_tar_write with MICA_LAYER_EXACT does for a descriptor, as the first reader of pace. It is for the
 * guest's agent, which has no library to compress with.
 */
errint_t tar_walk_exact(const char *layer, int fd, struct pace *pace, struct mica_tar *tar, struct mica_job *job,
			struct mica_error *err);

#endif
