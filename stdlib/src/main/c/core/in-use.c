/*
 * in-use.c - whether an overlay writes to a directory.
 *
 * The kernel marks an overlay's upper as long as its super block lives. With index=on it refuses to stack a new overlay
 * over a directory with a mark. To test that, only a super block is made, and mounted nowhere. Nothing else shows it: a
 * mount that no path leads to, that is in no namespace, or that only a descriptor keeps, is in no list.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "remove.h"

static errint_t make(const char *path, struct mica_error *err)
{
	return mkdir(path, 0700) < 0 && errno != EEXIST ? mica_fail(err, -errno, "make", path) : 0;
}

errint_t mica_trial_begin(struct mark_trial *t, const char *path, struct mica_error *err)
{
	errint_t code;

	t->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return mica_fail(err, -errno, "open", path);
	snprintf(t->up, sizeof(t->up), "/proc/self/fd/%d/up", t->dir);
	snprintf(t->work, sizeof(t->work), "/proc/self/fd/%d/work", t->dir);
	snprintf(t->at, sizeof(t->at), "/proc/self/fd/%d/at", t->dir);
	code = make(t->up, err);
	return code ? code : make(t->work, err);
}

void mica_trial_end(struct mark_trial *t)
{
	if (t->dir >= 0)
		close(t->dir);
	t->dir = -1;
}

/* Makes an overlay over lower that is mounted nowhere. Returns its descriptor, or -errno. */
static int stack_over(const struct mark_trial *t, const char *lower, uint32_t flags, struct mica_error *err)
{
	struct mica_overlay overlay = {&lower, 1, flags, t->up, t->work, t->at, "mica-in-use"};
	int fd = mica_overlay_detached(&overlay, err);

	if (fd != -ENOSYS)
		return fd;
	fd = make(t->at, err);
	if (fd)
		return fd;
	fd = mica_overlay_by_mount2(&overlay, err);
	if (fd >= 0)
		umount2(t->at, MNT_DETACH | UMOUNT_NOFOLLOW);
	return fd;
}

int mica_trial_marked(const struct mark_trial *t, const char *dir, struct mica_error *err)
{
	struct mica_error own = {0};
	cleanup_fd int fd = stack_over(t, dir, MOUNT_EXCLUSIVE, &own);

	if (fd >= 0 || fd == -EBUSY)
		return fd < 0;
	if (err)
		*err = own;
	return fd;
}

static errint_t make_in(int dir, const char *name, char path[64], struct mica_error *err)
{
	snprintf(path, 64, "/proc/self/fd/%d/%s", dir, name);
	return make(path, err);
}

/*
 * Whether the test works here: for an upper that certainly has a mark, the answer must be yes. For example, on a file
 * system without file handles overlayfs drops index=on without an error, and everything would look free.
 */
static errint_t check_telling(const struct mark_trial *known, const struct mark_trial *asked, int dir,
			      const char *trial, struct mica_error *err)
{
	char low[64];
	errint_t made = make_in(dir, "low", low, err);
	cleanup_fd int mounted = made ? made : stack_over(known, low, 0, err);
	int marked = mounted < 0 ? mounted : mica_trial_marked(asked, known->up, err);

	if (marked == 1)
		return 0;
	return marked < 0 ? marked
			  : mica_fail_note(err, -EOPNOTSUPP, "ask", trial,
					   "this kernel and file system do not tell whether an upper is in use");
}

static errint_t begin_in(struct mark_trial *t, int trial, const char *name, struct mica_error *err)
{
	char path[64];
	errint_t code = make_in(trial, name, path, err);

	return code ? code : mica_trial_begin(t, path, err);
}

int mica_in_use(const char *dir, const char *trial, struct mica_error *err)
{
	struct mark_trial known = TRIAL_NONE, asked = TRIAL_NONE;
	cleanup_fd int own = open(trial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int marked;
	errint_t removed;

	mica_error_clear(err);
	if (own < 0)
		return mica_fail(err, -errno, "open", trial);
	marked = begin_in(&known, own, "known", err);
	if (!marked)
		marked = begin_in(&asked, own, "asked", err);
	if (!marked)
		marked = check_telling(&known, &asked, own, trial, err);
	if (!marked)
		marked = mica_trial_marked(&asked, dir, err);
	mica_trial_end(&known);
	mica_trial_end(&asked);
	removed = remove_below(own, trial, NULL, marked < 0 ? NULL : err);
	return marked >= 0 && removed ? removed : marked;
}
