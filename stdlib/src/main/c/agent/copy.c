/*
 * copy.c - copies files out of a container and into it, as tars over a port. The work is done by a process that sees
 * what the container sees: its mounts, and nothing above its root. So no link in the container leads anywhere else,
 * even if it is made meanwhile. The process runs and loads nothing that lies in the container.
 */
#include "container.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* A path, taken apart: the folder that it lies in, and its last name ("" for the root). */
struct place {
	int dir;
	char text[PATH_MAX], *name;
};

/* Enters the mounts of the container, with its root as ours. Then it checks that the container still runs, because
 * otherwise the number may belong to another process. *proc gets the guest's /proc, for later. */
static errint_t enter(const char *name, int *proc, struct mica_error *err)
{
	struct container_facts facts, again;
	char path[64];
	errint_t code = container_facts(name, &facts, err);

	if (code)
		return code;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", facts.pid);
	cleanup_fd int mounts = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/root", facts.pid);
	cleanup_fd int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*proc = open_tree(AT_FDCWD, "/proc", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	code = container_facts(name, &again, err);
	if (!code && (mounts < 0 || root < 0 || !again.running || again.pid != facts.pid))
		code = mica_fail_note(err, -ESRCH, "enter", name, "it does not run any more");
	if (!code && (setns(mounts, CLONE_NEWNS) || fchdir(root) || chroot(".") || chdir("/") || unshare(CLONE_NEWNS) ||
		      mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL)))
		code = mica_fail(err, -errno, "enter", name);
	return code;
}

/* The core names open files by their path in /proc, and the container's /proc has other processes. So the guest's is
 * mounted over it, but only after all paths that the container could redirect have been looked up. */
static errint_t use_proc(int proc, struct mica_error *err)
{
	return move_mount(proc, "", AT_FDCWD, "/proc", MOVE_MOUNT_F_EMPTY_PATH)
		       ? mica_fail(err, -errno, "mount", "/proc")
		       : 0;
}

/* Links on the way are followed, because they cannot lead out of the container. Links of /proc to open files of other
 * processes are not followed. */
static int open_place(const char *path, int flags)
{
	struct open_how how = {.flags = (uint64_t)flags | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};

	return (int)syscall(SYS_openat2, AT_FDCWD, *path ? path : "/", &how, sizeof(how));
}

static errint_t find_place(const struct request *request, struct place *place, struct mica_error *err)
{
	const char *value = line_value(request, "path");
	errint_t code = line_decode(value, strlen(value), place->text, sizeof(place->text));
	char *slash, *end;

	if (code || *place->text != '/')
		return mica_fail_note(err, code ? code : -EINVAL, "read the path", value, "it is not absolute");
	for (end = place->text + strlen(place->text); end > place->text + 1 && end[-1] == '/';)
		*--end = '\0';
	slash = strrchr(place->text, '/');
	place->name = slash + 1;
	if (!strcmp(place->name, ".") || !strcmp(place->name, ".."))
		return mica_fail_note(err, -EINVAL, "read the path", place->text, "its last name must be one");
	*slash = '\0';
	place->dir = open_place(place->text, O_RDONLY | O_DIRECTORY);
	if (place->dir < 0)
		return mica_fail(err, -errno, "open", *place->text ? place->text : "/");
	*slash = '/';
	return 0;
}

static int tell(const struct mica_error *err)
{
	dprintf(2, "cannot %s %s: %s\n", err->step, err->path, *err->note ? err->note : strerror(-err->code));
	return 1;
}

static void tell_remarks(const struct mica_remarks *remarks)
{
	static const char *const words[] = {
		[MICA_REMARK_SOCKET] = "a socket, left out",	[MICA_REMARK_HOLES] = "its holes are filled",
		[MICA_REMARK_FLAGS] = "its flags are left out", [MICA_REMARK_XATTR] = "an attribute is left out",
		[MICA_REMARK_DEVICE] = "a device, left out",	[MICA_REMARK_KEY] = "a part of its header is left out",
	};

	for (uint64_t at = 0; at < remarks->len;) {
		const struct mica_remark *remark = (const void *)(remarks->records + at);
		const char *what = remark->what < sizeof(words) / sizeof(*words) ? words[remark->what] : NULL;

		if (what)
			dprintf(2, "%s: %s\n", (const char *)remark->text, what);
		at += remark->record_len;
	}
}

