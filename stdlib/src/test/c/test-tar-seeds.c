/*
 * Random layers, to a tar and back: the same bytes again, and over a folder the same tree. The seeds are always the
 * same ones; MICA_SEEDS says how many, MICA_FIRST_SEED where to begin.
 */
#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "trees.h"

enum { ENTRIES = 40 };

static uint64_t state;
static struct mica_error err;

static uint32_t rnd(uint32_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(state >> 33) % below;
}

static const char *pick_name(void)
{
	static const char *const names[] = {"a",	"b",	    "c",      "dir",   "with space", "new\nline",
					    "\xff\xfe", "\xc3\xa4", "back\\", "-dash", "trail.",     "a.b",
					    "wh.",	"..x",	    "=",      ".hid"};
	static char name[256];
	size_t len = 90 + rnd(160);

	if (rnd(8))
		return names[rnd(16)];
	memset(name, 'A' + (int)rnd(20), len);
	name[len] = '\0';
	return name;
}

static void set_xattrs(const char *path, bool user, bool node)
{
	char value[300];

	for (uint32_t n = rnd(3); n; n--) {
		static const char *const names[] = {"trusted.t", "trusted.\xff", "user.u",
						    "trusted.overlay.overlay.opaque", "user.overlay.opaque"};
		size_t len = 1 + rnd(sizeof(value) - 1);
		const char *name = names[rnd(node ? 2 : user ? 3 : 5)];

		memset(value, (int)rnd(256), len);
		if (lsetxattr(path, name, value, len, 0) < 0 && errno != EOPNOTSUPP)
			bail("setxattr");
	}
}

/* setuid and the like are the owner's. */
static void set_meta(const char *path, bool user)
{
	static const int64_t times[] = {0, 1, -1, -100000, 1700000000, 8589934591, 8589934592};
	struct timespec when[2] = {{0, UTIME_OMIT}, {times[rnd(7)], rnd(2) ? rnd(1000000000) : 0}};
	struct stat st;

	NEED(lstat(path, &st));
	NEED(lchown(path, rnd(3) ? 0 : rnd(5000000), rnd(3) ? 0 : 1000));
	set_xattrs(path, user, !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)); /* user.* is not for others */
	if (!S_ISLNK(st.st_mode))
		NEED(chmod(path, (S_ISDIR(st.st_mode) ? 0700 : 0400) | rnd(07777)));
	NEED(utimensat(AT_FDCWD, path, when, AT_SYMLINK_NOFOLLOW));
}

static void make_content(const char *path)
{
	static char bytes[100000];
	size_t len = rnd(4) ? rnd(2000) : rnd(sizeof(bytes));
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)rnd(30);
	NEED(fd);
	if (write(fd, bytes, len) != (ssize_t)len)
		bail(path);
	close(fd);
}

static void whiteout(const char *parent, const char *path, bool user)
{
	NEED(mknod(path, user ? S_IFREG | 0644 : S_IFCHR, 0));
	if (user) {
		NEED(setxattr(path, "user.overlay.whiteout", "y", 1, 0));
		NEED(setxattr(parent, "user.overlay.opaque", "x", 1, 0));
	}
}

/* What was made, so that it may be linked, or filled. */
struct things {
	char *path[ENTRIES + 1];
	bool directory[ENTRIES + 1], done[ENTRIES + 1];
	int count;
};

static void make_thing(struct things *things, const char *parent, bool user)
{
	char path[4000];
	int other = (int)rnd((uint32_t)things->count);
	bool directory = false;

	snprintf(path, sizeof(path), "%s/%s", parent, pick_name());
	if (exists(path) || strlen(path) > 3500)
		return;
	switch (rnd(9)) {
	case 0:
	case 1:
		NEED(mkdir(path, 0755));
		directory = true;
		break;
	case 2:
		NEED(symlink(rnd(2) ? "../target" : path, path));
		break;
	case 3:
		NEED(mknod(path, S_IFIFO | 0600, 0));
		break;
	case 4:
		NEED(mknod(path, (rnd(2) ? S_IFCHR : S_IFBLK) | 0600, makedev(1 + rnd(300), rnd(1000000))));
		break;
	case 5:
		whiteout(parent, path, user);
		return;
	case 6:
		if (!things->directory[other]) {
			NEED(link(things->path[other], path));
			return;
		}
		/* fall through */
	default:
		make_content(path);
	}
	things->path[things->count] = strdup(path);
	things->directory[things->count++] = directory;
}

