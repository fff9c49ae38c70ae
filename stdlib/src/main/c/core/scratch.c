/*
 * scratch.c - makes scratch directories, and removes those that were left behind.
 *
 * The folder around them may belong to a user, who can rename them and put something else in their place. So a
 * directory is opened first, and checked by its descriptor: this user must have made it, and nobody else can have
 * written to it. Then it is emptied. By its name only an empty directory is removed.
 */
#include "scratch.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "mount.h"
#include "remove.h"

#define PREFIX ".mica-probe-"
#define MARK "mica"
#define TRIES 8

static int open_it(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static errint_t put_mark(int scratch)
{
	cleanup_fd int fd = openat(scratch, MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : 0;
}

/* -EAGAIN: another process cleaned it up first. On a file system without locks nobody cleans up. */
static errint_t take(int dir, const char *name, int *fd)
{
	cleanup_fd int scratch = open_it(dir, name);
	errint_t code;

	if (scratch < 0)
		return errno == ENOENT ? -EAGAIN : -errno;
	if (flock(scratch, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return -EAGAIN;
	code = put_mark(scratch);
	if (code == -ENOENT)
		return -EAGAIN;
	if (code) {
		unlinkat(dir, name, AT_REMOVEDIR);
		return code;
	}
	*fd = steal_fd(&scratch);
	return 0;
}

errint_t scratch_make(int dir, char name[static SCRATCH_NAME], int *fd)
{
	errint_t code = -EAGAIN;
	uint64_t random;

	for (int i = 0; code == -EAGAIN && i < TRIES; i++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			return -errno;
		snprintf(name, SCRATCH_NAME, PREFIX "%016llx", (unsigned long long)random);
		code = mkdirat(dir, name, 0700) < 0 ? -errno : take(dir, name, fd);
	}
	return code;
}

static bool is_name(const char *name)
{
	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0)
		return false;
	for (name += sizeof(PREFIX) - 1; isxdigit((unsigned char)*name); name++)
		;
	return !*name;
}

/* One in a set-group-id folder has that bit, too. */
static bool is_ours(int scratch)
{
	struct stat st;

	return !fstat(scratch, &st) && st.st_uid == geteuid() && (st.st_mode & 0777) == 0700 &&
	       !flock(scratch, LOCK_EX | LOCK_NB);
}

static bool has_mark(int scratch)
{
	struct stat st;

	return !fstatat(scratch, MARK, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode) && st.st_uid == geteuid();
}

static void umount_below(int scratch)
{
	char at[64];

	snprintf(at, sizeof(at), "%s/at", mica_fd_path(scratch).text);
	(void)!umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW);
}

/* Removes what is in it, except its mark. */
static errint_t empty(int scratch, const char *name, struct mica_error *err)
{
	int fd = openat(scratch, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	errint_t code = 0;

	if (!entries) {
		code = mica_fail(err, -errno, "list", name);
		if (fd >= 0)
			close(fd);
		return code;
	}
	while (!code && (entry = readdir(entries)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && strcmp(entry->d_name, MARK))
			code = remove_at(scratch, entry->d_name, entry->d_name, NULL, err);
	closedir(entries);
	return code;
}

errint_t scratch_remove(int dir, const char *name, int scratch, struct mica_error *err)
{
	errint_t code = empty(scratch, name, err);

	if (code)
		return code;
	if (unlinkat(scratch, MARK, 0) < 0 && errno != ENOENT)
		return mica_fail(err, -errno, "remove", MARK);
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return mica_fail(err, -errno, "remove", name);
	return 0;
}

/* A directory that is not empty and has no mark stays. */
static void clean(int dir, const char *name)
{
	cleanup_fd int scratch = open_it(dir, name);

	if (scratch < 0 || !is_ours(scratch))
		return;
	if (has_mark(scratch)) {
		umount_below(scratch);
		(void)scratch_remove(dir, name, scratch, NULL);
	} else {
		(void)!unlinkat(dir, name, AT_REMOVEDIR);
	}
}

void scratch_clean(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!entries && fd >= 0)
		close(fd);
	if (!entries)
		return;
	while ((entry = readdir(entries)))
		if (is_name(entry->d_name))
			clean(dir, entry->d_name);
	closedir(entries);
}
