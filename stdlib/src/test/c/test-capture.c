/* Capturing, applying and digesting where it is hard: deep, full, read-only, cancelled, few descriptors. */
#include <sys/resource.h>

#include "trees.h"

#define DEPTH 2000
static const char *const tree_a = "a", *const tree_b = "b";
static struct mica_error err;

static void limit_files(rlim_t count)
{
	struct rlimit limit;

	NEED(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = count;
	NEED(setrlimit(RLIMIT_NOFILE, &limit));
}

static void same_digest(const char *const *path_a, const char *const *path_b, const char *name)
{
	struct mica_tree a = plain_tree(path_a), b = plain_tree(path_b);
	struct mica_job job = {.threads = 4};
	struct mica_totals totals_a, totals_b;
	uint8_t digest_a[32], digest_b[32];

	ok_code(mica_manifest(&a, digest_a, &totals_a, &job, &err), 0, &err, "%s: digest of the one", name);
	ok_code(mica_manifest(&b, digest_b, &totals_b, &job, &err), 0, &err, "%s: digest of the other", name);
	ok(!memcmp(digest_a, digest_b, 32) && totals_a.entries == totals_b.entries, "%s: they agree (%llu entries)",
	   name, (unsigned long long)totals_a.entries);
}

static void deep(void)
{
	static const char *const copy = "copy";
	struct mica_tree a = plain_tree(&tree_a), b = plain_tree(&tree_b), none = {0};
	const char *layer_path = "layer";
	struct mica_tree layer = {.layers = &layer_path, .count = 1, .kind = MICA_TREE_OVERLAY};
	struct mica_job job = {.threads = 4};

	make_deep_tree(tree_a, DEPTH, "a");
	make_deep_tree(tree_b, DEPTH, "b");
	limit_files(64);
	ok_code(mica_capture(&none, &b, copy, 0, &job, &err), 0, &err, "a copy %d deep with 64 descriptors", DEPTH);
	same_digest(&tree_b, &copy, "copy");
	ok_code(mica_capture(&a, &b, layer_path, 0, &job, &err), 0, &err, "a layer of it");
	ok_code(mica_apply(&layer, tree_a, 0, &job, &err), 0, &err, "and applied");
	same_digest(&tree_a, &tree_b, "applied");
	limit_files(1024);
	for (const char *const *path = (const char *const[]){"a", "b", "copy", "layer", NULL}; *path; path++)
		NEED(mica_remove(*path, NULL, &err));
}

static void refused(const char *name, const char *dest, errint_t want, struct mica_job *job)
{
	struct mica_tree b = plain_tree(&tree_b), none = {0};

	ok_code(mica_capture(&none, &b, dest, 0, job, &err), want, &err, "%s", name);
	ok(err.code == want && err.step[0] && (err.path_len || job), "%s: named (%s %s)", name, err.step, err.path);
	ok(!exists(dest), "%s: nothing is left", name);
}

static void failing(void)
{
	struct mica_job job = {.cancel = 1};

	make_wide_tree(tree_b, 20, 100, false);
	NEED(mkdir("full", 0755));
	NEED(mount("full", "full", "tmpfs", 0, "nr_inodes=500"));
	refused("a full disk", "full/dest", -ENOSPC, NULL);
	NEED(mount(NULL, "full", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	refused("a read-only disk", "full/dest", -EROFS, NULL);
	refused("no such parent", "nowhere/dest", -ENOENT, NULL);
	refused("cancelled", "dest", -ECANCELED, &job);
	NEED(mkdir("dest", 0755));
	put_file("dest/kept", "kept");
	struct mica_tree b = plain_tree(&tree_b), none = {0};
	ok_code(mica_capture(&none, &b, "dest", 0, NULL, &err), -EEXIST, &err, "a folder that exists");
	ok(file_is("dest/kept", "kept"), "is left as it was");
}

int main(void)
{
	enter_sandbox();
	deep();
	failing();
	return done();
}
