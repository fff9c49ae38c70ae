/* mica_copy: one file with all that it is, and what it refuses. */
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "trees.h"

static struct mica_error err;

static void a_file(void)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = -2, .tv_nsec = 123456789}};
	struct mica_job job = {0};
	struct stat st;
	char value[8];
	int fd;

	NEED(fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	NEED(ftruncate(fd, 1 << 20));
	if (pwrite(fd, "end", 3, 1 << 20) != 3)
		bail("file");
	NEED(fchown(fd, 12, 34));
	NEED(fchmod(fd, 04751));
	NEED(setxattr("file", "trusted.mica", "x", 1, 0));
	NEED(futimens(fd, times));
	ok_code(mica_copy("file", "./copy", 0, &job, &err), 0, &err, "a file");
	close(fd);
	NEED(stat("copy", &st));
	ok(st.st_size == (1 << 20) + 3 && st.st_blocks < 100, "with its hole: %lld blocks", (long long)st.st_blocks);
	ok(st.st_uid == 12 && st.st_gid == 34 && st.st_mode == (S_IFREG | 04751), "owner and mode: %o", st.st_mode);
	ok(st.st_mtim.tv_sec == -2 && st.st_mtim.tv_nsec == 123456789, "a time before 1970");
	ok(getxattr("copy", "trusted.mica", value, sizeof(value)) == 1, "attributes");
	NEED(fd = open("copy", O_RDONLY | O_CLOEXEC));
	ok(pread(fd, value, 3, 1 << 20) == 3 && !memcmp(value, "end", 3), "and bytes");
	ok(lseek(fd, 0, SEEK_DATA) > 0, "behind the hole");
	close(fd);
	ok(job.bytes > 0 && job.bytes < 1 << 20, "only they are counted: %llu", (unsigned long long)job.bytes);
}

static void others(void)
{
	struct stat st;
	char target[16];

	NEED(symlink("nowhere", "link"));
	NEED(mkfifo("fifo", 0640));
	NEED(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
	ok_code(mica_copy("link", "link2", 0, NULL, &err), 0, &err, "a symbolic link");
	ok(readlink("link2", target, sizeof(target)) == 7 && !memcmp(target, "nowhere", 7), "is not followed");
	ok_code(mica_copy("fifo", "fifo2", 0, NULL, &err), 0, &err, "a pipe is not waited for");
	ok(!lstat("fifo2", &st) && S_ISFIFO(st.st_mode), "and is one");
	ok_code(mica_copy("null", "null2", 0, NULL, &err), 0, &err, "a device");
	ok(!lstat("null2", &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3), "is the same");
}

static void refused(void)
{
	static const struct {
		const char *from, *to;
		errint_t code;
		const char *path;
	} cases[] = {
		{"dir", "x", -EISDIR, "dir"},	       {"none", "x", -ENOENT, "none"},
		{"file", "dir", -EEXIST, "dir"},       {"file", "link", -EEXIST, "link"},
		{"file", "file", -EEXIST, "file"},     {"file", "no/x", -ENOENT, "no/"},
		{"file", "file/x", -ENOTDIR, "file/"}, {"file", "x/..", -EINVAL, "x/.."},
	};

	NEED(mkdir("dir", 0755));
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ok_code(mica_copy(cases[i].from, cases[i].to, 0, NULL, &err), cases[i].code, &err, "%s to %s",
			cases[i].from, cases[i].to);
		ok(!strcmp(err.path, cases[i].path), "names %s", err.path);
		ok(!exists("x"), "and leaves nothing");
	}
	ok_code(mica_copy("file", "x", MICA_SYNC, NULL, &err), -EINVAL, &err, "an unknown flag");
	ok_code(mica_copy("file", "x", MICA_REFLINK_ONLY, NULL, &err), -EOPNOTSUPP, &err, "tmpfs has no reflinks");
	ok(!exists("x"), "nothing is left of the try");
	ok_code(mica_copy("file", "x", 0, &(struct mica_job){.cancel = 1}, &err), -ECANCELED, &err, "a cancelled one");
	ok(!exists("x"), "nor of that");
}

/* Bytes only, over what is there: as a guest's memory is saved, and filled again. */
static void bytes(void)
{
	char value[4] = "";
	struct stat st;
	int fd;

	NEED(fd = open("sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
	NEED(ftruncate(fd, 3 << 20));
	if (pwrite(fd, "abc", 3, 1 << 20) != 3)
		bail("sparse");
	close(fd);
	ok_code(mica_copy_data("sparse", "bytes", &err), 0, &err, "into a new file");
	NEED(stat("bytes", &st));
	ok(st.st_size == 3 << 20 && st.st_blocks < 100, "holes and all: %lld blocks", (long long)st.st_blocks);
	NEED(fd = open("bytes", O_RDWR | O_CLOEXEC));
	if (pwrite(fd, "xyz", 3, 2 << 20) != 3)
		bail("bytes");
	ok_code(mica_copy_data("sparse", "/dev/null", &err), -EINVAL, &err, "not into a device");
	ok_code(mica_copy_data("sparse", "bytes", &err), 0, &err, "over a file");
	ok(pread(fd, value, 3, 1 << 20) == 3 && !memcmp(value, "abc", 3), "what it has is there");
	ok(pread(fd, value, 3, 2 << 20) == 3 && !memcmp(value, "xyz", 3), "where it has nothing, the old bytes are");
	close(fd);
	ok_code(mica_copy_data("nothing", "bytes", &err), -ENOENT, &err, "nothing of nothing");
	ok(!strcmp(err.path, "nothing"), "names %s", err.path);
	ok_code(mica_copy_data("sparse", ".", &err), -EISDIR, &err, "not into a directory");
}

int main(void)
{
	enter_sandbox();
	a_file();
	others();
	bytes();
	refused();
	return done();
}
