/*
 * rotate.c - makes the upper of a mounted overlay its topmost lower. The mount point never shows an empty folder
 * meanwhile.
 *
 * The steps, and what the path shows at each of them:
 *
 *   the old union            1. its super block is made read-only, which fails while any file of it is open for
 *                               writing, through whatever mount; so the upper does not change
 *   the old one, read-only   2. the upper is renamed to be the layer, and a fresh upper is made; what is protected
 *                               in the layer gets its flags before the new union can read an inode without them
 *                            3. the new union is mounted beneath the old one, read-only
 *   the new one, read-only   4. the old one is unmounted
 *                            5. the mark of its upper is gone, so its super block is gone, too: nobody can write to
 *                               the layer any more
 *   the new union            6. the new one is made writable
 *
 * If a step before 4 fails, the earlier steps are undone. If 4 fails (somebody began to use the old mount) or 5 fails
 * (somebody uses the super block by another mount), they are undone too, and the path shows the old contents all the
 * time: the old union is mounted again beneath the new one, which is still read-only, and then the new one is
 * unmounted.
 */
#include "rotate.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "remove.h"
#include "protect.h"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200 /* Linux 6.5; not in every C library's header */
#endif

/* Steps of setting up. */

static errint_t set_mount_writable(const char *target, struct mica_error *err)
{
	struct mount_attr attr = {.attr_clr = MOUNT_ATTR_RDONLY};

	return mount_setattr(AT_FDCWD, target, 0, &attr, sizeof(attr)) < 0
		       ? mica_fail(err, -errno, "make writable", target)
		       : 0;
}

errint_t mica_make_writable(const char *target, struct mica_error *err)
{
	errint_t code;

	mica_error_clear(err);
	code = mica_set_super(target, true, err);
	return code ? code : set_mount_writable(target, err);
}

/* A kernel that does not know the flag refuses it before it checks the descriptors. */
static bool knows_beneath(void)
{
	return move_mount(-1, "", -1, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH | MOVE_MOUNT_BENEATH) < 0 &&
	       errno == EBADF;
}

errint_t mica_attach_beneath(int mount_fd, const char *target, struct mica_error *err)
{
	struct mount_attr attr = {.propagation = MS_PRIVATE};

	if (move_mount(mount_fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH) < 0)
		return mica_fail(err, -errno, "mount beneath", target);
	return mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0
		       ? mica_fail(err, -errno, "make private", target)
		       : 0;
}

/* Makes the union of the lowers, below `top` if that is not NULL. It is read-only for now, and mounted nowhere. */
static int make_union(const struct turn *t, const char *top, struct mica_error *err)
{
	const struct mica_rotation *r = t->r;
	uint32_t count = r->lower_count + (top != NULL);
	cleanup_free const char **lowers = calloc(count, sizeof(*lowers));
	struct mica_overlay overlay = {lowers,
				       r->lower_count + (top != NULL),
				       (r->flags & ~MICA_ROTATE_DRAIN) | MICA_MOUNT_RDONLY,
				       r->upper,
				       r->work,
				       r->target,
				       r->source};

	if (!lowers)
		return mica_fail(err, -ENOMEM, "rotate", r->target);
	if (top)
		lowers[0] = top;
	memcpy(lowers + (top != NULL), r->lowers, r->lower_count * sizeof(*lowers));
	return mica_overlay_detached(&overlay, err);
}

/* Renaming. */

