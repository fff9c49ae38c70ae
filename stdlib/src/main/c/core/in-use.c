/*
 * in-use.c - whether some overlay writes a directory.
 *
 * The kernel marks an overlay's upper for as long as its super block lives, and with index=on refuses to stack a new
 * overlay over one that is marked. Only a super block is made for asking, and mounted nowhere. The mark is all there
 * is to know: a mount that no path leads to, in no namespace, or held by a descriptor alone, is in no list.
 */
#include "mount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "remove.h"

struct trial {
	int dir;
	char low[64], up[64], work[64], at[64];
};

static errint_t begin(struct trial *t, const char *path, struct mica_error *err)
{
	const char *const names[] = {"low", "up", "work", "at"};

	t->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->dir < 0)
		return mica_fail(err, -errno, "open", path);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(t->dir, names[i], 0700) < 0)
			return mica_fail(err, -errno, "make", path);
	snprintf(t->low, sizeof(t->low), "/proc/self/fd/%d/low", t->dir);
	snprintf(t->up, sizeof(t->up), "/proc/self/fd/%d/up", t->dir);
	snprintf(t->work, sizeof(t->work), "/proc/self/fd/%d/work", t->dir);
	snprintf(t->at, sizeof(t->at), "/proc/self/fd/%d/at", t->dir);
	return 0;
}

/* An overlay over lower that is mounted nowhere: its descriptor, or -errno. */
static int stack_over(const struct trial *t, const char *lower, uint32_t flags, struct mica_error *err)
{
	struct mica_overlay overlay = {&lower, 1, flags, t->up, t->work, t->at, "mica-in-use"};
	int fd = mica_overlay_detached(&overlay, err);

	if (fd != -ENOSYS)
		return fd;
	fd = mica_overlay_by_mount2(&overlay, err);
	if (fd >= 0)
		umount2(t->at, MNT_DETACH | UMOUNT_NOFOLLOW);
	return fd;
}

int mica_is_marked(const char *dir, const char *trial, struct mica_error *err)
{
	struct trial t = {.dir = -1};
	struct mica_error own = {0};
	int marked = begin(&t, trial, err);
	int fd = -1;

	if (!marked) {
		fd = stack_over(&t, dir, MOUNT_EXCLUSIVE, &own);
		marked = fd >= 0 ? 0 : fd == -EBUSY ? 1 : fd;
		if (marked < 0 && err)
			*err = own;
	}
	if (fd >= 0)
		close(fd);
	if (t.dir >= 0) {
		errint_t removed = remove_below(t.dir, trial, NULL, err);

		close(t.dir);
		if (removed)
			return removed;
	}
	return marked;
}

/*
 * Whether asking works here: of an upper that is marked for certain the answer must be yes. A file system without
 * handles, for one, has overlayfs drop index=on without a word, and everything would look free.
 */
static errint_t check_telling(const char *trial, struct mica_error *err)
{
	struct trial known = {.dir = -1};
	cleanup_fd int dir = open(trial, O_RDONLY | O_DIRECTORY | O_CLOEXEC), mounted = -1;
	char path[2][64];
	errint_t code;

	if (dir < 0)
		return mica_fail(err, -errno, "open", trial);
	if (mkdirat(dir, "known", 0700) < 0 || mkdirat(dir, "asked", 0700) < 0)
		return mica_fail(err, -errno, "make", trial);
	snprintf(path[0], sizeof(path[0]), "/proc/self/fd/%d/known", dir);
	snprintf(path[1], sizeof(path[1]), "/proc/self/fd/%d/asked", dir);
	code = begin(&known, path[0], err);
	if (!code) {
		mounted = stack_over(&known, known.low, 0, err);
		code = mounted < 0 ? mounted : mica_is_marked(known.up, path[1], err);
	}
	if (known.dir >= 0)
		close(known.dir);
	if (code == 1)
		return 0;
	return code < 0 ? code
			: mica_fail_note(err, -EOPNOTSUPP, "ask", trial,
					 "this kernel and file system do not tell whether an upper is in use");
}

int mica_in_use(const char *dir, const char *trial, struct mica_error *err)
{
	cleanup_fd int own = open(trial, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int marked;
	errint_t removed;

	mica_error_clear(err);
	if (own < 0)
		return mica_fail(err, -errno, "open", trial);
	marked = check_telling(trial, err);
	removed = remove_below(own, trial, NULL, err);
	if (!marked)
		marked = removed ? removed : mica_is_marked(dir, trial, err);
	return marked;
}
