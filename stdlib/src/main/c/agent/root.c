/*
 * root.c - leaves the initramfs. A runtime gives a container its root by pivot_root, which refuses the kernel's first
 * file system. So a guest with a runtime moves to a tmpfs. Nothing is left of the first file system, so that what is
 * below a container's root is empty.
 */
#include "container.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#define NEW_ROOT "/.root"

bool root_has_runtime(void)
{
	return !access(RUNTIME, X_OK);
}

static errint_t move_folder(const char *from, const char *to, struct mica_error *err);

/* The core's functions for copying need /proc, which is not mounted yet. */
static errint_t copy_file(const char *from, const char *to, const struct stat *st, struct mica_error *err)
{
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, st->st_mode & 07777);
	ssize_t put = 0;

	if (out < 0)
		return mica_fail(err, -errno, "copy", from);
	while ((put = sendfile(out, in, NULL, 1 << 30)) > 0)
		;
	return put < 0 ? mica_fail(err, -errno, "copy", from) : 0;
}

static errint_t copy_other(const char *from, const char *to, const struct stat *st, struct mica_error *err)
{
	char target[4096];
	ssize_t len;

	if (!S_ISLNK(st->st_mode))
		return mknod(to, st->st_mode, st->st_rdev) < 0 ? mica_fail(err, -errno, "mknod", to) : 0;
	len = readlink(from, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	return len < 0 || symlink(target, to) < 0 ? mica_fail(err, -errno, "symlink", to) : 0;
}

/* Each file is removed as soon as it is copied, so the guest's memory never has all of them twice. */
static errint_t move_entry(const char *from, const char *to, struct mica_error *err)
{
	struct stat st;
	errint_t code;

	if (lstat(from, &st) < 0)
		return mica_fail(err, -errno, "stat", from);
	if (S_ISDIR(st.st_mode))
		return move_folder(from, to, err);
	code = S_ISREG(st.st_mode) ? copy_file(from, to, &st, err) : copy_other(from, to, &st, err);
	if (!code && unlink(from) < 0)
		code = mica_fail(err, -errno, "unlink", from);
	return code;
}

static errint_t move_entries(DIR *dir, const char *from, const char *to, struct mica_error *err)
{
	const struct dirent *entry;
	char old[4096], new[4096];
	errint_t code = 0;

	while (!code && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(old, sizeof(old), "%s/%s", from, entry->d_name);
		snprintf(new, sizeof(new), "%s/%s", to, entry->d_name);
		/* The new root itself is left out. The agent is removed: it runs already, and nobody else needs it. */
		if (!strcmp(old, NEW_ROOT))
			continue;
		if (!strcmp(old, "/init"))
			unlink(old);
		else
			code = move_entry(old, new, err);
	}
	return code;
}

static errint_t move_folder(const char *from, const char *to, struct mica_error *err)
{
	DIR *dir = opendir(*from ? from : "/");
	struct stat st;
	errint_t code;

	if (!dir || fstat(dirfd(dir), &st) < 0)
		code = mica_fail(err, -errno, "open", from);
	else if (*from && (mkdir(to, 0700) < 0 || chmod(to, st.st_mode & 07777) < 0))
		code = mica_fail(err, -errno, "mkdir", to);
	else
		code = move_entries(dir, from, to, err);
	if (dir)
		closedir(dir);
	if (!code && *from)
		rmdir(from);
	return code;
}

/* A mount that is moved to "/" covers the old root, and chroot makes us use it. */
static errint_t enter(struct mica_error *err)
{
	if (chdir(NEW_ROOT) < 0 || mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return mica_fail(err, -errno, "enter", NEW_ROOT);
	return 0;
}

errint_t root_leave(struct mica_error *err)
{
	errint_t code;

	if (mkdir(NEW_ROOT, 0755) < 0 || mount("root", NEW_ROOT, "tmpfs", 0, "mode=0755") < 0)
		return mica_fail(err, -errno, "mount", NEW_ROOT);
	code = move_folder("", NEW_ROOT, err);
	return code ? code : enter(err);
}