static errint_t is_same(int fd, int parent, const char *name)
{
	struct stat a, b;

	if (fstat(fd, &a) < 0 || fstatat(parent, name, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino ? 0 : -ESTALE;
}

void turn_close_names(struct turn_names *n)
{
	if (n->upper_dir >= 0)
		close(n->upper_dir);
	if (n->layer_dir >= 0)
		close(n->layer_dir);
	free(n->upper);
	free(n->layer);
}

errint_t turn_open_names(const struct mica_rotation *r, struct turn_names *n, struct mica_error *err)
{
	errint_t code = open_parent(r->upper, &n->upper_dir, &n->upper, err);

	return code ? code : open_parent(r->layer, &n->layer_dir, &n->layer, err);
}

static errint_t sync_names(const struct mica_rotation *r, const struct turn_names *n, struct mica_error *err)
{
	if (fsync(n->upper_dir) < 0)
		return mica_fail(err, -errno, "sync", r->upper);
	return fsync(n->layer_dir) < 0 ? mica_fail(err, -errno, "sync", r->layer) : 0;
}

/* After the rename it is checked again: the owner of the folder around it may have put something else there. */
static errint_t upper_to_layer(const struct mica_rotation *r, const struct turn_names *n, struct mica_error *err)
{
	errint_t code;

	if (renameat2(n->upper_dir, n->upper, n->layer_dir, n->layer, RENAME_NOREPLACE) < 0)
		return mica_fail(err, -errno, "rename", r->upper);
	code = is_same(r->upper_fd, n->layer_dir, n->layer);
	if (!code)
		return 0;
	if (renameat2(n->layer_dir, n->layer, n->upper_dir, n->upper, RENAME_NOREPLACE) < 0)
		return mica_fail_note(err, code, "rename", r->upper, "what was there lies at %s now", r->layer);
	return mica_fail_note(err, code, "rename", r->upper, "it is not the union's upper any more");
}

/* It is done before the layer is renamed: if Mica is killed in between, the recovery begins here again. */
static errint_t unprotect(const struct mica_rotation *r, const struct turn_names *n, struct mica_error *err)
{
	cleanup_fd int layer = openat(n->layer_dir, n->layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (layer < 0)
		return mica_fail(err, -errno, "open", r->layer);
	return protect_tree(layer, turn_layer_flags(r), UNPROTECT, NULL, NULL, err);
}

/* The fresh upper is empty, because nobody could write to it. */
errint_t turn_layer_to_upper(const struct turn *t, const struct turn_names *n, struct mica_error *err)
{
	const struct mica_rotation *r = t->r;
	struct stat st;
	errint_t code = 0;

	if (fstatat(n->layer_dir, n->layer, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : mica_fail(err, -errno, "stat", r->layer);
	if (t->has_protected)
		code = unprotect(r, n, err);
	if (code)
		return code;
	if (unlinkat(n->upper_dir, n->upper, AT_REMOVEDIR) < 0 && errno != ENOENT)
		code = mica_fail(err, -errno, "remove", r->upper);
	if (!code && renameat2(n->layer_dir, n->layer, n->upper_dir, n->upper, RENAME_NOREPLACE) < 0)
		code = mica_fail_note(err, -errno, "rename", r->layer, "what the union had changed is there now");
	return code ? code : sync_names(r, n, err);
}

/* Taking the old one away, and back. */

static errint_t umount_old(const struct mica_rotation *r)
{
	errint_t code = mica_umount(r->target, r->id, 0, NULL);

	for (int i = 0; code == -EBUSY && i < TURN_TRIES; i++) {
		turn_pause();
		code = mica_umount(r->target, r->id, 0, NULL);
	}
	return code;
}

/* Mounts `again` beneath the new union, which is on top and read-only, and unmounts the new one. */
static errint_t replace_new(const struct turn *t, int again, struct mica_error *err)
{
	errint_t code = mica_attach_beneath(again, t->r->target, err);

	return code ? code : mica_umount(t->r->target, t->new_id, MICA_UMOUNT_DETACH, err);
}

/* Somebody began to use the old mount: another mount of the same super block takes its place, and that user keeps the
 * old one. */
static errint_t keep_old(const struct turn *t, struct mica_error *err)
{
	cleanup_fd int same = open_tree(AT_FDCWD, t->r->target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	errint_t code;

	if (same < 0)
		return mica_fail(err, -errno, "open_tree", t->r->target);
	code = mica_umount(t->r->target, t->r->id, MICA_UMOUNT_DETACH, err);
	if (!code)
		code = replace_new(t, same, err);
	return code ? code : mica_set_super(t->r->target, true, err);
}

/* Somebody uses the old super block by a mount that we do not see: it stays read-only, and another super block has the
 * upper from now on. */
errint_t turn_make_again(const struct turn *t, const struct turn_names *n, struct mica_error *err)
{
	cleanup_fd int again = -1;
	errint_t code = turn_layer_to_upper(t, n, err);

	if (code)
		return code;
	again = make_union(t, NULL, err);
	code = again < 0 ? again : replace_new(t, again, err);
	return code ? code : set_mount_writable(t->r->target, err);
}

/* The mark may stay for a short time, until the last call that was under way has dropped its reference. */
static int wait_for_mark(struct turn *t, struct mica_error *err)
{
	errint_t code = t->trial.dir < 0 ? mica_trial_begin(&t->trial, t->r->trial, err) : 0;
	int marked = code ? code : mica_trial_marked(&t->trial, t->r->layer, err);

	for (int i = 0; marked == 1 && i < TURN_TRIES / 4; i++) {
		turn_pause();
		marked = mica_trial_marked(&t->trial, t->r->layer, err);
	}
	return marked;
}

int turn_decide(struct turn *t, const struct turn_names *n)
{
	struct mica_error why = {0};
	int marked = wait_for_mark(t, &why);
	errint_t code;

	if (!marked)
		return set_mount_writable(t->r->target, t->err);
	code = turn_make_again(t, n, t->err);
	return code ? code : MICA_HELD;
}

/* Called when the new union is beneath the old one. */
static int let_go(struct turn *t, const struct turn_names *n)
{
	errint_t code = umount_old(t->r);

	if (code == -EBUSY) {
		code = turn_layer_to_upper(t, n, t->err);
		if (!code)
			code = keep_old(t, t->err);
		return code ? code : MICA_HELD;
	}
	return code ? mica_fail(t->err, code, "umount", t->r->target) : turn_decide(t, n);
}

/* Called when the old union is read-only and the upper still has its name. */
static int turn_over(struct turn *t, const struct turn_names *n)
{
	const struct mica_rotation *r = t->r;
	cleanup_fd int new_union = -1;
	errint_t code = mica_make_upper(r->layer, r->upper, r->flags, t->err), back;
	uint32_t id = 0;

	if (!code && t->has_protected)
		code = protect_tree(r->upper_fd, turn_layer_flags(r), PROTECT, NULL, NULL, t->err);
	if (!code && fsync(n->layer_dir) < 0) /* the folder of the upper is synced when the fresh upper is made */
		code = mica_fail(t->err, -errno, "sync", r->layer);
	if (!code) {
		new_union = make_union(t, r->layer, t->err);
		code = new_union < 0 ? new_union : turn_mount_id(new_union, &id);
	}
	t->new_id = id;
	if (!code)
		code = mica_attach_beneath(new_union, r->target, t->err);
	if (!code) {
		close(steal_fd(&new_union)); /* if it stayed open, it could not be unmounted */
		return let_go(t, n);
	}
	back = turn_layer_to_upper(t, n, t->err);
	return back ? back : code;
}

static int with_upper_still(struct turn *t)
{
	struct turn_names n = TURN_NAMES_NONE;
	errint_t code = turn_open_names(t->r, &n, t->err), back;
	int ended;

	if (!code)
		code = upper_to_layer(t->r, &n, t->err);
	ended = code ? code : turn_over(t, &n);
	turn_close_names(&n);
	if (ended == 0 && !turn_is_watched(t))
		return protect_tree(t->r->upper_fd, turn_layer_flags(t->r), PROTECT, NULL, NULL, t->err);
	if (ended >= 0)
		return ended;
	back = mica_set_super(t->r->target, true, t->err); /* the old one; the new one is writable already */
	return back ? back : ended;
}

/* A name cannot be given to something else while a mount is on it, so one check is enough. */
static errint_t check_mounted(const struct mica_rotation *r, struct mica_error *err)
{
	cleanup_free char *name = NULL;
	cleanup_fd int parent = -1;
	uint32_t id = 0;
	errint_t code = open_parent(r->target, &parent, &name, err);

	if (!code)
		code = mica_mounted_id(parent, name, &id);
	if (!code && id != r->id)
		code = -ESTALE;
	return code ? mica_fail_note(err, code, "look at", r->target, "the union is not mounted there") : 0;
}

int mica_rotate(const struct mica_rotation *r, struct mica_error *err)
{
	struct turn t = {.r = r, .err = err, .trial = TRIAL_NONE, .watch = PROTECT_WATCH_NONE};
	int ended;

	mica_error_clear(err);
	ended = check_mounted(r, err);
	if (!ended && !knows_beneath())
		ended = MICA_HELD;
	if (!ended)
		ended = turn_make_still(&t);
	if (!ended)
		ended = with_upper_still(&t);
	protect_watch_end(&t.watch);
	mica_trial_end(&t.trial);
	return ended;
}
