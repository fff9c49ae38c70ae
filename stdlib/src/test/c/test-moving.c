/*
 * Files that change, and calls that are cancelled, in the middle. The hooks below stand in front of the C library's
 * functions, so that what happens between two steps of a copy happens there every time.
 */
#include <stdatomic.h>
#include <sys/syscall.h>

#include "trees.h"

static const char *const tree_b = "b", *const layer_path = "layer";
static struct mica_error err;
static struct mica_job job;
static atomic_int steps, cancel_at, change_until;

/* In the middle of a copy or a digest: step n cancels, or the first steps change the file. */
static void between(void)
{
	int step = atomic_fetch_add(&steps, 1) + 1;

	if (step == atomic_load(&cancel_at))
		__atomic_store_n(&job.cancel, 1, __ATOMIC_RELAXED);
	if (step <= atomic_load(&change_until)) {
		int fd = open("b/f", O_WRONLY | O_APPEND | O_CLOEXEC);

		NEED(fd);
		NEED(write(fd, "x", 1));
		close(fd);
	}
}

ssize_t copy_file_range(int from, off_t *in, int to, off_t *out, size_t len, unsigned int flags)
{
	ssize_t got = syscall(SYS_copy_file_range, from, in, to, out, len, flags);

	between();
	return got;
}

ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	ssize_t got = syscall(SYS_pread64, fd, buf, len, at);

	between();
	return got;
}

static void set_hooks(int cancel, int change)
{
	job = (struct mica_job){.threads = 2};
	atomic_store(&steps, 0);
	atomic_store(&cancel_at, cancel);
	atomic_store(&change_until, change);
}

static errint_t copy_of_b(const char *dest, uint32_t flags)
{
	struct mica_tree none = {0}, b = plain_tree(&tree_b);

	return mica_capture(&none, &b, dest, flags, &job, &err);
}

static bool same_bytes_at(const char *path, off_t size)
{
	struct stat st;

	return !stat(path, &st) && st.st_size == size;
}

static void changing(void)
{
	struct mica_tree b = plain_tree(&tree_b);
	struct mica_totals totals;
	uint8_t digest[32];

	NEED(mkdir("b", 0755));
	put_file("b/f", "begin");
	set_hooks(0, 1000);
	ok_code(copy_of_b("dest", 0), -EBUSY, &err, "a file that keeps changing");
	ok(!strcmp(err.path, "f") && strstr(err.note, "kept changing"), "is named, with why: %s: %s", err.path,
	   err.note);
	ok(!exists("dest"), "and nothing is left");
	set_hooks(0, 1);
	ok_code(copy_of_b("dest", 0), 0, &err, "one that changes once is copied again");
	struct stat now;
	NEED(stat("b/f", &now));
	ok(same_bytes_at("dest/f", now.st_size), "as it was in the end");
	set_hooks(0, 1000);
	ok_code(copy_of_b("dest2", MICA_COPY_UNSTABLE), 0, &err, "COPY_UNSTABLE takes one that keeps changing");
	ok(same_bytes_at("dest2/f", now.st_size), "as it was found");
	set_hooks(0, 1000);
	ok_code(mica_manifest(&b, digest, &totals, &job, &err), -EBUSY, &err, "no digest of a file that grows");
	ok(!strcmp(err.path, "f") && err.note[0], "it is named: %s: %s", err.path, err.note);
	for (const char *const *path = (const char *const[]){"b", "dest", "dest2", NULL}; *path; path++)
		NEED(mica_remove(*path, NULL, &err));
}

static void fill(const char *path, size_t megabytes)
{
	static char bytes[1 << 20];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	NEED(fd);
	memset(bytes, 'x', sizeof(bytes));
	for (size_t i = 0; i < megabytes; i++)
		NEED(write(fd, bytes, sizeof(bytes)));
	close(fd);
}

/* Steps are counted, not time: how fast a machine is, and what else runs there, is not ours to answer for. */
static void stopped(errint_t code, const char *what)
{
	ok_code(code, -ECANCELED, &err, "%s cancelled", what);
	ok(err.code == -ECANCELED && err.step[0], "%s: says so (%s %s)", what, err.step, err.path);
	ok(atomic_load(&steps) <= atomic_load(&cancel_at) + 2, "%s: no thread took more than a step yet", what);
}

static void cancelling(void)
{
	struct mica_tree b = plain_tree(&tree_b), none = {0};
	struct mica_tree layer = {.layers = &layer_path, .count = 1, .kind = MICA_TREE_OVERLAY};
	struct mica_totals totals;
	uint8_t digest[32];

	make_wide_tree("b", 10, 100, false);
	fill("b/dir000005/large", 32);
	set_hooks(0, 0);
	ok_code(mica_capture(&none, &b, layer_path, 0, &job, &err), 0, &err, "a layer");
	set_hooks(3, 0);
	stopped(copy_of_b("dest", 0), "a capture");
	ok(!exists("dest"), "and nothing is left");
	set_hooks(3, 0);
	stopped(mica_manifest(&b, digest, &totals, &job, &err), "a digest");
	NEED(mkdir("target", 0755));
	set_hooks(3, 0);
	stopped(mica_apply(&layer, "target", 0, &job, &err), "an apply");
	ok(!strcmp(err.path, "dir000005/large"), "and says where: %s", err.path);
}

int main(void)
{
	enter_sandbox();
	changing();
	cancelling();
	return done();
}
