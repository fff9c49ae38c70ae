/* From upper to lower: whatever the tree's shape and however many threads, each flag becomes the entry's own. */
#include "tap.h"

#include <dirent.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>

#include "flags.h"
#include "protect.h"

enum { DIRECTORIES = 400, FILES = 6 };
#define ATTR "trusted.overlay.protattr"

static struct mica_error err;

static uint8_t flags_at(const char *path)
{
	struct statx stx;

	NEED(statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx));
	return flags_of(&stx);
}

/* Directory number i lies in one of those before it. */
static void make_tree(const char *root, char (*paths)[512], unsigned *seed)
{
	char name[600];

	NEED(mkdir(root, 0755));
	snprintf(paths[0], sizeof(*paths), "%s", root);
	for (int i = 1; i < DIRECTORIES; i++) {
		const char *above = paths[i % 7 ? (rand_r(seed) % i) : 0];

		snprintf(paths[i], sizeof(*paths), "%.480s/d%d", strlen(above) > 400 ? root : above, i);
		NEED(mkdir(paths[i], 0755));
		for (int k = 0; k < FILES; k++) {
			snprintf(name, sizeof(name), "%s/f%d", paths[i], k);
			put_file(name, "");
		}
		snprintf(name, sizeof(name), "%s/link", paths[i]);
		NEED(symlink("f0", name));
	}
}

/* What each path is to have: none, or those that its attribute names. */
static uint8_t protect_some(const char *path, unsigned *seed)
{
	static const char *const texts[] = {"i", "a", "ia"};
	int which = rand_r(seed) % 12;

	if (which > 2)
		return 0;
	NEED(setxattr(path, ATTR, texts[which], strlen(texts[which]), 0));
	return flags_of_text(texts[which]);
}

static void random_tree(unsigned seed, uint32_t threads)
{
	static char paths[DIRECTORIES][512];
	static uint8_t want[DIRECTORIES][FILES + 1];
	struct mica_job job = {.threads = threads};
	uint64_t count, flagged = 0;
	char name[600];
	int wrong = 0;
	unsigned state = seed;

	make_tree("tree", paths, &state);
	for (int i = 1; i < DIRECTORIES; i++)
		for (int k = 0; k <= FILES; k++) {
			snprintf(name, sizeof(name), k < FILES ? "%s/f%d" : "%s", paths[i], k);
			want[i][k] = protect_some(name, &state);
			flagged += want[i][k] != 0;
		}
	NEED(setxattr("tree", ATTR, "i", 1, 0));
	for (int again = 0; again < 2; again++) {
		ok_code(mica_protect_layer("tree", 0, &count, &job, &err), 0, &err, "seed %u, %u threads, time %d",
			seed, threads, again + 1);
		ok(count == flagged, "%llu of %llu have flags", (unsigned long long)count, (unsigned long long)flagged);
	}
	for (int i = 1; i < DIRECTORIES; i++)
		for (int k = 0; k <= FILES; k++) {
			snprintf(name, sizeof(name), k < FILES ? "%s/f%d" : "%s", paths[i], k);
			wrong += flags_at(name) != want[i][k];
		}
	ok(!wrong, "each entry has its own flags (%d have others)", wrong);
	ok(!flags_at("tree"), "the root is left as it is");
	ok(job.entries >= 2ull * (DIRECTORIES - 1) * (FILES + 2), "entries are counted (%llu)",
	   (unsigned long long)job.entries);
	for (int again = 0; again < 2; again++)
		ok_code(mica_unprotect_layer("tree", 0, &job, &err), 0, &err, "taken back, time %d", again + 1);
	ok_code(mica_remove("tree", NULL, &err), 0, &err, "nothing is protected any more");
}

