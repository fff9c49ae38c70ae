/*
 * rotate.c - an overlay goes on over its own upper, with nothing bare in between.
 *
 * The way, with what the path shows at each step:
 *
 *   the old union            1. its super block is made read-only, which fails while any file of it is open for
 *                               writing, through whatever mount; so the upper stands still
 *   the old one, read-only   2. the upper is renamed to be the layer, and a fresh one made; what is protected in it
 *                               gets its flags, before an inode of the new union can have been read without them
 *                            3. the new union is mounted beneath the old one, read-only
 *   the new one, read-only   4. the old one is unmounted
 *                            5. its upper's mark is gone, so its super block is: nobody can write the layer any more
 *   the new union            6. the new one is made writable
 *
 * What fails before 4 is taken back there. What fails at 4 (somebody came to hold the old mount) or 5 (somebody holds
 * the super block by another) is taken back with the old contents in sight all the time: beneath the new union, still
 * read-only, goes the old one again, and the new one is taken from above it.
 */
#include "rotate.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "dir-stack.h"
#include "pool.h"
#include "protect-watch.h"
#include "remove.h"
#include "settle.h"

#ifndef MOVE_MOUNT_BENEATH
#define MOVE_MOUNT_BENEATH 0x200 /* Linux 6.5; not in every C library's header */
#endif

/* Programs that open by path hold a mount for the length of a call: no event tells when none does. */
enum { TRIES = 40, PAUSE_NS = 250000 };

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

/* Steps of setting up. */

