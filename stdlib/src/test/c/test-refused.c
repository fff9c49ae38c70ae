/* What the machine refuses: reflinks, descriptors, space, rights, and a layer inside what it is made of. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "trees.h"

static const char *const tree_a = "a", *const tree_b = "b", *const layer_path = "layer";
static struct mica_error err;

static struct mica_tree layer_tree(void)
{
	return (struct mica_tree){.layers = &layer_path, .count = 1, .kind = MICA_TREE_OVERLAY};
}

static errint_t copy_to(const char *dest, uint32_t flags)
{
	struct mica_tree none = {0}, b = plain_tree(&tree_b);

	return mica_capture(&none, &b, dest, flags, NULL, &err);
}

static void inside(void)
{
	struct mica_tree a = plain_tree(&tree_a), b = plain_tree(&tree_b);
	const char *stack[] = {"a", "b"};
	struct mica_tree over = {.layers = stack, .count = 2, .kind = MICA_TREE_OVERLAY};
	struct mica_tree under = {.layers = stack + 1, .count = 1, .kind = MICA_TREE_OVERLAY};

	NEED(mkdir("a", 0755));
	make_wide_tree("b", 2, 3, false);
	for (const char *const *to = (const char *const[]){"b", "b/dest", "b/dir000000/dest", "a/../b/x", NULL}; *to;
	     to++) {
		bool there = exists(*to);

		ok_code(copy_to(*to, 0), -EINVAL, &err, "not into itself: %s", *to);
		ok(!strcmp(err.path, *to) && strstr(err.note, "outside"), "with a word: %s", err.note);
		ok(exists(*to) == there, "and nothing made");
	}
	ok_code(mica_capture(&a, &b, "a/dest", 0, NULL, &err), -EINVAL, &err, "nor into what it is compared with");
	ok(!exists("a/dest"), "nothing made there either");
	ok_code(mica_capture(&under, &over, "a/dest", 0, NULL, &err), -EINVAL, &err, "nor into the upper");
	ok_code(mica_capture(&under, &over, "b/dest", 0, NULL, &err), 0, &err, "a lower is not walked");
	NEED(mica_remove("b", NULL, &err));
}

static void into_the_layer(void)
{
	struct mica_tree layer = layer_tree();

	NEED(mkdir("layer", 0755));
	NEED(mkdir("layer/d", 0755));
	NEED(mkdir("layer/d/e", 0755));
	put_file("layer/f", "text");
	for (const char *const *to = (const char *const[]){"layer", "layer/d", "layer/d/e", "layer/d/..", NULL}; *to;
	     to++) {
		ok_code(mica_apply(&layer, *to, 0, NULL, &err), -EINVAL, &err, "not onto itself: %s", *to);
		ok(!strcmp(err.path, *to) && strstr(err.note, "outside"), "with a word: %s", err.note);
	}
	ok(!exists("layer/d/f") && !exists("layer/d/d") && !exists("layer/d/e/f"), "and nothing is made there");
	NEED(mkdir("around", 0755));
	NEED(rename("layer", "around/layer"));
	ok_code(mica_apply(&(struct mica_tree){.layers = (const char *const[]){"around/layer"},
					       .count = 1,
					       .kind = MICA_TREE_OVERLAY},
			   "around", 0, NULL, &err),
		0, &err, "onto what it lies in it may be");
	ok(exists("around/f") && exists("around/d/e"), "and is applied");
	NEED(mica_remove("around", NULL, &err));
}

static void no_reflink(void)
{
	struct mica_tree layer = layer_tree();

	NEED(mkdir("b", 0755));
	put_file("b/f", "text");
	ok(copy_to("dest", MICA_REFLINK_ONLY) < 0, "tmpfs has no reflinks");
	ok(!strcmp(err.step, "reflink") && !strcmp(err.path, "f") && strstr(err.note, "allow a copy"),
	   "said of the file: %s %s: %s", err.step, err.path, err.note);
	ok(!exists("dest"), "nothing is left");
	ok_code(copy_to(layer_path, 0), 0, &err, "without the flag it is copied");
	NEED(mkdir("target", 0755));
	ok(mica_apply(&layer, "target", MICA_REFLINK_ONLY, NULL, &err) < 0 && !strcmp(err.step, "reflink"),
	   "applying says it too");
	for (const char *const *path = (const char *const[]){"b", "layer", "target", NULL}; *path; path++)
		NEED(mica_remove(*path, NULL, &err));
}

static void limit_files(rlim_t count)
{
	struct rlimit limit;

	NEED(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = count;
	NEED(setrlimit(RLIMIT_NOFILE, &limit));
}

static void all_three(const char *how)
{
	struct mica_tree b = plain_tree(&tree_b), none = {0}, layer = layer_tree();
	struct mica_job job = {.threads = 4};
	struct mica_totals totals;
	uint8_t digest[32];

	ok_code(mica_capture(&none, &b, layer_path, 0, &job, &err), 0, &err, "a capture, %s", how);
	ok_code(mica_manifest(&b, digest, &totals, &job, &err), 0, &err, "a digest, %s", how);
	NEED(mkdir("target", 0755));
	ok_code(mica_apply(&layer, "target", 0, &job, &err), 0, &err, "an apply, %s", how);
}

/* At every limit there is either the layer or a number with a path, and no half of one. */
static void starving(void)
{
	struct mica_tree b = plain_tree(&tree_b);
	struct mica_totals totals;
	uint8_t digest[32];
	int failed = 0, unnamed = 0, left = 0;

	for (rlim_t limit = 4; limit < 32; limit++) {
		limit_files(limit);
		if (copy_to("dest", 0) < 0) {
			failed++;
			unnamed += err.code != -EMFILE || !err.path_len;
			left += exists("dest");
		}
		if (mica_manifest(&b, digest, &totals, NULL, &err) < 0)
			unnamed += err.code != -EMFILE || !err.step[0];
		limit_files(1024);
		NEED(mica_remove("dest", NULL, &err));
	}
	ok(failed > 0 && failed < 28, "too few descriptors in %d of 28 cases", failed);
	ok(!unnamed, "each says so");
	ok(!left, "and leaves nothing");
}