static void deep(void)
{
	struct rlimit old, few = {32, 32};
	char name[101];
	uint64_t count;
	int at, next;

	memset(name, 'd', 100);
	name[100] = '\0';
	NEED(mkdir("deep", 0755));
	NEED(at = open("deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	for (int i = 0; i < 1000; i++) {
		NEED(mkdirat(at, name, 0755));
		NEED(next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
		close(at);
		at = next;
	}
	NEED(fsetxattr(at, ATTR, "i", 1, 0));
	NEED(getrlimit(RLIMIT_NOFILE, &old));
	few.rlim_max = old.rlim_max;
	NEED(setrlimit(RLIMIT_NOFILE, &few));
	ok_code(mica_protect_layer("deep", 0, &count, NULL, &err), 0, &err, "1,000 deep with 32 descriptors");
	NEED(setrlimit(RLIMIT_NOFILE, &old));
	ok(count == 1 && mkdirat(at, "x", 0755) < 0 && errno == EPERM, "the deepest is immutable");
	close(at);
	ok_code(mica_discard("deep", NULL, &err), 0, &err, "and it can be removed");
}

static void failing(void)
{
	struct mica_job cancelled = {.cancel = 1};

	NEED(mkdir("one", 0755));
	ok_code(mica_protect_layer("one", 0, NULL, &cancelled, &err), -ECANCELED, &err, "cancelled");
	ok_code(mica_protect_layer("none", 0, NULL, NULL, &err), -ENOENT, &err, "no such layer");
	ok(!strcmp(err.path, "none"), "it is named");
	NEED(rmdir("one"));
}

/* Stands in front of the C library's, so that a tree changes when its root has been read and nothing below. */
static _Atomic(void (*)(void)) after_root;

ssize_t getdents64(int fd, void *buf, size_t len)
{
	ssize_t got = syscall(SYS_getdents64, fd, buf, len);
	void (*change)(void) = atomic_exchange(&after_root, NULL);

	if (change)
		change();
	return got;
}

static void remove_it(void)
{
	NEED(rmdir("moving/d"));
}
static void move_it(void)
{
	NEED(rename("moving/d", "moving/e"));
}
static void have_a_file(void)
{
	remove_it();
	put_file("moving/d", "");
}
static void have_a_link(void)
{
	remove_it();
	NEED(symlink("/", "moving/d"));
}
static void remove_the_root(void)
{
	remove_it();
	NEED(rmdir("moving"));
}

static const struct change {
	const char *what;
	void (*make)(void);
	errint_t otherwise; /* of a tree that stands still, where that cannot be */
} changes[] = {
	{"is removed", remove_it, -ENOENT},
	{"is moved", move_it, -ENOENT},
	{"becomes a file", have_a_file, -ENOTDIR},
	{"becomes a link", have_a_link, -ELOOP},
	{"goes with the root", remove_the_root, -ENOENT},
};

/* An upper can be written while it is looked through; a layer cannot. */
static void directory_goes(const struct change *c, enum protecting how)
{
	uint64_t count = 0;
	int root;

	NEED(mkdir("moving", 0755));
	NEED(mkdir("moving/d", 0755));
	NEED(root = open("moving", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	after_root = c->make;
	ok_code(protect_tree(root, 0, how, &count, NULL, &err), how == COUNT_PROTECTED ? 0 : c->otherwise, &err,
		"a directory %s %s", c->what, how == COUNT_PROTECTED ? "in an upper" : "in a layer");
	ok(!after_root && !count, "after its name was read");
	close(root);
	NEED(mica_remove("moving", NULL, &err));
}

int main(void)
{
	int fd, raw;

	enter_sandbox();
	put_file("asked", "");
	NEED(fd = open("asked", O_RDONLY | O_CLOEXEC));
	if (flags_get(fd, &raw) || setxattr("asked", ATTR, "i", 1, 0))
		skip_all("a tmpfs without flags or trusted attributes");
	close(fd);
	for (uint32_t threads = 1; threads <= 8; threads *= 2)
		random_tree((unsigned)time(NULL) + threads, threads);
	deep();
	failing();
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		directory_goes(&changes[i], COUNT_PROTECTED);
		directory_goes(&changes[i], PROTECT);
	}
	return done();
}
