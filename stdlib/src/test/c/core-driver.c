/*
 * core-driver: the core's public calls as commands, for tests.
 *
 *   core-driver diff [--exact] [--overlay] [--userxattr] [--threads=N] [A...] -- [B...]
 *       One line per change: "added PATH", "deleted PATH", "modified content,mode PATH". Bytes that are not
 *       printable ASCII, and the backslash, are written \xHH. One folder is a plain tree, several are an
 *       overlay, topmost first; if one side is an overlay both are, as they are with --overlay. None: empty.
 *
 * Exit status: 0 done, 1 the call failed (its error on stderr), 2 the command line is wrong.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mica.h"

struct arguments {
	struct mica_tree a, b;
	uint32_t flags;
	struct mica_job job;
};

static int usage(void)
{
	fprintf(stderr, "usage: core-driver diff [--exact] [--overlay] [--userxattr] [--threads=N] [A...] -- [B...]\n");
	return 2;
}

static void print_bytes(FILE *out, const void *bytes, size_t len)
{
	for (const unsigned char *p = bytes, *end = p + len; p < end; p++)
		if (isprint(*p) && *p != '\\' && *p < 128)
			putc(*p, out);
		else
			fprintf(out, "\\x%02x", *p);
}

static int print_error(const struct mica_error *err)
{
	fprintf(stderr, "core-driver: %s ", err->step);
	print_bytes(stderr, err->path, err->path_len);
	fprintf(stderr, ": %s%s%s\n", strerror(-err->code), *err->note ? ": " : "", err->note);
	return 1;
}

static void print_what(uint32_t what)
{
	static const char *const names[] = {"content", "mode", "owner", "times", "xattr", "type", "link"};
	const char *comma = "";

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (what & 1u << i) {
			printf("%s%s", comma, names[i]);
			comma = ",";
		}
	putchar(' ');
}

static void print_change(const struct mica_change *change)
{
	static const char *const kinds[] = {"", "added", "modified", "deleted"};

	printf("%s ", kinds[change->kind]);
	if (change->kind == MICA_MODIFIED)
		print_what(change->what);
	print_bytes(stdout, change->path, change->path_len);
	putchar('\n');
}

static void print_changes(const char *buf, int64_t len)
{
	for (int64_t at = 0; at < len;) {
		const struct mica_change *change = (const void *)(buf + at);

		print_change(change);
		at += change->record_len;
	}
}

static int read_changes(struct mica_diff *diff)
{
	struct mica_error err;
	size_t room = 65536;
	char *buf = malloc(room);
	int64_t got = -1;

	while (buf && (got = mica_diff_read(diff, buf, room, &err)) != 0) {
		if (got > 0)
			print_changes(buf, got);
		else if (got == -EMSGSIZE)
			buf = realloc(buf, room *= 2);
		else
			break;
	}
	free(buf);
	return got < 0 ? print_error(&err) : 0;
}

static int run_diff(struct arguments *args)
{
	struct mica_diff *diff;
	struct mica_error err;
	int status;

	if (mica_diff_open(&diff, &args->a, &args->b, args->flags, &args->job, &err))
		return print_error(&err);
	status = read_changes(diff);
	mica_diff_close(diff);
	return status;
}

/* Both sides are seen in one way. */
static void set_kinds(struct arguments *args, int overlay, int userxattr)
{
	uint32_t kind = overlay || args->a.count > 1 || args->b.count > 1 ? MICA_TREE_OVERLAY : MICA_TREE_PLAIN;

	args->a.kind = args->a.count ? kind : MICA_TREE_PLAIN;
	args->b.kind = args->b.count ? kind : MICA_TREE_PLAIN;
	args->a.flags = args->b.flags = userxattr ? MICA_TREE_USERXATTR : 0;
}

static int diff_main(int argc, char **argv)
{
	struct arguments args = {0};
	int overlay = 0, userxattr = 0, i = 0, dashes;

	for (; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--exact"))
			args.flags |= MICA_DIFF_EXACT;
		else if (!strcmp(argv[i], "--overlay"))
			overlay = 1;
		else if (!strcmp(argv[i], "--userxattr"))
			userxattr = 1;
		else if (!strncmp(argv[i], "--threads=", 10))
			args.job.threads = (uint32_t)strtoul(argv[i] + 10, NULL, 10);
		else
			return usage();
	}
	for (dashes = i; dashes < argc && strcmp(argv[dashes], "--"); dashes++)
		;
	if (dashes == argc)
		return usage();
	args.a.layers = (const char *const *)argv + i;
	args.a.count = (uint32_t)(dashes - i);
	args.b.layers = (const char *const *)argv + dashes + 1;
	args.b.count = (uint32_t)(argc - dashes - 1);
	set_kinds(&args, overlay, userxattr);
	return run_diff(&args);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return usage();
	if (!strcmp(argv[1], "diff"))
		return diff_main(argc - 2, argv + 2);
	return usage();
}
