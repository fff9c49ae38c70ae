#include "inside.h"

#include <fcntl.h>
#include <sys/stat.h>

static bool same_folder(const struct statx *a, const struct statx *b)
{
	return a->stx_ino == b->stx_ino && a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

static errint_t stat_folder(int fd, const char *name, int how, struct statx *stx)
{
	return statx(fd, name, how, STATX_TYPE | STATX_INO | STATX_MNT_ID, stx) < 0 ? -errno : 0;
}

/* 1: *fd is now the directory above, 0: there is none that we may reach. */
static int go_up(int *fd, struct statx *here)
{
	struct statx above;
	int up = openat(*fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	errint_t code = up < 0 ? -errno : stat_folder(up, "", AT_EMPTY_PATH, &above);

	if (code < 0) {
		if (up >= 0)
			close(up);
		return code == -EACCES ? 0 : code;
	}
	close(*fd);
	*fd = up;
	code = !same_folder(here, &above) || here->stx_mnt_id != above.stx_mnt_id;
	*here = above;
	return code;
}

/* 1: fd is root or below it, 0: not. */
static int lies_below(int fd, const struct statx *root)
{
	cleanup_fd int at = openat(fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statx here;
	int more = at < 0 ? -errno : stat_folder(at, "", AT_EMPTY_PATH, &here);

	for (more = more < 0 ? more : 1; more > 0; more = go_up(&at, &here))
		if (same_folder(&here, root))
			return 1;
	return more;
}

errint_t refuse_inside(int parent, const char *name, const char *step, const char *dest, const struct mica_tree *tree,
		       uint32_t count, struct mica_error *err)
{
	struct statx root, there;
	bool taken = stat_folder(parent, name, AT_SYMLINK_NOFOLLOW, &there) == 0;

	for (uint32_t i = 0; i < count; i++) {
		errint_t code = stat_folder(AT_FDCWD, tree->layers[i], 0, &root);
		int inside;

		if (code < 0)
			return mica_fail(err, code, "stat", tree->layers[i]);
		inside = taken && same_folder(&there, &root) ? 1 : lies_below(parent, &root);
		if (inside < 0)
			return mica_fail(err, inside, "look above", dest);
		if (inside)
			return mica_fail_note(err, -EINVAL, step, dest,
					      "it lies in %s, which is being read: choose a place outside",
					      tree->layers[i]);
	}
	return 0;
}
