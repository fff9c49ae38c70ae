/*
 * Files below a directory that is open. in/ is the directory, out/ is not below it. Whatever was planted in in/, and
 * whatever changes there at the same time, out/ is never read and never changed.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/sysmacros.h>

#include "tap.h"

static struct mica_error err;
static int in;

static int below(const char *path, uint32_t how)
{
	return mica_below_open(in, path, how, 0644, &err);
}

static bool reads(const char *path, const char *text)
{
	char got[64] = "";
	int fd = below(path, MICA_OPEN_READ);
	int64_t len = fd < 0 ? fd : mica_file_read(fd, got, sizeof(got) - 1, 0, &err);

	if (fd >= 0)
		close(fd);
	return len >= 0 && !strcmp(got, text);
}

static errint_t writes(const char *path, uint32_t how, const char *text)
{
	int fd = below(path, MICA_OPEN_WRITE | how);
	errint_t code = fd < 0 ? fd : mica_file_write(fd, text, strlen(text), 0, &err);

	if (fd >= 0)
		close(fd);
	return code;
}

/* Opens an entry for a moment; 0 or why not. */
static errint_t finds(const char *path, uint32_t how)
{
	int fd = below(path, MICA_OPEN_ENTRY | how);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

static void plant(void)
{
	NEED(mkdir("in", 0755));
	NEED(mkdir("in/dir", 0755));
	NEED(mkdir("in/dir/deep", 0755));
	NEED(mkdir("out", 0755));
	put_file("in/file", "inside");
	put_file("in/dir/file", "deeper");
	put_file("out/secret", "outside");
	NEED(symlink("dir", "in/stays"));
	NEED(symlink("deep/../../file", "in/dir/up"));
	NEED(symlink("/tmp/out", "in/absolute"));
	NEED(symlink("/tmp/in/dir", "in/absolute-inside"));
	NEED(symlink("../out", "in/dotdot"));
	NEED(symlink("dir/first", "in/chain"));
	NEED(symlink("second", "in/dir/first"));
	NEED(symlink("../../out", "in/dir/second"));
	NEED(symlink("../out/secret", "in/to-file"));
	NEED(symlink("../out/new", "in/dangling"));
	NEED(symlink("/proc/self/cwd/out", "in/magic"));
	in = mica_open_directory("in", &(struct mica_identity){0}, &err);
	NEED(in);
}

static bool out_is_untouched(void)
{
	struct stat st;

	NEED(stat("out/secret", &st));
	return file_is("out/secret", "outside") && (st.st_mode & 07777) == 0644 && st.st_nlink == 1 &&
	       !exists("out/new");
}

/* Each function by a path that leads out is refused, and says why. */
static void leads_out(const char *dir)
{
	char path[64];
	const struct {
		const char *what;
		errint_t code;
	} tried[] = {
		{"stat", (snprintf(path, sizeof(path), "%s/secret", dir), finds(path, 0))},
		{"stat of the link's own target", finds(dir, 0)},
		{"read", below(path, MICA_OPEN_READ)},
		{"write", writes(path, MICA_OPEN_TRUNCATE, "x")},
		{"list", below(dir, MICA_OPEN_LIST)},
		{"remove", mica_below_remove(in, path, 0, &err)},
		{"rename from there", mica_below_rename(in, path, in, "taken", 0, &err)},
		{"rename to there", mica_below_rename(in, "file", in, path, 1, &err)},
		{"link from there", mica_below_link(in, path, in, "taken", &err)},
		{"create", (snprintf(path, sizeof(path), "%s/new", dir), writes(path, MICA_OPEN_CREATE, "x"))},
		{"create exclusively", writes(path, MICA_OPEN_CREATE | MICA_OPEN_EXCLUSIVE, "x")},
		{"make a directory", mica_below_make_directory(in, path, 0755, &err)},
		{"make a symlink", mica_below_make_link(in, path, "x", &err)},
		{"link to there", mica_below_link(in, "file", in, path, &err)},
	};

	for (size_t i = 0; i < sizeof(tried) / sizeof(*tried); i++)
		ok(tried[i].code == -EXDEV, "%s by %s is refused (%d)", tried[i].what, dir, tried[i].code);
	ok(err.code == -EXDEV && !strcmp(err.step, "follow") && strstr(err.note, "leads out"), "by %s: says so: %s",
	   dir, err.note);
	ok(out_is_untouched() && file_is("in/file", "inside") && !exists("in/taken"), "by %s: nothing is changed", dir);
}

/* What they lead to may lie in mounts that somebody else has made. */
static void directories(void)
{
	struct mica_identity is;
	char path[64];
	int fd;

	ok_code(mica_open_directory("/proc/self/cwd/in", &is, &err), -ELOOP, &err, "a directory by a link of /proc");
	ok_code(mica_open_directory("/proc/self/root", &is, &err), -ENOTDIR, &err, "a link of /proc itself");
	snprintf(path, sizeof(path), "/proc/self/fd/%d/dir/deep", in);
	fd = mica_open_directory(path, &is, &err);
	ok(fd >= 0, "but below a descriptor one is opened");
	NEED(close(fd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d/./", in);
	fd = mica_open_directory(path, &is, &err);
	ok(fd >= 0, "and the one of the descriptor");
	NEED(close(fd));
}

static void links(void)
{
	ok(reads("file", "inside") && reads("stays/file", "deeper") && reads("dir/up", "inside"),
	   "symlinks that stay inside are followed");
	ok_code(finds("..", 0), -EXDEV, &err, "the directory above");
	ok_code(finds("/tmp/out", 0), -EXDEV, &err, "an absolute path");
	ok_code(finds("absolute-inside", 0), -EXDEV, &err, "an absolute symlink, wherever it leads");
	ok_code(below("to-file", MICA_OPEN_READ), -EXDEV, &err, "a symlink to a file");
	ok_code(writes("dangling", MICA_OPEN_CREATE, "x"), -EXDEV, &err, "one through which a file would be made");
	ok_code(finds("absolute", MICA_OPEN_NOFOLLOW), 0, &err, "the symlink itself can be looked at");
	for (const char *const *dir = (const char *const[]){"absolute", "dotdot", "chain", "magic", NULL}; *dir; dir++)
		leads_out(*dir);
	NEED(symlink("nothing", "in/nothing-yet"));
	ok_code(writes("nothing-yet", MICA_OPEN_CREATE, "x"), -EEXIST, &err, "no file is made through a symlink");
	ok_code(mica_below_remove(in, "absolute", 0, &err), 0, &err, "a symlink is removed itself");
	ok_code(mica_below_rename(in, "dotdot", in, "renamed", 0, &err), 0, &err, "or renamed");
	ok_code(mica_below_rename(in, "renamed", in, "dotdot", 0, &err), 0, &err, "and back");
	ok(out_is_untouched(), "and leads nowhere");
}

static void names(void)
{
	ok_code(writes("new", MICA_OPEN_CREATE | MICA_OPEN_EXCLUSIVE, "one"), 0, &err, "a file is made");
	ok_code(writes("new", MICA_OPEN_CREATE | MICA_OPEN_EXCLUSIVE, "two"), -EEXIST, &err, "but once");
	ok_code(writes("new", MICA_OPEN_CREATE | MICA_OPEN_TRUNCATE, "2"), 0, &err, "and written again");
	ok(file_is("in/new", "2"), "from its beginning");
	ok_code(writes("new", MICA_OPEN_APPEND, "3"), 0, &err, "or at its end");
	ok(file_is("in/new", "23"), "whatever the offset");
	ok_code(mica_below_make_directory(in, "stays/made", 0700, &err), 0, &err, "a directory is made");
	ok_code(mica_below_rename(in, "new", in, "dir/made/moved", 0, &err), 0, &err, "a file moved into it");
	ok_code(mica_below_rename(in, "file", in, "dir/made/moved", 0, &err), -EEXIST, &err, "nothing is replaced");
	ok_code(mica_below_remove(in, "dir/made", 1, &err), -ENOTEMPTY, &err,
		"it is not removed while there is a file");
	ok_code(mica_below_rename(in, "dir/made/moved", in, "dir/file", 1, &err), 0, &err, "unless one wants that");
	ok(file_is("in/dir/file", "23"), "then it is replaced");
	ok_code(mica_below_remove(in, "dir/made", 0, &err), -EISDIR, &err, "a directory is no file");
	ok_code(mica_below_remove(in, "dir/made", 1, &err), 0, &err, "an empty one goes");
	ok_code(mica_below_link(in, "file", in, "dir/second-name", &err), 0, &err, "a second name");
	ok_code(mica_below_remove(in, "file", 1, &err), -ENOTDIR, &err, "a file is no directory");
	ok_code(mica_below_remove(in, "dir/..", 1, &err), -EINVAL, &err, "no name at all: ..");
	ok_code(mica_below_remove(in, ".", 1, &err), -EINVAL, &err, "no name at all: .");
	ok_code(mica_below_rename(in, "none", in, "other", 0, &err), -ENOENT, &err, "what is not there");
}

static void kinds(void)
{
	struct mica_set set = {.what = MICA_SET_MODE | MICA_SET_NO_SET_ID, .mode = 04755};
	struct mica_stat is;
	struct mica_space space;
	char text[64] = "";
	int fd;

	NEED(mkfifo("in/fifo", 0644));
	NEED(mknod("in/device", S_IFCHR | 0644, makedev(1, 3)));
	ok_code(below("fifo", MICA_OPEN_READ), -EINVAL, &err, "a fifo is not waited for");
	ok_code(writes("device", 0, "x"), -EINVAL, &err, "a device is not opened");
	ok_code(below("dir", MICA_OPEN_READ), -EISDIR, &err, "nor a directory as a file");
	ok_code(finds("device", 0), 0, &err, "but looked at");
	fd = below("file", MICA_OPEN_ENTRY);
	NEED(fd);
	ok_code(mica_file_set(fd, &set, &err), -EPERM, &err, "no set-user-ID bit");
	set.mode = 0640;
	set.what |= MICA_SET_TIMES | MICA_SET_SIZE | MICA_SET_OWNER;
	set.size = 3;
	set.uid = set.gid = 7;
	set.atime = 5;
	set.mtime = -6;
	ok_code(mica_file_set(fd, &set, &err), 0, &err, "all at once");
	ok(!mica_file_stat(fd, &is, &err) && is.size == 3 && is.uid == 7 && is.gid == 7 && is.atime == 5 &&
		   is.mtime == -6 && is.mode == (S_IFREG | 0640) && is.nlink == 2,
	   "is done");
	ok(!mica_file_space(fd, &space, &err) && space.blocks && space.name_max == 255, "the space is known");
	ok_code(mica_file_link(fd, text, sizeof(text), &err), -EINVAL, &err, "a file is no symlink");
	close(fd);
	NEED(chmod("in/file", 04755));
	ok_code(writes("file", MICA_OPEN_NO_SET_ID, "x"), -EPERM, &err, "a program that sets its user is not written");
	set = (struct mica_set){.what = MICA_SET_SIZE | MICA_SET_NO_SET_ID};
	fd = below("file", MICA_OPEN_ENTRY);
	ok_code(mica_file_set(fd, &set, &err), -EPERM, &err, "nor resized");
	close(fd);
	fd = below("chain", MICA_OPEN_ENTRY | MICA_OPEN_NOFOLLOW);
	ok_code(mica_file_link(fd, text, sizeof(text), &err), 9, &err, "the text of a symlink");
	ok(!strcmp(text, "dir/first"), "as it is");
	set = (struct mica_set){.what = MICA_SET_OWNER | MICA_SET_TIMES, .uid = 9, .gid = 9, .mtime = 11};
	ok_code(mica_file_set(fd, &set, &err), 0, &err, "a symlink's own owner and times");
	ok(!mica_file_stat(fd, &is, &err) && is.uid == 9 && is.mtime == 11, "are set");
	set.what = MICA_SET_MODE;
	ok_code(mica_file_set(fd, &set, &err), -EOPNOTSUPP, &err, "it has no mode");
	close(fd);
}

/* All names once, in as many calls as they need, and a copy of one of the files. */
static void many(void)
{
	static _Alignas(8) uint8_t buf[MICA_LIST_ROOM];
	enum { MANY = 3000 };
	static bool seen[MANY];
	int fd, calls = 0, found = 0;
	int64_t got;

	NEED(mkdir("in/many", 0755));
	for (int i = 0; i < MANY; i++) {
		char name[32];

		snprintf(name, sizeof(name), "in/many/%d", i);
		put_file(name, "");
	}
	fd = below("many", MICA_OPEN_LIST);
	NEED(fd);
	while ((got = mica_file_list(fd, buf, sizeof(buf), &err)) > 0) {
		calls++;
		for (int64_t at = 0; at < got;) {
			const struct mica_name *name = (const void *)(buf + at);
			char text[32] = "";
			int number;

			memcpy(text, name->name, name->name_len);
			number = atoi(text);
			found += !seen[number] && S_ISREG(name->is.mode);
			seen[number] = true;
			at += name->record_len;
		}
	}
	ok(!got && found == MANY && calls > 1, "%d names in %d calls", found, calls);
	ok_code(mica_file_list(fd, buf, 100, &err), -EMSGSIZE, &err, "too little room is said");
	close(fd);
}

static void copies(void)
{
	int from = below("dir/file", MICA_OPEN_READ), to = below("copy", MICA_OPEN_WRITE | MICA_OPEN_CREATE);

	NEED(from);
	NEED(to);
	ok_code(mica_file_copy(from, 1, to, 0, 100, &err), 1, &err, "a part is copied");
	ok_code(mica_file_copy(from, 2, to, 1, 100, &err), 0, &err, "until the end");
	ok_code(mica_file_sync(to, &err), 0, &err, "and flushed");
	ok(file_is("in/copy", "3"), "it is there");
	close(from);
	close(to);
}

static atomic_bool over;

/* in/swap is a directory, and in the next moment a symlink that leads out. */
static void *swap(void *none)
{
	while (!atomic_load(&over))
		NEED(renameat2(AT_FDCWD, "in/swap", AT_FDCWD, "in/swapped", RENAME_EXCHANGE));
	return none;
}

static void racing(void)
{
	enum { TIMES = 4000, MOST = 1000 * TIMES };
	pthread_t racer;
	int inside = 0, refused = 0, outside = 0, looks = 0;

	NEED(mkdir("in/swap", 0755));
	put_file("in/swap/secret", "inside");
	NEED(symlink("../out", "in/swapped"));
	NEED(pthread_create(&racer, NULL, swap, NULL));
	/* A busy machine may let the other thread wait for long. */
	for (; looks < TIMES || ((!inside || !refused) && looks < MOST); looks++) {
		if (reads("swap/secret", "inside"))
			inside++;
		else if (err.code == -EXDEV)
			refused++;
		else
			outside++;
		writes("swap/new", MICA_OPEN_CREATE, "x");
		mica_below_link(in, "copy", in, "swap/other", &err);
		mica_below_rename(in, "swap/other", in, "swap/new", 1, &err);
		mica_below_make_directory(in, "swap/new-dir", 0755, &err);
		mica_below_remove(in, "swap/new", 0, &err);
		finds("swap/new", 0);
	}
	atomic_store(&over, true);
	pthread_join(racer, NULL);
	ok(inside + refused == looks && !outside, "of %d looks %d were inside, %d refused", looks, inside, refused);
	ok(inside && refused, "and both happened");
	ok(out_is_untouched() && !exists("out/new-dir") && !exists("out/other"), "nothing was changed outside");
}

int main(void)
{
	enter_sandbox();
	umask(022);
	plant();
	directories();
	links();
	names();
	kinds();
	many();
	copies();
	racing();
	close(in);
	return done();
}