static errint_t reconfigure(int fs_fd, const char *target, bool writable, struct mica_error *err)
{
	if (fs_fd < 0)
		return mica_fail(err, -errno, "fspick", target);
	if (fsconfig(fs_fd, FSCONFIG_SET_FLAG, writable ? "rw" : "ro", NULL, 0) < 0 ||
	    fsconfig(fs_fd, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		return mica_fail(err, -errno, writable ? "make writable" : "make read-only", target);
	return 0;
}

errint_t mica_set_super(const char *target, bool writable, struct mica_error *err)
{
	cleanup_fd int fs_fd = fspick(AT_FDCWD, target, FSPICK_CLOEXEC | FSPICK_NO_AUTOMOUNT);

	return reconfigure(fs_fd, target, writable, err);
}

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

/* A kernel that does not know the flag refuses it before it looks at the descriptors. */
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

static errint_t id_of(int mount_fd, uint32_t *id)
{
	struct statx at;

	if (statx(mount_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0)
		return -errno;
	*id = (uint32_t)at.stx_mnt_id;
	return 0;
}

/* The union over `lowers`, topmost first, after `top` if that is not NULL; read-only for now, mounted nowhere. */
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

/* What was renamed is looked at again: whoever owns the folder around it can have put something else there. */
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

static uint32_t layer_flags(const struct mica_rotation *r)
{
	return r->flags & MICA_MOUNT_USERXATTR ? MICA_LAYER_USERXATTR : 0;
}

/* While it is still the layer: who is killed in between begins here again. */
static errint_t unsettle(const struct mica_rotation *r, const struct turn_names *n, struct mica_error *err)
{
	cleanup_fd int layer = openat(n->layer_dir, n->layer, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (layer < 0)
		return mica_fail(err, -errno, "open", r->layer);
	return settle_tree(layer, layer_flags(r), SETTLE_BACK, NULL, NULL, err);
}

/* The fresh upper holds nothing: nobody could write to it. */
errint_t turn_layer_to_upper(const struct turn *t, const struct turn_names *n, struct mica_error *err)
{
	const struct mica_rotation *r = t->r;
	struct stat st;
	errint_t code = 0;

	if (fstatat(n->layer_dir, n->layer, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : mica_fail(err, -errno, "stat", r->layer);
	if (t->has_protected)
		code = unsettle(r, n, err);
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

	for (int i = 0; code == -EBUSY && i < TRIES; i++) {
		pause_a_little();
		code = mica_umount(r->target, r->id, 0, NULL);
	}
	return code;
}

/* Puts `again` beneath the new union, which is on top and read-only, and takes the new one away. */
static errint_t replace_new(const struct turn *t, int again, struct mica_error *err)
{
	errint_t code = mica_attach_beneath(again, t->r->target, err);

	return code ? code : mica_umount(t->r->target, t->new_id, MICA_UMOUNT_DETACH, err);
}

/* Somebody came to hold the old mount: another mount of the same super block takes its place, and he keeps his. */
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

/* Somebody holds the old super block unseen: it stays read-only, and another one has the upper from here on. */
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

/* Until the last reference of a call that was under way is gone, the mark may stay a little. */
static int wait_for_mark(struct turn *t, struct mica_error *err)
{
	errint_t code = t->trial.dir < 0 ? mica_trial_begin(&t->trial, t->r->trial, err) : 0;
	int marked = code ? code : mica_trial_marked(&t->trial, t->r->layer, err);

	for (int i = 0; marked == 1 && i < TRIES / 4; i++) {
		pause_a_little();
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

/* The new union is beneath the old one. */
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

/* The old union is read-only; the upper has its name. */
static int turn_over(struct turn *t, const struct turn_names *n)
{
	const struct mica_rotation *r = t->r;
	cleanup_fd int new_union = -1;
	errint_t code = mica_make_upper(r->layer, r->upper, r->flags, t->err), back;
	uint32_t id = 0;

	if (!code && t->has_protected)
		code = settle_tree(r->upper_fd, layer_flags(r), SETTLE, NULL, NULL, t->err);
	if (!code && fsync(n->layer_dir) < 0) /* the upper's is synced with the fresh one */
		code = mica_fail(t->err, -errno, "sync", r->layer);
	if (!code) {
		new_union = make_union(t, r->layer, t->err);
		code = new_union < 0 ? new_union : id_of(new_union, &id);
	}
	t->new_id = id;
	if (!code)
		code = mica_attach_beneath(new_union, r->target, t->err);
	if (!code) {
		close(steal_fd(&new_union)); /* or it could not be unmounted */
		return let_go(t, n);
	}
	back = turn_layer_to_upper(t, n, t->err);
	return back ? back : code;
}

static bool is_watched(const struct turn *t)
{
	return t->watch.events >= 0;
}

/* What became protected since the upper was looked through. Of an upper that cannot be watched that is not known: its
 * layer is looked through again when the union can be written, not while it cannot. */
static void note_what_came(struct turn *t)
{
	if (is_watched(t) && !t->has_protected)
		t->has_protected = protect_watch_saw(&t->watch, layer_flags(t->r));
}

static int with_upper_still(struct turn *t)
{
	struct turn_names n = TURN_NAMES_NONE;
	errint_t code = turn_open_names(t->r, &n, t->err), back;
	int ended;

	note_what_came(t);
	if (!code)
		code = upper_to_layer(t->r, &n, t->err);
	ended = code ? code : turn_over(t, &n);
	turn_close_names(&n);
	if (ended == 0 && !is_watched(t))
		return settle_tree(t->r->upper_fd, layer_flags(t->r), SETTLE, NULL, NULL, t->err);
	if (ended >= 0)
		return ended;
	back = mica_set_super(t->r->target, true, t->err); /* the old one, or the new one, which is so already */
	return back ? back : ended;
}

/*
 * Whether something has the mount longer than for a call: asked with the mark of mounts that expire, which the kernel
 * sets only on a mount that is not in use. One that is marked already would be unmounted; to look at it takes the mark.
 */
static bool is_held(const struct mica_rotation *r)
{
	int asked = -1;

	for (int i = 0; i < TRIES; i++) {
		int fd = open(r->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 || close(fd) < 0)
			return true;
		asked = umount2(r->target, MNT_EXPIRE | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
		if (asked != -EBUSY)
			break;
		pause_a_little();
	}
	return asked != -EAGAIN;
}

struct flush {
	struct pool_task task;
	int root;
	errint_t code;
};

static void flush(struct pool_task *task)
{
	struct flush *f = (struct flush *)task;

	f->code = syncfs(f->root) < 0 ? -errno : 0;
}

/*
 * What would take long while nobody may write is done before: the walk for what is protected, as long as the upper is
 * large, and beside it the flush of what is dirty in memory.
 */
static errint_t look_through(struct turn *t, int upper)
{
	cleanup_pool struct pool *pool = NULL;
	struct flush f = {.task.run = flush, .root = upper};
	errint_t code = pool_start(&pool, 2);
	uint64_t count = 0;

	if (code)
		return mica_fail(t->err, code, "sync", t->r->upper);
	pool_submit(pool, &f.task);
	code = settle_tree(upper, layer_flags(t->r), SETTLE_COUNT, &count, NULL, t->err);
	t->has_protected = count > 0;
	pool_drain(pool);
	return !code && f.code ? mica_fail(t->err, f.code, "sync", t->r->upper) : code;
}

/* Programs that write and close all the time leave gaps. */
static errint_t make_read_only(const struct mica_rotation *r, struct mica_error *err)
{
	errint_t code = mica_set_super(r->target, false, NULL);

	for (int i = 0; code == -EBUSY && i < TRIES; i++) {
		pause_a_little();
		code = mica_set_super(r->target, false, NULL);
	}
	return code && code != -EBUSY ? mica_fail(err, code, "make read-only", r->target) : code;
}

/* Another mount of the union lies over it meanwhile, which cannot be written: who has a file open keeps it, and who
 * comes now finds everything, but read-only. */
static errint_t drain(const struct mica_rotation *r, struct mica_error *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	cleanup_fd int cover = open_tree(AT_FDCWD, r->target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	uint32_t id;
	errint_t code, gone;

	if (cover < 0 || mount_setattr(cover, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return mica_fail(err, -errno, "open_tree", r->target);
	code = id_of(cover, &id);
	if (!code && move_mount(cover, "", AT_FDCWD, r->target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		code = -errno;
	if (code)
		return mica_fail(err, code, "cover", r->target);
	code = make_read_only(r, err);
	gone = mica_umount(r->target, id, MICA_UMOUNT_DETACH, err);
	return gone ? gone : code;
}

static int rotate_drained(struct turn *t)
{
	errint_t code = drain(t->r, t->err);

	if (code)
		return code == -EBUSY ? MICA_HELD : code;
	if (!is_held(t->r))
		return with_upper_still(t);
	code = mica_set_super(t->r->target, true, t->err);
	return code ? code : MICA_HELD;
}

static int rotate_undrained(struct turn *t)
{
	errint_t code;

	if (is_held(t->r))
		return MICA_HELD;
	code = make_read_only(t->r, t->err);
	if (code)
		return code == -EBUSY ? MICA_HELD : code;
	return with_upper_still(t);
}

/* No name can be given to something else while a mount is on it, so once is enough. */
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

static int rotate(struct turn *t)
{
	const struct mica_rotation *r = t->r;
	struct mica_error own = {0};
	cleanup_fd int upper = -1;
	errint_t code;
	int ended;

	/* A first look, which may be wrong: what comes below costs much where a lot is dirty. */
	if (!(r->flags & MICA_ROTATE_DRAIN) && is_held(r))
		return MICA_HELD;
	if (mica_trial_begin(&t->trial, r->trial, &own) || mica_trial_marked(&t->trial, r->upper, &own) != 1)
		return MICA_HELD;
	upper = open(mica_fd_path(r->upper_fd).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		return mica_fail(t->err, -errno, "open", r->upper);
	(void)protect_watch_begin(&t->watch, upper);
	code = look_through(t, upper);
	if (code)
		ended = code;
	else
		ended = r->flags & MICA_ROTATE_DRAIN ? rotate_drained(t) : rotate_undrained(t);
	protect_watch_end(&t->watch);
	return ended;
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
		ended = rotate(&t);
	mica_trial_end(&t.trial);
	return ended;
}
