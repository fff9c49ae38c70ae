/* Removing trees: deep, wide, odd, guarded, and what must be left alone. */
#include "tap.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

static struct mica_error err;

/* Leads depth directories down from path, a file in each; names are long, so that no path could say where. */
static void make_deep(const char *path, int depth)
{
	char name[201];
	int at, next;

	memset(name, 'd', 200);
	name[200] = '\0';
	NEED(mkdir(path, 0755));
	NEED(at = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	for (int i = 0; i < depth; i++) {
		NEED(mkdirat(at, name, 0755));
		NEED(next = openat(at, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
		close(next);
		NEED(next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		close(at);
		at = next;
	}
	close(at);
}

static void deep(void)
{
	struct rlimit old, few = {64, 64};
	struct mica_job job = {0};

	make_deep("deep", 10000);
	NEED(getrlimit(RLIMIT_NOFILE, &old));
	few.rlim_max = old.rlim_max;
	NEED(setrlimit(RLIMIT_NOFILE, &few));
	ok_code(mica_remove("deep", &job, &err), 0, &err, "10,000 deep with 64 descriptors");
	NEED(setrlimit(RLIMIT_NOFILE, &old));
	ok(!exists("deep"), "it is gone");
	ok(job.entries == 20001, "entries are counted (%llu)", (unsigned long long)job.entries);
}

static void make_wide(const char *path, int count)
{
	char name[64];

	NEED(mkdir(path, 0755));
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s/%d", path, i);
		put_file(name, "");
	}
}

static void wide_and_cancelled(void)
{
	struct mica_job job = {.cancel = 1};

	make_wide("wide", 20000);
	ok_code(mica_remove("wide", &job, &err), -ECANCELED, &err, "a cancelled call stops");
	ok(exists("wide/19999"), "at once");
	job = (struct mica_job){0};
	ok_code(mica_remove("wide", &job, &err), 0, &err, "20,000 in one directory");
	ok(!exists("wide") && job.entries == 20001, "all are gone");
}

static void odd_names(void)
{
	const char *const names[] = {"-rf", "new\nline", "\xff\xfe", " ", "...", "~", "*", "a\\b", NULL};
	char path[300];

	NEED(mkdir("odd", 0755));
	for (const char *const *name = names; *name; name++) {
		snprintf(path, sizeof(path), "odd/%s", *name);
		NEED(mkdir(path, 0));
		snprintf(path, sizeof(path), "odd/%s/%s", *name, *name);
		put_file(path, "");
	}
	ok_code(mica_remove("odd", NULL, &err), 0, &err, "odd names, locked directories");
	ok(!exists("odd"), "they are gone");
}

static void links_are_not_followed(void)
{
	NEED(mkdir("outside", 0755));
	put_file("outside/kept", "kept");
	NEED(mkdir("links", 0755));
	NEED(symlink("../outside", "links/dir"));
	NEED(symlink("/", "links/root"));
	NEED(link("outside/kept", "links/hard"));
	NEED(mknod("links/whiteout", S_IFCHR, 0));
	NEED(mkfifo("links/fifo", 0644));
	ok_code(mica_remove("links", NULL, &err), 0, &err, "links and nodes");
	NEED(symlink("outside", "link"));
	ok_code(mica_remove("link", NULL, &err), 0, &err, "a link itself");
	ok(!exists("links") && !exists("link") && file_is("outside/kept", "kept"), "what they led to is as it was");
}

static void mounts_are_not_entered(void)
{
	NEED(mkdir("holds", 0755));
	NEED(mkdir("holds/a", 0755));
	NEED(mkdir("holds/a/mount", 0755));
	NEED(mount("m", "holds/a/mount", "tmpfs", 0, NULL));
	put_file("holds/a/mount/kept", "kept");
	ok_code(mica_remove("holds", NULL, &err), -EBUSY, &err, "a mount below");
	ok(!strcmp(err.path, "holds/a/mount") && err.note[0], "is named: %s (%s)", err.path, err.note);
	ok_code(mica_remove("holds/a/mount", NULL, &err), -EBUSY, &err, "a mount itself");
	ok(file_is("holds/a/mount/kept", "kept"), "what is mounted is as it was");
	NEED(mount("holds/a", "holds/a", NULL, MS_BIND, NULL));
	ok_code(mica_remove("holds", NULL, &err), -EBUSY, &err, "a bind mount of the same file system");
	NEED(umount2("holds/a", 0));
	NEED(umount2("holds/a/mount", 0));
	ok_code(mica_remove("holds", NULL, &err), 0, &err, "unmounted, it goes");
}

static bool set_flags(const char *path, int flags)
{
	int fd, done;

	NEED(fd = open(path, O_RDONLY));
	done = ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	return !done;
}

static int flags_of(const char *path)
{
	int fd, flags;

	NEED(fd = open(path, O_RDONLY));
	NEED(ioctl(fd, FS_IOC_GETFLAGS, &flags));
	close(fd);
	return flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
}

static void what_is_protected(void)
{
	NEED(mkdir("kept", 0755));
	NEED(mkdir("kept/dir", 0755));
	put_file("kept/dir/file", "a");
	put_file("kept/append", "b");
	NEED(link("kept/dir/file", "other"));
	if (!set_flags("kept/append", FS_APPEND_FL)) {
		ok(true, "protected entries # SKIP tmpfs has no such flags before Linux 6.6");
		NEED(mica_remove("kept", NULL, &err));
		return;
	}
	ok(set_flags("kept/dir/file", FS_IMMUTABLE_FL) && set_flags("kept/dir", FS_IMMUTABLE_FL) &&
		   set_flags("kept", FS_APPEND_FL),
	   "protected");
	ok_code(mica_remove("kept", NULL, &err), -EPERM, &err, "what is protected stays");
	ok(exists("kept/append") && exists("kept/dir/file"), "all of it");
	ok_code(mica_discard("kept", NULL, &err), 0, &err, "what is Mica's own goes");
	ok(!exists("kept") && file_is("other", "a"), "but not the other name of a file");
	ok(flags_of("other") == FS_IMMUTABLE_FL, "which is as it was");
	ok_code(mica_discard("other", NULL, &err), 0, &err, "a single file");
	ok_code(mica_discard("nowhere", NULL, &err), 0, &err, "absent is fine");
}

static void absent(void)
{
	put_file("file", "");
	ok_code(mica_remove("nowhere", NULL, &err), 0, &err, "absent is fine");
	ok_code(mica_remove("nowhere/at/all", NULL, &err), 0, &err, "an absent parent is fine");
	ok(!err.code && !err.step[0], "and leaves no error");
	ok(mica_remove("file/below", NULL, &err) == -ENOTDIR && err.code == -ENOTDIR, "below a file is an error");
	ok(mica_remove("/", NULL, &err) < 0 && mica_remove(".", NULL, &err) < 0 && mica_remove("..", NULL, &err) < 0,
	   "what has no name of its own is refused");
	ok(mica_remove("", NULL, &err) < 0, "so is the empty path");
	ok_code(mica_remove("file", NULL, NULL), 0, &err, "a file");
}

static void read_only(void)
{
	NEED(mkdir("ro", 0755));
	NEED(mount("ro", "ro", "tmpfs", 0, NULL));
	NEED(mkdir("ro/dir", 0755));
	put_file("ro/dir/file", "");
	NEED(mount(NULL, "ro", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	ok_code(mica_remove("ro/dir", NULL, &err), -EROFS, &err, "a read-only file system");
	ok(!strncmp(err.path, "ro/dir", 6) && exists("ro/dir/file"), "is named and as it was");
	NEED(umount2("ro", 0));
}

/* Runs the test as nobody; it returns 0 or the number of what went wrong. */
static void as_nobody(int (*test)(void), const char *name)
{
	int status;
	pid_t pid;

	fflush(stdout);
	NEED(pid = fork());
	if (!pid)
		_exit(setgid(65534) || setuid(65534) ? 99 : test());
	NEED(waitpid(pid, &status, 0));
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "%s (%d)", name, WEXITSTATUS(status));
}

static int locked_inside(void)
{
	if (mkdir("own/dir", 0700) || mkdir("own/dir/in", 0700) || mkdir("own/dir/in/er", 0700) ||
	    chmod("own/dir/in/er", 0) || chmod("own/dir/in", 0500) || chmod("own/dir", 0))
		return 1;
	return mica_remove("own/dir", NULL, &err) ? 2 : exists("own/dir") ? 3 : 0;
}

static int locked_outside(void)
{
	struct stat st;

	if (mkdir("own/parent", 0700) || mkdir("own/parent/dir", 0700) || chmod("own/parent", 0555))
		return 1;
	if (mica_remove("own/parent/dir", NULL, &err) != -EACCES)
		return 2;
	if (stat("own/parent", &st) || (st.st_mode & 07777) != 0555)
		return 3;
	return exists("own/parent/dir") ? 0 : 4;
}

static int of_another(void)
{
	return mica_remove("outside", NULL, &err) >= 0 ? 1 : exists("outside/kept") ? 0 : 2;
}

int main(void)
{
	enter_sandbox();
	deep();
	wide_and_cancelled();
	odd_names();
	links_are_not_followed();
	mounts_are_not_entered();
	what_is_protected();
	absent();
	read_only();
	NEED(mkdir("own", 0755));
	NEED(chown("own", 65534, 65534));
	as_nobody(locked_inside, "an owner's locked directories are opened");
	as_nobody(locked_outside, "but not the one that what is removed lies in");
	as_nobody(of_another, "another's folder is refused and kept");
	return done();
}
