/* What a probe finds on file systems that differ, and that it leaves no trace. */
#include "tap.h"

#include "mount.h"
#include "scratch.h"

#include <dirent.h>
#include <sys/wait.h>

#define BASE                                                                                                           \
	(MICA_CAN_TRUSTED_XATTR | MICA_CAN_USER_XATTR | MICA_CAN_WHITEOUT | MICA_CAN_RENAME_WHITEOUT |                 \
	 MICA_CAN_TMPFILE | MICA_CAN_HARDLINK | MICA_CAN_NANOSECONDS | MICA_CAN_CASE | MICA_CAN_ACL |                  \
	 MICA_CAN_OVERLAY | MICA_CAN_OVERLAY_USER)
#define ALL (BASE | MICA_CAN_REFLINK)

static int count_names(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		bail(path);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static bool same_time(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void expect(const char *name, const char *dir, uint32_t must, uint32_t never)
{
	int names = count_names(dir), fds = count_names("/proc/self/fd");
	int64_t mounts = mica_mounts(NULL, 0, NULL);
	struct stat before, after;
	struct mica_error err;
	uint32_t can = ~0u;

	NEED(stat(dir, &before));
	ok_code(mica_probe(dir, &can, &err), 0, &err, "%s: probe", name);
	ok((can & must) == must && !(can & never), "%s: can %#x (must %#x, never %#x)", name, can, must, never);
	NEED(stat(dir, &after));
	ok(count_names(dir) == names && same_time(&before, &after), "%s: the folder is as before", name);
	ok(mica_mounts(NULL, 0, NULL) == mounts && count_names("/proc/self/fd") == fds,
	   "%s: nothing left mounted or open", name);
}

/* A file system of its own on a loop device, which goes with its mount. */
static bool mount_image(const char *make)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "rm -f image; truncate -s 320M image && %s image >mkfs.log 2>&1 && mkdir -p at && "
		 "mount -o loop image at 2>>mkfs.log",
		 make);
	return system(command) == 0;
}

static void images(void)
{
	static const struct {
		const char *make;
		uint32_t must, never;
	} table[] = {
		{"mkfs.ext4 -q -I 256", BASE, MICA_CAN_REFLINK},
		{"mkfs.ext4 -q -I 128", BASE & ~MICA_CAN_NANOSECONDS, MICA_CAN_REFLINK | MICA_CAN_NANOSECONDS},
		{"mkfs.xfs -q -m reflink=1", ALL, 0},
		{"mkfs.xfs -q -m reflink=0", BASE, MICA_CAN_REFLINK},
		{"mkfs.btrfs -q", ALL, 0},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		if (!mount_image(table[i].make)) {
			skip(table[i].make, "cannot be made or mounted");
			continue;
		}
		expect(table[i].make, "at", table[i].must, table[i].never);
		NEED(umount2("at", 0));
	}
}

/* As nobody, in a folder of nobody's: what needs privilege is not there, what does not is. */
static void unprivileged(void)
{
	int status;

	NEED(mkdir("theirs", 0755));
	NEED(chown("theirs", 65534, 65534));
	fflush(stdout);
	pid_t pid = fork();
	NEED(pid);
	if (!pid) {
		uint32_t can = 0;
		if (setgid(65534) || setuid(65534) || mica_probe("theirs", &can, NULL))
			_exit(1);
		_exit(can & (MICA_CAN_TRUSTED_XATTR | MICA_CAN_OVERLAY | MICA_CAN_OVERLAY_USER) ? 2
		      : ~can & (MICA_CAN_HARDLINK | MICA_CAN_CASE | MICA_CAN_ACL)		? 3
												: 0);
	}
	NEED(waitpid(pid, &status, 0));
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "without privilege fewer bits, no failure (%d)",
	   WEXITSTATUS(status));
	ok(count_names("theirs") == 2, "and nothing left");
}

