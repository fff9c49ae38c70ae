/*
 * rotate-still.c - the first step of a rotation: after it nobody can write to the union any more, and the protected
 * entries of its upper are known. What takes long is done before, while it can still be written to.
 */
#include "rotate.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "pool.h"
#include "protect.h"

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

void turn_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = TURN_PAUSE_NS}, NULL);
}

errint_t turn_mount_id(int mount_fd, uint32_t *id)
{
	struct statx at;

	if (statx(mount_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &at) < 0)
		return -errno;
	*id = (uint32_t)at.stx_mnt_id;
	return 0;
}

/*
 * Whether something uses the mount for longer than a call. It is asked with the mark of mounts that expire, which the
 * kernel sets only on a mount that is not in use. A mount with the mark would be unmounted by the second call; looking
 * at it removes the mark.
 */
static bool is_held(const struct mica_rotation *r)
{
	int asked = -1;

	for (int i = 0; i < TURN_TRIES; i++) {
		int fd = open(r->target, O_PATH | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0 || close(fd) < 0)
			return true;
		asked = umount2(r->target, MNT_EXPIRE | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
		if (asked != -EBUSY)
			break;
		turn_pause();
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
 * What would take long while nobody may write is done before: the walk that looks for protected entries, which takes
 * the longer the larger the upper is, and at the same time the flush of dirty memory.
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
	code = protect_tree(upper, turn_layer_flags(t->r), COUNT_PROTECTED, &count, NULL, t->err);
	t->has_protected = count > 0;
	pool_drain(pool);
	return !code && f.code ? mica_fail(t->err, f.code, "sync", t->r->upper) : code;
}

/* It is tried several times: programs that write and close files all the time leave gaps. */
static errint_t make_read_only(const struct mica_rotation *r, struct mica_error *err)
{
	errint_t code = mica_set_super(r->target, false, NULL);

	for (int i = 0; code == -EBUSY && i < TURN_TRIES; i++) {
		turn_pause();
		code = mica_set_super(r->target, false, NULL);
	}
	return code && code != -EBUSY ? mica_fail(err, code, "make read-only", r->target) : code;
}

/* Meanwhile another mount of the union is over it, which is read-only: a program keeps the files that it has open, and
 * a program that comes now finds everything, but read-only. */
static errint_t drain(const struct mica_rotation *r, struct mica_error *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY, .propagation = MS_PRIVATE};
	cleanup_fd int cover = open_tree(AT_FDCWD, r->target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	uint32_t id;
	errint_t code, gone;

	if (cover < 0 || mount_setattr(cover, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return mica_fail(err, -errno, "open_tree", r->target);
	code = turn_mount_id(cover, &id);
	if (!code && move_mount(cover, "", AT_FDCWD, r->target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		code = -errno;
	if (code)
		return mica_fail(err, code, "cover", r->target);
	code = make_read_only(r, err);
	gone = mica_umount(r->target, id, MICA_UMOUNT_DETACH, err);
	return gone ? gone : code;
}

static int still_drained(struct turn *t)
{
	errint_t code = drain(t->r, t->err);

	if (code)
		return code == -EBUSY ? MICA_HELD : code;
	if (!is_held(t->r))
		return 0;
	code = mica_set_super(t->r->target, true, t->err);
	return code ? code : MICA_HELD;
}

static int still_undrained(struct turn *t)
{
	errint_t code;

	if (is_held(t->r))
		return MICA_HELD;
	code = make_read_only(t->r, t->err);
	return code == -EBUSY ? MICA_HELD : code;
}

/* What has become protected since the walk. If the upper cannot be watched, this is not known: then its layer is walked
 * again when the union can be written to, and not while it is read-only. */
static void note_what_came(struct turn *t)
{
	if (turn_is_watched(t) && !t->has_protected)
		t->has_protected = protect_watch_saw(&t->watch, turn_layer_flags(t->r));
}

int turn_make_still(struct turn *t)
{
	const struct mica_rotation *r = t->r;
	struct mica_error own = {0};
	cleanup_fd int upper = -1;
	int ended;

	/* A first check, which may be wrong: the steps below cost much if much of memory is dirty. */
	if (!(r->flags & MICA_ROTATE_DRAIN) && is_held(r))
		return MICA_HELD;
	if (mica_trial_begin(&t->trial, r->trial, &own) || mica_trial_marked(&t->trial, r->upper, &own) != 1)
		return MICA_HELD;
	upper = open(mica_fd_path(r->upper_fd).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0)
		return mica_fail(t->err, -errno, "open", r->upper);
	(void)protect_watch_begin(&t->watch, upper);
	ended = look_through(t, upper);
	if (!ended)
		ended = r->flags & MICA_ROTATE_DRAIN ? still_drained(t) : still_undrained(t);
	if (!ended)
		note_what_came(t);
	return ended;
}