/* Writes the tar of the entry at the path, with its last name, and of all below it. */
static int send_tar(const struct request *request)
{
	struct mica_remarks remarks = {0};
	struct mica_error err = {0};
	static struct place place;
	struct mica_tar tar;
	int proc;
	errint_t code = enter(line_value(request, "name"), &proc, &err);

	if (!code)
		code = find_place(request, &place, &err);
	if (!code && !*place.name)
		code = mica_fail_note(&err, -EINVAL, "copy", "/",
				      "the whole root has mounts in it; name what is in it");
	if (!code)
		code = use_proc(proc, &err);
	if (!code && fchdir(place.dir))
		code = mica_fail(&err, -errno, "enter the folder of", place.text);
	if (!code)
		code = mica_tar_write_entry(".", place.name, NULL, 1, &tar, &remarks, NULL, &err);
	tell_remarks(&remarks);
	return code ? tell(&err) : 0;
}

/* Moves the entries of `from` to `to`. An existing folder is merged with the new one, and anything else is replaced. */
static errint_t merge(int from, int to, const char *as, struct mica_error *err)
{
	cleanup_fd int reading = dup(from);
	DIR *dir = fdopendir(reading);
	const struct dirent *entry;
	errint_t code = 0;

	if (!dir)
		return mica_fail(err, -errno, "read", "what was sent");
	steal_fd(&reading);
	while (!code && (entry = readdir(dir))) {
		const char *name = entry->d_name, *target = as ? as : name;
		struct stat new, old;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		if (fstatat(from, name, &new, AT_SYMLINK_NOFOLLOW))
			code = mica_fail(err, -errno, "look at", name);
		else if (!fstatat(to, target, &old, AT_SYMLINK_NOFOLLOW) &&
			 S_ISDIR(old.st_mode) != S_ISDIR(new.st_mode))
			code = mica_fail_note(err, -EEXIST, "write", target, "there is %s of that name",
					      S_ISDIR(old.st_mode) ? "a folder" : "no folder but something else");
		else if (renameat(from, name, to, target)) {
			cleanup_fd int below = errno == ENOTEMPTY || errno == EEXIST
						       ? openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
						       : -1;
			cleanup_fd int there =
				below < 0 ? -1 : openat(to, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			code = there < 0 ? mica_fail(err, -errno, "write", target) : merge(below, there, NULL, err);
		}
	}
	closedir(dir);
	return code;
}

/* Reads the tar and puts its entries into the folder at the path. If there is no folder, its only entry becomes the
 * path. */
static errint_t unpack(struct place *place, bool into, struct mica_error *err)
{
	struct mica_remarks remarks = {0};
	struct mica_tar tar;
	char scratch[64];
	uint64_t number = 0;
	errint_t code;

	if (getentropy(&number, sizeof(number)) || fchdir(place->dir))
		return mica_fail(err, -errno, "enter the folder of", place->text);
	snprintf(scratch, sizeof(scratch), ".mica-copy-%016llx", (unsigned long long)number);
	code = mica_tar_read(NULL, 0, scratch, NULL, MICA_TAR_NAMES, &tar, &remarks, NULL, err);
	tell_remarks(&remarks);
	if (code)
		return code;
	cleanup_fd int from = openat(place->dir, scratch, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	code = from < 0 ? mica_fail(err, -errno, "open", scratch)
			: merge(from, place->dir, into ? NULL : place->name, err);
	if (code) {
		mica_remove(scratch, NULL, NULL);
		return code;
	}
	return mica_remove(scratch, NULL, err);
}

static int receive_tar(const struct request *request)
{
	struct mica_error err = {0};
	static struct place place;
	int proc;
	errint_t code = enter(line_value(request, "name"), &proc, &err);

	if (!code)
		code = find_place(request, &place, &err);
	int folder = code ? -1 : open_place(place.text, O_RDONLY | O_DIRECTORY);
	bool into = folder >= 0;
	if (!code && !into && errno != ENOENT && errno != ENOTDIR)
		code = mica_fail(&err, -errno, "open", place.text);
	if (!code && !into && line_value(request, "into"))
		code = mica_fail_note(&err, -ENOTDIR, "write to", place.text, "there is no such folder");
	if (into)
		place.dir = folder;
	if (!code)
		code = use_proc(proc, &err);
	if (!code)
		code = unpack(&place, into, &err);
	return code ? tell(&err) : 0;
}

errint_t container_send(const struct request *request, struct answer *answer, struct mica_error *err)
{
	return container_work(request, send_tar, answer, err);
}

errint_t container_receive(const struct request *request, struct answer *answer, struct mica_error *err)
{
	return container_work(request, receive_tar, answer, err);
}
