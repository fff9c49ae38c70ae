/*
 * Layers whose overlay xattrs say anything: opaque, redirect, metacopy, whiteout on whatever entry, with any value.
 * The folders are real, three layers of the same names; the xattr calls are replaced (--wrap) by ones that
 * hand out the input, so that each look at an entry may find something else, as on a layer that is written to.
 *
 * Input: a byte of switches, then as the calls come: for a list a byte of which overlay xattrs, for a value a length
 * byte and its bytes. When it is used up nothing has xattrs any more.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base.h"

#define NR_GETXATTRAT 464
#define NR_LISTXATTRAT 465
struct args {
	_Alignas(8) uint64_t value;
	uint32_t size, flags;
};

static struct {
	const uint8_t *at;
	size_t left;
	bool user;
} in;

static uint8_t next_byte(void)
{
	if (!in.left)
		return 0;
	in.left--;
	return *in.at++;
}

static long give_list(char *to, size_t size)
{
	static const char *const names[] = {"opaque", "redirect", "metacopy", "whiteout",
					    "origin", "nlink",	  "future",   "overlay.opaque"};
	char list[512];
	size_t len = 0;
	uint8_t which = next_byte();

	for (int i = 0; i < 8; i++) {
		/* The two that are refused, rarely: they end the diff. */
		bool wanted = which & 1 << i && ((i != 5 && i != 6) || next_byte() == 0xff);
		const char *prefix = in.user ? "user.overlay." : "trusted.overlay.";
		if (wanted)
			len += (size_t)sprintf(list + len, "%s%s", prefix, names[i]) + 1;
	}
	if (size && len > size) {
		errno = ERANGE;
		return -1;
	}
	if (size)
		memcpy(to, list, len);
	return (long)len;
}

static long give_value(char *to, size_t size)
{
	static const char *const usual[] = {"y", "x",	   "d",	 "/d",	"/d/e",	   "/f",
					    "g", "/d/e/g", "..", "/..", "/d/../f", "."};
	uint8_t len = next_byte();

	if (len >= 128) {
		const char *text = usual[(size_t)(len - 128) % (sizeof(usual) / sizeof(*usual))];
		len = (uint8_t)strlen(text);
		if (len <= size)
			memcpy(to, text, len);
	} else {
		if (len > in.left)
			len = (uint8_t)in.left;
		for (size_t i = 0; i < len && len <= size; i++)
			to[i] = (char)next_byte();
	}
	if (len <= size)
		return len;
	errno = ERANGE;
	return -1;
}

long __real_syscall(long nr, ...);
long __wrap_syscall(long nr, ...);

long __wrap_syscall(long nr, ...)
{
	bool ours = nr == NR_LISTXATTRAT || nr == NR_GETXATTRAT;
	va_list ap;
	long a[5];

	va_start(ap, nr);
	for (int i = 0; i < (ours ? 5 : 3); i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (nr == NR_LISTXATTRAT)
		return give_list((char *)a[3], (size_t)a[4]);
	if (nr == NR_GETXATTRAT)
		return give_value((char *)((const struct args *)a[4])->value, ((const struct args *)a[4])->size);
	return __real_syscall(nr, a[0], a[1], a[2]);
}

static void need(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	need(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
	close(fd);
}

static char scratch[] = "/tmp/mica-fuzz-XXXXXX";

static void remove_scratch(void)
{
	need(!chdir("/") && !mica_remove(scratch, NULL, NULL), scratch);
}

/* In a mount namespace of our own where that may be, since a fuzzer that finds something does not clean up. */
static void enter_scratch(void)
{
	if (!unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	    !mount("fuzz", "/mnt", "tmpfs", 0, NULL)) {
		need(!chdir("/mnt"), "/mnt");
		return;
	}
	need(mkdtemp(scratch) && !chdir(scratch), scratch);
	atexit(remove_scratch);
}

static const char *layers[3] = {"top", "middle", "bottom"};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char here[3][4096];
	char cwd[2048];

	(void)argc;
	(void)argv;
	need(getcwd(cwd, sizeof(cwd)), "getcwd");
	enter_scratch();
	for (int i = 0; i < 3; i++) {
		need(!mkdir(layers[i], 0755) && !chdir(layers[i]) && !mkdir("d", 0755) && !mkdir("d/e", 0755) &&
			     !mkdir("d/e/h", 0755) && !mkdir("k", 0755),
		     layers[i]);
		put("f", "");
		put("g", layers[i]);
		put("d/f", layers[i]);
		put("d/g", "");
		put("d/e/g", "same");
		put(i == 1 ? "k/one" : "k/other", "");
		need(!symlink("d", "l") && !mknod("p", S_IFIFO | 0644, 0) && getcwd(here[i], sizeof(here[i])), "make");
		layers[i] = here[i];
		need(!chdir(".."), "..");
	}
	/* The corpus is named by relative paths. */
	need(!chdir(cwd), cwd);
	return 0;
}

/* '/' sorts lowest, so that a directory comes right before what is in it. */
static int order(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	for (size_t i = 0; i < a_len && i < b_len; i++)
		if (a[i] != b[i])
			return a[i] == '/' ? -1 : b[i] == '/' ? 1 : a[i] - b[i];
	return a_len < b_len ? -1 : a_len > b_len;
}

static void check_records(const char *buf, int64_t used)
{
	const struct mica_change *last = NULL;

	for (int64_t at = 0; at < used; at += last->record_len) {
		const struct mica_change *change = (const struct mica_change *)(buf + at);

		if (last && change->path_len == 1 && change->path[0] == '.')
			abort();
		if (last && last->path[0] != '.' &&
		    order(last->path, last->path_len, change->path, change->path_len) >= 0)
			abort();
		if (change->kind < MICA_ADDED || change->kind > MICA_DELETED ||
		    !change->what != (change->kind != MICA_MODIFIED) ||
		    (change->kind == MICA_ADDED) != !change->type_a ||
		    (change->kind == MICA_DELETED) != !change->type_b)
			abort();
		last = change;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct mica_error err;
	struct mica_job job = {.threads = 1};
	struct mica_diff *diff = NULL;

	if (!size)
		return 0;
	in.at = data + 1;
	in.left = size - 1;
	in.user = data[0] & 1;
	uint32_t flags = in.user ? MICA_TREE_USERXATTR : 0, extra = 1 + (data[0] >> 1 & 1);
	struct mica_tree b = {layers, 3, MICA_TREE_OVERLAY, flags, 0};
	struct mica_tree a = {layers + extra, 3 - extra, data[0] & 4 ? MICA_TREE_OVERLAY : MICA_TREE_PLAIN, flags, 0};
	if (a.kind == MICA_TREE_PLAIN) {
		a.count = 1;
		a.flags = 0;
	}
	int64_t used = mica_diff_open(&diff, data[0] & 8 ? &b : &a, data[0] & 8 ? &a : &b, 0, &job, &err);
	if (!used)
		used = mica_diff_read(diff, buf, sizeof(buf), &err);
	if (used > 0)
		check_records(buf, used);
	else if (used < 0 && (err.code != used || !err.step[0]))
		abort();
	mica_diff_close(diff);
	return 0;
}
