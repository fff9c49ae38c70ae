/*
 * probe.c - finds out what a folder can do, by trying it there.
 *
 * All of it happens in a scratch directory with one file of 64 KiB, "file". Each trial makes what else it needs, under
 * names of its own, and returns whether it saw its effect. It need not clean up.
 */
#include "mount.h"
#include "scratch.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static bool has_xattr(int dir, const char *attr, const void *value, size_t len)
{
	cleanup_fd int fd = openat(dir, "file", O_RDWR | O_CLOEXEC);
	char got[64];

	return fd >= 0 && !fsetxattr(fd, attr, value, len, 0) &&
	       fgetxattr(fd, attr, got, sizeof(got)) == (ssize_t)len && !memcmp(got, value, len);
}

static bool try_trusted_xattr(int dir)
{
	return has_xattr(dir, "trusted.mica-probe", "y", 1);
}

static bool try_user_xattr(int dir)
{
	return has_xattr(dir, "user.mica-probe", "y", 1);
}

static bool try_acl(int dir)
{
	/* Version 2, then little-endian tag, permissions, id: owner rw, user 1 r, group -, mask r, others -. */
	static const uint8_t acl[] = {2,    0, 0, 0,			     /* */
				      0x01, 0, 6, 0, 0xff, 0xff, 0xff, 0xff, /* */
				      0x02, 0, 4, 0, 1,	   0,	 0,    0,    /* */
				      0x04, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, /* */
				      0x10, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* */
				      0x20, 0, 0, 0, 0xff, 0xff, 0xff, 0xff};

	return has_xattr(dir, "system.posix_acl_access", acl, sizeof(acl));
}

static bool is_whiteout(int dir, const char *name)
{
	struct stat st;

	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISCHR(st.st_mode) && !st.st_rdev;
}

static bool try_whiteout(int dir)
{
	return !mknodat(dir, "whiteout", S_IFCHR, 0) && is_whiteout(dir, "whiteout");
}

