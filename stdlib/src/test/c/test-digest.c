/* The manifest, and the check: the same of what is the same, another of anything else, and quick over holes of any
 * size. */
#include "hasher.h"
#include "trees.h"

#define TIB ((off_t)1 << 40)
static struct mica_error err;
static struct mica_job job;

static void digest_of(const char *path, uint8_t digest[32], uint8_t check[MICA_CHECK])
{
	struct mica_tree tree = plain_tree(&path);
	struct mica_totals totals = {0, 0}, checked = {1, 1};

	job = (struct mica_job){.threads = 3};
	if (mica_manifest(&tree, digest, &totals, &job, &err) < 0)
		ok(false, "digest of %s: %s %s %s", path, err.step, err.path, err.note);
	job = (struct mica_job){.threads = 3};
	if (mica_check(&tree, check, &checked, &job, &err) < 0)
		ok(false, "check of %s: %s %s %s", path, err.step, err.path, err.note);
	if (totals.entries != checked.entries || totals.bytes != checked.bytes)
		ok(false, "the totals of %s are the same for both", path);
}

/* Both say the same of two trees. */
static bool same(const char *a, const char *b)
{
	uint8_t digest_a[32] = {1}, digest_b[32] = {2}, check_a[MICA_CHECK] = {1}, check_b[MICA_CHECK] = {2};
	bool equal;

	digest_of(a, digest_a, check_a);
	digest_of(b, digest_b, check_b);
	equal = !memcmp(digest_a, digest_b, sizeof(digest_a));
	if (equal != !memcmp(check_a, check_b, sizeof(check_a)))
		ok(false, "%s and %s: the manifests %s and the checks do not", a, b, equal ? "agree" : "differ");
	return equal;
}

static void set_times(const char *path)
{
	const struct timespec then[2] = {{1500000000, 0}, {1500000000, 7}};

	NEED(utimensat(AT_FDCWD, path, then, AT_SYMLINK_NOFOLLOW));
}

/* Made in two orders, so that inode numbers and the order in the directory differ. */
static void make_tree(const char *path, bool backwards)
{
	char name[64];

	NEED(mkdir(path, 0755));
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "%s/f%02d", path, backwards ? 39 - i : i);
		put_file(name, name + strlen(path));
		set_times(name);
	}
	snprintf(name, sizeof(name), "%s/l", path);
	NEED(symlink("f01", name));
	set_times(name);
	set_times(path);
}

static void write_at(const char *path, const void *bytes, size_t len, off_t at, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	NEED(fd);
	NEED(ftruncate(fd, size));
	if (len && pwrite(fd, bytes, len, at) != (ssize_t)len)
		bail(path);
	close(fd);
	set_times(path);
}

static void equality(void)
{
	make_tree("one", false);
	make_tree("two", true);
	ok(same("one", "one"), "twice the same tree");
	ok(same("one", "two"), "two trees with the same in them");
	put_file("two/f07", "/f0x");
	set_times("two/f07");
	ok(!same("one", "two"), "a byte");
	put_file("two/f07", "/f07");
	set_times("two/f07");
	ok(same("one", "two"), "and back");
	NEED(chmod("two/f07", 0600));
	ok(!same("one", "two"), "a mode");
	NEED(chmod("two/f07", 0644));
	NEED(lchown("two/l", 7, 0));
	ok(!same("one", "two"), "a symbolic link's owner");
	NEED(lchown("two/l", 0, 0));
	NEED(unlink("two/f08"));
	NEED(link("two/f07", "two/f08"));
	put_file("one/f08", "/f07");
	set_times("one/f08");
	set_times("one");
	set_times("two");
	ok(!same("one", "two"), "two files or one with two names");
}

static void capture_twice(void)
{
	const char *one = "one";
	struct mica_tree none = {0}, tree = plain_tree(&one);

	for (const char *const *to = (const char *const[]){"copy1", "copy2", NULL}; *to; to++)
		ok_code(mica_capture(&none, &tree, *to, 0, &job, &err), 0, &err, "captured to %s", *to);
	ok(same("copy1", "copy2"), "two captures of the same have one digest");
	ok(same("one", "copy1"), "which is that of what was captured");
}