static void failing(void)
{
	struct mica_error err;
	uint32_t can = 1;

	ok_code(mica_probe("nowhere", &can, &err), -ENOENT, &err, "no such folder");
	ok(!can && !strcmp(err.path, "nowhere"), "the error names it");
	put_file("file", "");
	ok_code(mica_probe("file", &can, &err), -ENOTDIR, &err, "not a folder");
	NEED(mkdir("small", 0755));
	NEED(mount("small", "small", "tmpfs", 0, "size=16k"));
	ok_code(mica_probe("small", &can, &err), -ENOSPC, &err, "a full disk is a failure, not a lack of bits");
	ok(!can && count_names("small") == 2, "and nothing left");
	NEED(mount(NULL, "small", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	ok_code(mica_probe("small", &can, &err), -EROFS, &err, "read-only");
	ok(!strcmp(err.path, "small") && err.note[0], "the error says why it writes at all");
}

static void on_overlay(void)
{
	const char *lowers[] = {"low"};
	struct mica_overlay o = {lowers, 1, 0, "up", "work", "union", "x"};
	struct mica_error err;

	for (const char *const *name = (const char *const[]){"low", "up", "work", "union", NULL}; *name; name++)
		NEED(mkdir(*name, 0755));
	ok_code(mica_overlay_mount(&o, &err), 0, &err, "an overlay to look at");
	expect("overlay", "union", MICA_CAN_TRUSTED_XATTR | MICA_CAN_USER_XATTR | MICA_CAN_HARDLINK | MICA_CAN_CASE,
	       MICA_CAN_WHITEOUT);
	NEED(umount2("union", 0));
}

static void only_some(void)
{
	struct mica_error err;
	uint32_t can;

	ok_code(mica_probe_for("plain", MICA_CAN_WHITEOUT | MICA_CAN_CASE, &can, &err), 0, &err, "asked for two");
	ok(can == (MICA_CAN_WHITEOUT | MICA_CAN_CASE), "the others were not tried");
}

#define LEFT ".mica-probe-00000000000000a"

static void put_left(const char *name, const char *inside)
{
	char path[128];

	NEED(mkdir(name, 0700));
	if (!inside)
		return;
	snprintf(path, sizeof(path), "%s/%s", name, inside);
	put_file(path, "precious");
}

static void probe_here(void)
{
	struct mica_error err;
	uint32_t can;

	ok_code(mica_probe_for(".", MICA_CAN_CASE, &can, &err), 0, &err, "a probe beside it");
}

/* Makes one and ends without cleaning up, as one who is killed. */
static void die_with_one(void)
{
	int status, dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	char name[SCRATCH_NAME];
	pid_t pid = fork();

	NEED(dir);
	NEED(pid);
	if (!pid) {
		if (scratch_make(dir, name, &fd) || mkdirat(fd, "at", 0700) || mkdirat(fd, "overlay", 0700) ||
		    fchdir(fd) || mount("left", "at", "tmpfs", 0, ""))
			_exit(1);
		_exit(0);
	}
	close(dir);
	NEED(waitpid(pid, &status, 0));
	ok(!status && count_names(".") == 3, "one was left behind");
}

static void left_behind(void)
{
	int64_t mounts = mica_mounts(NULL, 0, NULL);
	char name[SCRATCH_NAME];
	int dir, fd;

	NEED(mkdir("left", 0755));
	NEED(chdir("left"));
	die_with_one();
	probe_here();
	ok(count_names(".") == 2 && mica_mounts(NULL, 0, NULL) == mounts, "it is gone, and what was mounted in it");
	NEED(mkdir(LEFT "0", 0700));
	probe_here();
	ok(!exists(LEFT "0"), "so is one that was made and no more");
	NEED(chmod(".", 02755));
	put_left(LEFT "0", "mica");
	probe_here();
	ok(!exists(LEFT "0"), "so is one in a set-group-id folder");
	NEED(chmod(".", 0755));

	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(dir);
	NEED(scratch_make(dir, name, &fd));
	probe_here();
	ok(exists(name), "one that is being used stays");
	close(fd);

	put_left(LEFT "1", "precious");
	put_left(LEFT "2", "mica");
	NEED(chown(LEFT "2", 65534, 65534));
	put_left(LEFT "3", "mica");
	NEED(chmod(LEFT "3", 0755));
	put_left("victim", "mica");
	NEED(symlink("victim", LEFT "4"));
	put_left(LEFT "x", "mica");
	probe_here();
	ok(exists(LEFT "1/precious"), "what has no mark stays");
	ok(exists(LEFT "2/mica"), "somebody else's stays");
	ok(exists(LEFT "3/mica"), "what others can enter stays");
	ok(exists(LEFT "4") && exists("victim/mica"), "a symlink is not followed");
	ok(exists(LEFT "x/mica"), "nor anything of another name");
	ok(!exists(name), "what is used no more is gone");
	close(dir);
	NEED(chdir(".."));
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("plain", 0755));
	expect("tmpfs", "plain", BASE, MICA_CAN_REFLINK);
	NEED(mkdir("odd\n:,\\ name", 0755));
	expect("an odd name", "odd\n:,\\ name", BASE, MICA_CAN_REFLINK);
	only_some();
	left_behind();
	images();
	unprivileged();
	on_overlay();
	failing();
	return done();
}
