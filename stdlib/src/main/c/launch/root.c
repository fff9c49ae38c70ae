/*
 * root.c - gives a process a root of its own. Copies of the host's mounts would keep in use what the host wants to
 * unmount. So there are only those with the programs, without what is mounted below them: the process has files of
 * these open anyway.
 */
#include "launch.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define SHARED "shared"
#define DIRECTORY "run"

/* What a program needs to start: itself, its libraries, and their data, all read-only. */
static const char *const system_places[] = {
	"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/ld.so.cache", "/etc/alternatives",
};
static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/urandom"};
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static errint_t set_attributes(int tree, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes};

	return mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof(attr)) ? -errno : 0;
}

/* A copy of the mount at path, without mounts below it. -1 and errno if path does not exist. */
static int copy_of(const char *path, uint64_t attributes)
{
	cleanup_fd int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);

	if (tree < 0 || set_attributes(tree, attributes))
		return -1;
	return steal_fd(&tree);
}

/* Makes the folders on the way to name, below the current one; existing ones are fine. */
static errint_t make_way(const char *name, struct mica_error *err)
{
	char way[PATH_MAX];

	if (snprintf(way, sizeof(way), "%s", name) >= (int)sizeof(way))
		return mica_fail(err, -ENAMETOOLONG, "make", name);
	for (char *slash = strchr(way, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(way, 0755) && errno != EEXIST)
			return mica_fail(err, -errno, "make", way);
		*slash = '/';
	}
	return 0;
}

/* Puts a copy into the new root, which is the current folder. */
static errint_t put(int tree, const char *name, struct mica_error *err)
{
	struct stat st;
	errint_t failed = make_way(name, err);

	if (failed)
		return failed;
	if (fstat(tree, &st))
		return mica_fail(err, -errno, "look at", name);
	if (S_ISDIR(st.st_mode) ? mkdir(name, 0755) : mknod(name, S_IFREG | 0444, 0))
		if (errno != EEXIST)
			return mica_fail(err, -errno, "make", name);
	return move_mount(tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH)
		       ? mica_fail(err, -errno, "mount in a new root", name)
		       : 0;
}

static errint_t put_copy(const char *path, const char *name, uint64_t attributes, struct mica_error *err)
{
	cleanup_fd int tree = copy_of(path, attributes);

	return tree < 0 ? mica_fail(err, -errno, "copy the mount of", path) : put(tree, name, err);
}

/* Puts a folder of the system, or a symlink to another one, into the new root. It need not exist. */
static errint_t put_system(const char *path, struct mica_error *err)
{
	uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char to[PATH_MAX];
	ssize_t length = readlink(path, to, sizeof(to) - 1);

	if (length < 0)
		return access(path, F_OK) ? 0 : put_copy(path, path + 1, attributes, err);
	to[length] = 0;
	return symlink(to, path + 1) ? mica_fail(err, -errno, "make", path) : 0;
}

/* The top folder of a program that is not in one of these, and its own folder if that is on another mount. */
static errint_t put_program(const char *program, struct mica_error *err)
{
	uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char real[PATH_MAX];
	struct stat there, here;

	if (!realpath(program, real))
		return mica_fail(err, -errno, "run", program);
	char *slash = strchr(real + 1, '/'), *last = strrchr(real, '/');

	if (!slash || stat(real, &there))
		return mica_fail(err, slash ? -errno : -EINVAL, "run", program);
	*slash = 0;
	if (access(real + 1, F_OK)) {
		errint_t failed = put_copy(real, real + 1, attributes, err);

		if (failed)
			return failed;
	}
	*slash = '/';
	if (!stat(real + 1, &here) && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return 0;
	*last = 0;
	return put_copy(real, real + 1, attributes, err);
}

/* Makes its own device, because the user may not have access to the host's. */
static errint_t put_kvm(uid_t user, struct mica_error *err)
{
	struct stat st;

	if (stat("/dev/kvm", &st))
		return mica_fail(err, -errno, "look at", "/dev/kvm");
	if (mknod("dev/kvm", S_IFCHR | 0600, st.st_rdev) || chown("dev/kvm", user, user))
		return mica_fail(err, -errno, "make", "/dev/kvm");
	return 0;
}

static errint_t put_devices(const struct request *request, struct mica_error *err)
{
	errint_t failed = 0;

	for (unsigned i = 0; !failed && i < COUNT(devices); i++)
		failed = put_copy(devices[i], devices[i] + 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, err);
	return !failed && request->kvm ? put_kvm(request->user, err) : failed;
}

static errint_t put_folder(const struct request *request, struct mica_error *err)
{
	uint64_t bare = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	errint_t failed;

	if (request->read_only)
		bare |= MOUNT_ATTR_RDONLY;
	failed = set_attributes(request->folder_fd, bare);
	return failed ? mica_fail(err, failed, "share", SHARED) : put(request->folder_fd, SHARED, err);
}

static errint_t put_layers(const struct request *request, struct mica_error *err)
{
	uint64_t bare = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;
	char name[sizeof(SHARED) + 16];
	errint_t failed = 0;

	for (unsigned i = 0; !failed && i < request->layer_count; i++) {
		snprintf(name, sizeof(name), SHARED "/%u", i);
		failed = set_attributes(request->layers[i], bare);
		failed = failed ? mica_fail(err, failed, "share", name) : put(request->layers[i], name, err);
	}
	return failed;
}

static errint_t put_named(const struct request *request, struct mica_error *err)
{
	uint64_t bare = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	errint_t failed = 0;

	for (unsigned i = 0; !failed && i < request->seen_count; i++)
		failed = put_copy(request->seen[i].path, request->seen[i].name, bare | MOUNT_ATTR_RDONLY, err);
	if (!failed && request->directory)
		failed = put_copy(request->directory, DIRECTORY, bare, err);
	if (!failed && request->folder_fd >= 0)
		failed = put_folder(request, err);
	return failed ? failed : put_layers(request, err);
}

/* If the host's /proc is not visible here, there is none: a file server mounts the /proc of its own processes there. */
static errint_t put_proc(struct mica_error *err)
{
	return put_copy("/proc", "proc", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, err);
}

static errint_t fill(const struct request *request, struct mica_error *err)
{
	errint_t failed = 0;

	for (unsigned i = 0; !failed && i < COUNT(system_places); i++)
		failed = put_system(system_places[i], err);
	if (!failed)
		failed = put_program(*request->program, err);
	if (!failed)
		failed = put_devices(request, err);
	if (!failed && !request->user)
		failed = put_proc(err);
	if (!failed)
		failed = put_named(request, err);
	return failed;
}

/* The new root is made over a folder from which nothing is copied. */
errint_t root_enter(const struct request *request, struct mica_error *err)
{
	const char *place = "/sys";
	mode_t mask;
	errint_t failed;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return mica_fail(err, -errno, "unshare the mounts", "/");
	if (mount("mica", place, "tmpfs", MS_NOSUID, "mode=755") || chdir(place))
		return mica_fail(err, -errno, "mount a new root", place);
	mask = umask(022);
	failed = fill(request, err);
	umask(mask);
	if (failed)
		return failed;
	if (syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/") ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, NULL))
		return mica_fail(err, -errno, "enter a new root", place);
	return request->directory && chdir("/" DIRECTORY) ? mica_fail(err, -errno, "enter", request->directory) : 0;
}