/* A hole, stored zeros, and where in the zeros the bytes are. */
static void holes(void)
{
	static char zeros[200000], bytes[200000];

	NEED(mkdir("h1", 0755));
	NEED(mkdir("h2", 0755));
	write_at("h1/f", NULL, 0, 0, sizeof(zeros));
	write_at("h2/f", zeros, sizeof(zeros), 0, sizeof(zeros));
	set_times("h1");
	set_times("h2");
	ok(same("h1", "h2"), "stored zeros and a hole");
	for (off_t at = 0; at < (off_t)sizeof(zeros); at += 65535) {
		write_at("h1/f", "x", 1, at, sizeof(zeros));
		ok(!same("h1", "h2"), "a byte at %lld is seen", (long long)at);
		bytes[at] = 'x';
		write_at("h2/f", bytes, sizeof(bytes), 0, sizeof(bytes));
		ok(same("h1", "h2"), "stored or sparse alike");
	}
	write_at("h1/f", NULL, 0, 0, sizeof(zeros) + 1);
	ok(!same("h1", "h2"), "a zero more is seen");
	write_at("h1/f", NULL, 0, 0, 0);
	write_at("h2/f", zeros, 1, 0, 1);
	ok(!same("h1", "h2"), "no byte and one zero");
}

/* That it returns at all is the test; how much was read says that it was for the right reason. */
static void huge(void)
{
	const char *s1 = "s1", *s2 = "s2";
	struct mica_tree a = plain_tree(&s1), b = plain_tree(&s2), none = {0};
	uint64_t kinds[4];

	NEED(mkdir(s1, 0755));
	NEED(mkdir(s2, 0755));
	write_at("s1/f", "x", 1, 3 * TIB + 12345, 8 * TIB);
	write_at("s2/f", "x", 1, 3 * TIB + 12345, 8 * TIB);
	set_times(s1);
	set_times(s2);
	ok(same(s1, s2), "two files of 8 TiB");
	ok(job.bytes < 1 << 20, "of which %llu bytes were read", (unsigned long long)job.bytes);
	job = (struct mica_job){0};
	ok_code(count_changes(&a, &b, &job, kinds, &err), 0, &err, "are the same to an exact diff");
	ok(job.bytes < 1 << 20, "that read %llu bytes", (unsigned long long)job.bytes);
	ok_code(mica_capture(&none, &a, "s3", 0, &job, &err), 0, &err, "are captured");
	ok(same(s1, "s3"), "faithfully");
	write_at("s2/f", "x", 1, 3 * TIB + 123456, 8 * TIB);
	ok(!same(s1, s2), "another byte in there has another digest");
	ok_code(count_changes(&a, &b, &job, kinds, &err), 1, &err, "and is a change");
}

/* The functions are those that they are called. */
static void functions(void)
{
	static const struct {
		enum hash hash;
		size_t len; /* zeros */
		const char *is;
	} cases[] = {
		{HASH_SHA256, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{HASH_XXH64, 0, "ef46db3751d8e999"},
		{HASH_XXH64, 100000, "2c9fd5b2f34e23db"},
		{HASH_SHA256, 100000, "9192c25b734fcbadbe32dadc28089c60db0e39f90cc20ce2e5733f57261acc0c"},
	};
	static const uint8_t zeros[100000];
	char hex[2 * HASH_MOST_BYTES + 1];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint8_t digest[HASH_MOST_BYTES];
		struct hasher hasher;

		hasher_begin(&hasher, cases[i].hash);
		for (size_t at = 0, len = 1; at < cases[i].len; at += len, len *= 3)
			hasher_add(&hasher, zeros, len < cases[i].len - at ? len : cases[i].len - at);
		hasher_end(&hasher, digest);
		for (size_t at = 0; at < hash_bytes(cases[i].hash); at++)
			snprintf(hex + 2 * at, 3, "%02x", digest[at]);
		ok(!strcmp(hex, cases[i].is), "%zu bytes by %d: %s", cases[i].len, cases[i].hash, hex);
	}
}

int main(void)
{
	functions();
	enter_sandbox();
	equality();
	capture_twice();
	holes();
	huge();
	return done();
}
