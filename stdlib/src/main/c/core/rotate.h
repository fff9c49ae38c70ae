/*
 * rotate.h - what a rotation and its recovery share. Private to core/.
 */
#ifndef MICA_ROTATE_H
#define MICA_ROTATE_H

#include "mount.h"
#include "protect-watch.h"

struct turn {
	const struct mica_rotation *r;
	struct mica_error *err;
	uint32_t new_id;    /* the id of the new union's mount */
	bool has_protected; /* the upper has, or may have, entries that are immutable or append-only */
	struct protect_watch watch;
	struct mark_trial trial;
};

static inline uint32_t turn_layer_flags(const struct mica_rotation *r)
{
	return r->flags & MICA_MOUNT_USERXATTR ? MICA_LAYER_USERXATTR : 0;
}

/* A program that opens a file by its path uses the mount during the call, and no event tells when that ends. So a step
 * that finds the mount in use is tried again, so many times and after such pauses. */
enum { TURN_TRIES = 40, TURN_PAUSE_NS = 250000 };
void turn_pause(void);

errint_t turn_mount_id(int mount_fd, uint32_t *id);

/*
 * Makes the union's super block read-only, and finds out t->has_protected. Returns 0; or MICA_HELD, and the union is as
 * it was; or -errno. The caller must end t->watch and t->trial, even after a failure.
 */
int turn_make_still(struct turn *t);

/* Whether entries that become protected while the upper is walked are noticed. If not, the layer must be walked
 * again. */
static inline bool turn_is_watched(const struct turn *t)
{
	return t->watch.events >= 0;
}

/* The open folders that the upper and the layer lie in, and their names there. */
struct turn_names {
	int upper_dir, layer_dir; /* -1: not open */
	char *upper, *layer;
};
#define TURN_NAMES_NONE ((struct turn_names){-1, -1, NULL, NULL})
errint_t turn_open_names(const struct mica_rotation *r, struct turn_names *n, struct mica_error *err);
void turn_close_names(struct turn_names *n);

/* Makes the layer the upper again, without flags of its own, and removes the fresh upper, which must be empty. All of
 * that is on disk when it returns. 0 also if there is no layer. */
errint_t turn_layer_to_upper(const struct turn *t, const struct turn_names *n, struct mica_error *err);

/*
 * Decides whether the rotation is completed. The path must show the new union, read-only, and the old one must be
 * unmounted. Returns 0 if the old super block is gone, and makes the new union writable. Returns MICA_HELD if the old
 * one is still in use, and everything was taken back; or -errno.
 */
int turn_decide(struct turn *t, const struct turn_names *n);

/* Takes everything back at that point, whether or not the layer has its old name again already. */
errint_t turn_make_again(const struct turn *t, const struct turn_names *n, struct mica_error *err);

#endif
