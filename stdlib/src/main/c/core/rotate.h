/*
 * rotate.h - what a rotation and the recovery of one share. Private to core/.
 */
#ifndef MICA_ROTATE_H
#define MICA_ROTATE_H

#include "mount.h"
#include "protect-watch.h"

struct turn {
	const struct mica_rotation *r;
	struct mica_error *err;
	uint32_t new_id;    /* of the new union's mount */
	bool has_protected; /* the upper has, or may have, entries that are immutable or append-only */
	struct protect_watch watch;
	struct mark_trial trial;
};

static inline uint32_t turn_layer_flags(const struct mica_rotation *r)
{
	return r->flags & MICA_MOUNT_USERXATTR ? MICA_LAYER_USERXATTR : 0;
}

/* Programs that open by path hold a mount for the length of a call: no event tells when none does. */
enum { TURN_TRIES = 40, TURN_PAUSE_NS = 250000 };
void turn_pause(void);

errint_t turn_mount_id(int mount_fd, uint32_t *id);

/*
 * The union's super block is read-only, and t->has_protected is so. 0; or MICA_HELD, and it is as it was. Also where it
 * fails t->watch and t->trial are the caller's to end.
 */
int turn_make_still(struct turn *t);

/* Whether what becomes protected while the upper is looked through is known; if not, its layer has to be looked through
 * again. */
static inline bool turn_is_watched(const struct turn *t)
{
	return t->watch.events >= 0;
}

/* The folders that hold the upper and the layer, open, and their names in them. */
struct turn_names {
	int upper_dir, layer_dir; /* -1: not open */
	char *upper, *layer;
};
#define TURN_NAMES_NONE ((struct turn_names){-1, -1, NULL, NULL})
errint_t turn_open_names(const struct mica_rotation *r, struct turn_names *n, struct mica_error *err);
void turn_close_names(struct turn_names *n);

/* The layer is the upper again, and has no flags of its own; the fresh upper, if it was made, holds nothing. Durable.
 */
errint_t turn_layer_to_upper(const struct turn *t, const struct turn_names *n, struct mica_error *err);

/*
 * The path shows the new union, read-only, and the old one is unmounted. 0: nobody holds the old one any more, and the
 * new one is writable. MICA_HELD: somebody does, and all is taken back.
 */
int turn_decide(struct turn *t, const struct turn_names *n);

/* The same, once it is known that all is to be taken back, whether or not the layer has its old name yet. */
errint_t turn_make_again(const struct turn *t, const struct turn_names *n, struct mica_error *err);

#endif