static int make_file(int dir, const char *name)
{
	return openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool make_empty(int dir, const char *name)
{
	cleanup_fd int fd = make_file(dir, name);

	return fd >= 0;
}

static bool try_rename_whiteout(int dir)
{
	struct stat st;

	return make_empty(dir, "from") && !renameat2(dir, "from", dir, "to", RENAME_WHITEOUT) &&
	       is_whiteout(dir, "from") && !fstatat(dir, "to", &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

static bool try_tmpfile(int dir)
{
	cleanup_fd int fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	return fd >= 0 && write(fd, "y", 1) == 1;
}

static bool try_reflink(int dir)
{
	cleanup_fd int from = openat(dir, "file", O_RDONLY | O_CLOEXEC);
	cleanup_fd int to = make_file(dir, "reflink");
	struct stat st;

	return from >= 0 && to >= 0 && !ioctl(to, FICLONE, from) && !fstat(to, &st) && st.st_size == 65536;
}

static bool try_hardlink(int dir)
{
	struct stat st;

	return !linkat(dir, "file", dir, "link", 0) && !fstatat(dir, "link", &st, AT_SYMLINK_NOFOLLOW) &&
	       st.st_nlink == 2;
}

static bool try_nanoseconds(int dir)
{
	const struct timespec times[2] = {{1000000000, 123456789}, {1000000000, 123456789}};
	struct stat st;

	return !utimensat(dir, "file", times, 0) && !fstatat(dir, "file", &st, 0) && st.st_mtim.tv_sec == 1000000000 &&
	       st.st_mtim.tv_nsec == 123456789;
}

static bool try_case(int dir)
{
	return make_empty(dir, "case") && make_empty(dir, "CASE");
}

/* Makes the overlay of the folders below trial, mounted nowhere; with mount(2) it is mounted at "at" for a moment. */
static int mount_trial(const char *trial, uint32_t flags)
{
	char path[4][96];
	const char *const names[4] = {"low", "up", "work", "at"}, *const low = path[0];
	struct mica_overlay overlay = {&low, 1, flags, path[1], path[2], path[3], "mica-probe"};
	int fd;

	for (int i = 0; i < 4; i++)
		snprintf(path[i], sizeof(path[i]), "%s/%s", trial, names[i]);
	fd = mica_overlay_detached(&overlay, NULL);
	if (fd != -ENOSYS)
		return fd;
	fd = mica_overlay_by_mount2(&overlay, NULL);
	if (fd >= 0)
		umount2(path[3], MNT_DETACH | UMOUNT_NOFOLLOW);
	return fd;
}

static bool make_layers(int dir)
{
	const char *const names[] = {"low", "up", "work", "at", "low/folder"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (mkdirat(dir, names[i], 0700) < 0)
			return false;
	return make_empty(dir, "low/changed") && make_empty(dir, "low/gone");
}

/* Tries a copy-up, a whiteout, and a directory in the place of another, which needs an opaque mark and so xattrs. */
static bool use_union(int merged, int dir, const char *opaque)
{
	cleanup_fd int changed = openat(merged, "changed", O_WRONLY | O_CLOEXEC), folder = -1;
	struct stat up, low;
	char mark = 0;

	if (changed < 0 || write(changed, "y", 1) != 1 || unlinkat(merged, "gone", 0) < 0 ||
	    unlinkat(merged, "folder", AT_REMOVEDIR) < 0 || mkdirat(merged, "folder", 0700) < 0)
		return false;
	folder = openat(dir, "up/folder", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return !fstatat(dir, "up/changed", &up, AT_SYMLINK_NOFOLLOW) && up.st_size == 1 &&
	       !fstatat(dir, "low/changed", &low, AT_SYMLINK_NOFOLLOW) && low.st_size == 0 &&
	       is_whiteout(dir, "up/gone") && folder >= 0 && fgetxattr(folder, opaque, &mark, 1) == 1 && mark == 'y';
}

static bool try_overlay_in(int scratch, const char *name, uint32_t flags, const char *opaque)
{
	cleanup_fd int dir = -1, merged = -1;

	if (mkdirat(scratch, name, 0700) < 0)
		return false;
	dir = openat(scratch, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 || !make_layers(dir))
		return false;
	merged = mount_trial(mica_fd_path(dir).text, flags);
	return merged >= 0 && use_union(merged, dir, opaque);
}

static bool try_overlay(int dir)
{
	return try_overlay_in(dir, "overlay", 0, "trusted.overlay.opaque");
}

static bool try_overlay_user(int dir)
{
	return try_overlay_in(dir, "overlay-user", MICA_MOUNT_USERXATTR, "user.overlay.opaque");
}

static const struct trial {
	uint32_t bit;
	bool (*works)(int dir);
} trials[] = {
	{MICA_CAN_TRUSTED_XATTR, try_trusted_xattr},
	{MICA_CAN_USER_XATTR, try_user_xattr},
	{MICA_CAN_WHITEOUT, try_whiteout},
	{MICA_CAN_RENAME_WHITEOUT, try_rename_whiteout},
	{MICA_CAN_TMPFILE, try_tmpfile},
	{MICA_CAN_REFLINK, try_reflink},
	{MICA_CAN_HARDLINK, try_hardlink},
	{MICA_CAN_NANOSECONDS, try_nanoseconds},
	{MICA_CAN_CASE, try_case},
	{MICA_CAN_OVERLAY, try_overlay},
	{MICA_CAN_OVERLAY_USER, try_overlay_user},
	{MICA_CAN_ACL, try_acl},
};

/* A full disk must not look like a folder that can do nothing. */
static errint_t put_content(int scratch)
{
	cleanup_fd int fd = make_file(scratch, "file");
	static const char content[65536];
	ssize_t put = fd < 0 ? -1 : write(fd, content, sizeof(content));

	if (put < 0 || fsync(fd) < 0)
		return -errno;
	return put == sizeof(content) ? 0 : -ENOSPC;
}

static errint_t run_trials(int scratch, uint32_t wanted, uint32_t *can)
{
	errint_t code = put_content(scratch);

	for (size_t i = 0; !code && i < sizeof(trials) / sizeof(*trials); i++)
		if (trials[i].bit & wanted && trials[i].works(scratch))
			*can |= trials[i].bit;
	return code;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Sets the folder's own time back, unless somebody else changed the folder meanwhile. It is no failure if we are not
 * its owner. */
static void restore_time(int dir, const struct stat *before)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, before->st_mtim};

	(void)!futimens(dir, times);
}

errint_t mica_probe(const char *path, uint32_t *can, struct mica_error *err)
{
	return mica_probe_for(path, UINT32_MAX, can, err);
}

errint_t mica_probe_for(const char *path, uint32_t wanted, uint32_t *can, struct mica_error *err)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), scratch = -1;
	struct stat before, made, now;
	errint_t code, removed;
	char name[SCRATCH_NAME];

	*can = 0;
	mica_error_clear(err);
	if (dir < 0 || fstat(dir, &before) < 0)
		return mica_fail(err, -errno, "open", path);
	scratch_clean(dir);
	code = scratch_make(dir, name, &scratch);
	if (code)
		return mica_fail_note(err, code, "probe", path, "a scratch directory is made in it to try what it can");
	code = fstat(dir, &made) < 0 ? -errno : run_trials(scratch, wanted, can);
	if (code)
		mica_fail_at(err, code, "probe", path, name);
	bool alone = !fstat(dir, &now) && same_time(&made, &now);
	removed = scratch_remove(dir, name, scratch, err);
	if (alone && !removed)
		restore_time(dir, &before);
	return code ? code : removed;
}

int mica_open_scratch(const char *path, struct mica_identity *is, struct mica_error *err)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), scratch = -1;
	char name[SCRATCH_NAME];
	errint_t code;

	mica_error_clear(err);
	if (dir < 0)
		return mica_fail(err, -errno, "open", path);
	scratch_clean(dir);
	code = scratch_make(dir, name, &scratch);
	if (!code)
		code = mica_identify(scratch, is);
	return code ? mica_fail(err, code, "make a scratch directory in", path) : steal_fd(&scratch);
}

errint_t mica_clean_scratch(const char *path, struct mica_error *err)
{
	cleanup_fd int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	mica_error_clear(err);
	if (dir < 0)
		return errno == ENOENT ? 0 : mica_fail(err, -errno, "open", path);
	scratch_clean(dir);
	return 0;
}