static void few_descriptors(void)
{
	make_wide_tree("b", 30, 50, false);
	limit_files(64);
	all_three("with 64 descriptors");
	limit_files(1024);
	starving();
	for (const char *const *path = (const char *const[]){"b", "layer", "target", NULL}; *path; path++)
		NEED(mica_remove(*path, NULL, &err));
}

static void full_disk(void)
{
	static char bytes[1 << 20];
	struct mica_tree layer = layer_tree();
	int fd;

	NEED(mkdir("layer", 0755));
	NEED(mkdir("small", 0755));
	NEED(mount("small", "small", "tmpfs", 0, "size=256k"));
	NEED(fd = open("layer/large", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	memset(bytes, 'x', sizeof(bytes));
	NEED(write(fd, bytes, sizeof(bytes)));
	close(fd);
	ok_code(mica_apply(&layer, "small", 0, NULL, &err), -ENOSPC, &err, "applying to a full disk");
	ok(!strcmp(err.path, "large"), "names the file: %s %s", err.step, err.path);
	NEED(umount("small"));
	NEED(mica_remove("layer", NULL, &err));
}

/* As nobody, in a process of its own; its lines follow on ours. */
static void as_nobody(void (*what)(void))
{
	int ends[2], counts[2] = {0, 1}, status;
	pid_t child;

	fflush(stdout);
	NEED(pipe2(ends, O_CLOEXEC));
	NEED(child = fork());
	if (child == 0) {
		NEED(setgid(65534));
		NEED(setuid(65534));
		what();
		counts[0] = tap_run;
		counts[1] = tap_failed;
		NEED(write(ends[1], counts, sizeof(counts)));
		exit(0);
	}
	close(ends[1]);
	if (read(ends[0], counts, sizeof(counts)) == sizeof(counts)) {
		tap_run = counts[0];
		tap_failed = counts[1];
	}
	close(ends[0]);
	NEED(waitpid(child, &status, 0));
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "nobody came to an end");
}

static void own_tree(void)
{
	struct mica_tree a, b;
	const char *mine_a = "nobody/a", *mine_b = "nobody/b", *to = "nobody/layer";
	struct mica_tree layer = {.layers = &to, .count = 1, .kind = MICA_TREE_OVERLAY, .flags = MICA_TREE_USERXATTR};
	char value[8];

	NEED(mkdir(mine_a, 0755));
	NEED(mkdir(mine_b, 0755));
	put_file("nobody/a/gone", "x");
	put_file("nobody/a/type", "x");
	NEED(mkdir("nobody/b/type", 0755));
	put_file("nobody/b/new", "new");
	a = plain_tree(&mine_a);
	b = plain_tree(&mine_b);
	ok(mica_capture(&a, &b, "nobody/trusted", 0, NULL, &err) < 0 && strstr(err.note, "trusted.overlay.opaque"),
	   "no trusted attribute for nobody: %s %s: %s", err.step, err.path, err.note);
	ok(!exists("nobody/trusted"), "and nothing is left");
	ok_code(mica_capture(&a, &b, to, MICA_LAYER_USERXATTR, NULL, &err), 0, &err, "user attributes instead");
	ok(getxattr("nobody/layer/gone", "user.overlay.whiteout", value, sizeof(value)) == 1, "whiteouts are marked");
	ok(getxattr("nobody/layer/type", "user.overlay.opaque", value, sizeof(value)) == 1 && *value == 'y',
	   "replaced directories, too");
	ok_code(mica_apply(&layer, mine_a, 0, NULL, &err), 0, &err, "and applied");
	ok(!exists("nobody/a/gone") && exists("nobody/a/type/.") && file_is("nobody/a/new", "new"), "as it should be");
}

static void others_tree(void)
{
	struct mica_tree b = plain_tree(&tree_b);
	struct mica_totals totals;
	uint8_t digest[32];

	ok_code(copy_to("nobody/copy", 0), -EPERM, &err, "another's files cannot be made");
	ok(err.path_len && !strcmp(err.step, "set owner") && strstr(err.note, "only root"), "said: %s %s: %s", err.step,
	   err.path, err.note);
	ok(!exists("nobody/copy"), "nothing is left");
	ok_code(mica_copy("b/f", "nobody/f", 0, NULL, &err), -EPERM, &err, "nor one of them");
	ok(!exists("nobody/f"), "of which nothing is left either");
	ok_code(mica_manifest(&b, digest, &totals, NULL, &err), 0, &err, "but digested");
}

static bool is_own(const char *path, mode_t mode)
{
	struct stat st;

	return !lstat(path, &st) && st.st_uid == 65534 && st.st_gid == 65534 && (st.st_mode & 07777) == mode;
}

static void others_tree_as_own(void)
{
	ok_code(copy_to("nobody/own", MICA_OWN), 0, &err, "unless they may become one's own");
	ok(is_own("nobody/own", 0755) && is_own("nobody/own/f", 0755), "then without setuid and setgid");
	ok(getxattr("nobody/own/f", "security.capability", NULL, 0) < 0, "and without capabilities");
	ok_code(mica_copy("b/f", "nobody/f", MICA_OWN, NULL, &err), 0, &err, "a single one, too");
	ok(is_own("nobody/f", 0755) && file_is("nobody/f", "text"), "likewise");
}

static void secret_file(void)
{
	struct mica_tree b = plain_tree(&tree_b);
	struct mica_totals totals;
	uint8_t digest[32];

	ok_code(copy_to("nobody/copy", 0), -EACCES, &err, "a file that nobody may read");
	ok(!strcmp(err.path, "secret") || strstr(err.path, "/secret"), "is named: %s %s", err.step, err.path);
	ok(!exists("nobody/copy"), "nothing is left");
	ok_code(mica_manifest(&b, digest, &totals, NULL, &err), -EACCES, &err, "nor is it digested");
	ok(strstr(err.path, "secret"), "named, too: %s %s", err.step, err.path);
}

static void without_rights(void)
{
	/* struct vfs_cap_data, version 2: cap_net_raw, permitted and effective */
	static const unsigned char capability[20] = {[0] = 1, [3] = 2, [5] = 0x20};

	NEED(mkdir("nobody", 0755));
	NEED(chown("nobody", 65534, 65534));
	if (setxattr("nobody", "user.mica", "", 0, 0) < 0)
		skip("user attributes", "tmpfs has none in this kernel");
	else
		as_nobody(own_tree);
	NEED(mkdir("b", 0755));
	put_file("b/f", "text");
	NEED(setxattr("b/f", "trusted.mica", "x", 1, 0));
	as_nobody(others_tree);
	NEED(chmod("b/f", 06755));
	NEED(setxattr("b/f", "security.capability", capability, sizeof(capability), 0));
	as_nobody(others_tree_as_own);
	put_file("b/secret", "text");
	NEED(chmod("b/secret", 0600));
	NEED(chown("b", 65534, 65534)); /* so that it gets to the file */
	NEED(unlink("b/f"));
	as_nobody(secret_file);
}

int main(void)
{
	enter_sandbox();
	inside();
	into_the_layer();
	no_reflink();
	few_descriptors();
	full_disk();
	without_rights();
	return done();
}