static void make_layer(const char *root, bool user)
{
	struct things things = {.count = 1, .directory = {true}};

	NEED(mkdir(root, 0755));
	things.path[0] = strdup(root);
	for (int i = 0; i < ENTRIES && things.count < ENTRIES; i++) {
		int at = (int)rnd((uint32_t)things.count);

		if (things.directory[at])
			make_thing(&things, things.path[at], user);
	}
	for (int i = things.count; i--;) {
		char letter;
		const char *attr = user ? "user.overlay.opaque" : "trusted.overlay.opaque";

		if (i && things.directory[i] && !rnd(4) && lgetxattr(things.path[i], attr, &letter, 1) < 0)
			NEED(setxattr(things.path[i], attr, "y", 1, 0));
		set_meta(things.path[i], user);
		free(things.path[i]);
	}
}

static void base(void)
{
	make_wide_tree("base", 3, 3, false);
	put_file("base/a", "a");
	NEED(mkdir("base/dir", 0755));
	put_file("base/dir/a", "a");
	put_file("base/dir/b", "b");
	NEED(mkdir("base/c", 0755));
	NEED(mkdir("base/c/dir", 0755));
	put_file("base/c/dir/old", "b");
}

static void digest(const char *layer, bool user, uint8_t out[32])
{
	const char *layers[] = {layer, "base"};
	struct mica_tree tree = {layers, 2, MICA_TREE_OVERLAY, user ? MICA_TREE_USERXATTR : 0, 0};
	struct mica_totals totals;

	memset(out, 0, 32);
	if (mica_manifest(&tree, out, &totals, NULL, &err) < 0)
		printf("# manifest of %s: %s: %s: %s\n", layer, err.step, err.path, err.note);
}

static bool same_tar(const struct mica_tar *a, const struct mica_tar *b)
{
	return !memcmp(a->diff_id, b->diff_id, 32) && a->bytes == b->bytes && a->entries == b->entries;
}

/* What the seed's layer comes to; NULL: all is well. */
static const char *try(uint64_t seed, bool user)
{
	uint32_t flags = user ? MICA_LAYER_USERXATTR : 0, how;
	struct mica_tar wrote, read, again, threads;
	struct mica_job one = {.threads = 1};
	uint8_t before[32], after[32];

	state = seed * 2654435761u + user;
	make_layer("layer", user);
	how = rnd(3);
	if (mica_tar_write("layer", "tar", -1, how, flags, &wrote, NULL, NULL, &err) < 0)
		return "writing";
	if (mica_tar_write("layer", "tar1", -1, how, flags, &threads, NULL, &one, &err) < 0 ||
	    memcmp(wrote.digest, threads.digest, 32))
		return "one thread gives other bytes";
	if (mica_tar_read("tar", -1, "copy", NULL, flags, &read, NULL, NULL, &err) < 0)
		return "reading";
	if (!same_tar(&wrote, &read) || memcmp(wrote.digest, read.digest, 32) || wrote.packed != read.packed)
		return "reading says that it is another";
	if (mica_tar_write("copy", "tar2", -1, how, flags, &again, NULL, NULL, &err) < 0)
		return "writing again";
	if (!same_tar(&wrote, &again) || memcmp(wrote.digest, again.digest, 32))
		return "what was read gives another tar";
	digest("layer", user, before);
	digest("copy", user, after);
	return memcmp(before, after, 32) ? "the tree is another" : NULL;
}

static void sweep(void)
{
	static const char *const made[] = {"layer", "copy", "tar", "tar1", "tar2"};

	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		mica_remove(made[i], NULL, &err);
}

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	uint64_t first = number("MICA_FIRST_SEED", 1), count = number("MICA_SEEDS", 40), failed = 0;

	enter_sandbox();
	base();
	for (int user = 0; user < 2; user++) {
		if (user && lsetxattr("base", "user.a", "", 0, 0) < 0) {
			skip("layers in user.overlay.*", "no user.* attributes on tmpfs");
			break;
		}
		if (user)
			NEED(lremovexattr("base", "user.a"));
		for (uint64_t seed = first; seed < first + count; seed++) {
			const char *wrong = try(seed, user);

			if (wrong) {
				printf("# MICA_FIRST_SEED=%llu MICA_SEEDS=1%s: %s (%s: %s: %s)\n",
				       (unsigned long long)seed, user ? " (user)" : "", wrong, err.step, err.path,
				       err.note);
				failed++;
			}
			sweep();
		}
		ok(!failed, "%llu layers from seed %llu%s", (unsigned long long)count, (unsigned long long)first,
		   user ? ", in user.overlay.*" : "");
	}
	return done();
}
