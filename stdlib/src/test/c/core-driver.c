/*
 * core-driver - the public interface of the core as a command line, for tests and measurements.
 *
 * core-driver VERB [FLAG...] OPERAND...
 *   diff [A...] -- [B...]        a line per change: "added PATH", "deleted PATH", "modified content,mode PATH";
 *                                bytes that are not printable ASCII, and the backslash, are \\xHH
 *   capture A... -- B... DEST    the layer that turns tree A into tree B; none: an empty tree
 *   apply LAYER TARGET           a layer onto a folder
 *   manifest LAYER...            hex digest, entries, bytes
 *   check LAYER...               likewise, of the check
 *   remove PATH
 *   discard PATH                 what is immutable or append-only too
 *   protect-layer UPPER          makes an upper a lower; says how many entries have flags
 *   make-directory-like MODEL PATH   a directory with MODEL's attributes
 *   sync PATH
 *   tar LAYER FILE               a layer as a tar; FILE may be "-" for stdout. Says diff id, digest, bytes, packed
 * bytes, untar FILE DEST              entries, then a line "WHAT PATH DETAIL" per remark; "-" is stdin. With "-" on
 * stderr
 *
 * A tree is a plain folder if it is one path, an overlay, topmost first, if it is several; of two trees both are
 * overlays if one is. Flags:
 *   --overlay     one path is an overlay of one layer too
 *   --exact       as in mica.h, for diff
 *   --userxattr   overlays keep their attributes in user.overlay.*, and so does what is captured
 *   --sync --reflink-only --unstable   as in mica.h
 *   --own         as in mica.h, for untar
 *   --exact-layer MICA_LAYER_EXACT, for tar and untar
 *   --layer       a tree is MICA_TREE_LAYER
 *   --gzip --zstd for tar
 *   --most-bytes=N --most-entries=N --most-path=N --most-depth=N   for untar
 *   --threads=N
 *
 * Exit status: 0; 1 with one line "core-driver: STEP PATH: cause: note" on stderr; 2 for a wrong command line.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mica.h"

struct call {
	char **args;
	int count;
	bool overlay, layer;
	uint32_t tree_flags, layer_flags, diff_flags, compression;
	struct mica_tar_limits limits;
	struct mica_job job;
	struct mica_error err;
};

static int usage(void)
{
	fprintf(stderr, "usage: core-driver VERB [FLAG...] OPERAND... (see the head of core-driver.c)\n");
	exit(2);
}

static struct mica_tree tree_of(const struct call *call, char **layers, int count)
{
	return (struct mica_tree){
		.layers = (const char *const *)layers,
		.count = (uint32_t)count,
		.kind = call->layer				? MICA_TREE_LAYER
			: count > 1 || (call->overlay && count) ? MICA_TREE_OVERLAY
								: MICA_TREE_PLAIN,
		.flags = call->tree_flags,
	};
}

/* Splits at "--", behind which `after` operands more than tree b are expected. */
static void two_trees(const struct call *call, int after, struct mica_tree *a, struct mica_tree *b)
{
	int split = 0;

	while (split < call->count && strcmp(call->args[split], "--") != 0)
		split++;
	if (call->count - split < 1 + after)
		usage();
	*a = tree_of(call, call->args, split);
	*b = tree_of(call, call->args + split + 1, call->count - split - 1 - after);
	if (a->kind == MICA_TREE_OVERLAY && b->count)
		b->kind = MICA_TREE_OVERLAY;
	if (b->kind == MICA_TREE_OVERLAY && a->count)
		a->kind = MICA_TREE_OVERLAY;
}

static void print_bytes(FILE *out, const void *bytes, size_t len)
{
	for (const unsigned char *p = bytes, *end = p + len; p < end; p++)
		if (isprint(*p) && *p != '\\' && *p < 128)
			putc(*p, out);
		else
			fprintf(out, "\\x%02x", *p);
}

static void print_what(uint32_t what)
{
	static const char *const names[] = {"content", "mode", "owner", "times", "xattr", "type", "link", "flags"};
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

static errint_t read_changes(struct mica_diff *diff, struct mica_error *err)
{
	size_t room = 65536;
	char *buf = malloc(room);
	int64_t got = -ENOMEM;

	while (buf && (got = mica_diff_read(diff, buf, room, err)) != 0) {
		if (got > 0)
			print_changes(buf, got);
		else if (got == -EMSGSIZE)
			buf = realloc(buf, room *= 2);
		else
			break;
	}
	free(buf);
	return (errint_t)got;
}

static int do_diff(struct call *call)
{
	struct mica_tree a, b;
	struct mica_diff *diff;
	errint_t code;

	two_trees(call, 0, &a, &b);
	code = mica_diff_open(&diff, &a, &b, call->diff_flags, &call->job, &call->err);
	if (code == 0)
		code = read_changes(diff, &call->err);
	mica_diff_close(diff);
	return code;
}

static int do_capture(struct call *call)
{
	struct mica_tree a, b;

	two_trees(call, 1, &a, &b);
	return mica_capture(&a, &b, call->args[call->count - 1], call->layer_flags, &call->job, &call->err);
}

static int do_apply(struct call *call)
{
	if (call->count != 2)
		usage();
	call->overlay = true;
	struct mica_tree layer = tree_of(call, call->args, 1);

	return mica_apply(&layer, call->args[1], call->layer_flags, &call->job, &call->err);
}

static int print_totals(errint_t code, const uint8_t *digest, int len, const struct mica_totals *totals)
{
	for (int i = 0; code == 0 && i < len; i++)
		printf("%02x", digest[i]);
	if (code == 0)
		printf(" %" PRIu64 " %" PRIu64 "\n", totals->entries, totals->bytes);
	return code;
}

static int do_manifest(struct call *call)
{
	struct mica_tree tree = tree_of(call, call->args, call->count);
	struct mica_totals totals;
	uint8_t digest[32];
	errint_t code = mica_manifest(&tree, digest, &totals, &call->job, &call->err);

	return print_totals(code, digest, sizeof(digest), &totals);
}

static int do_check(struct call *call)
{
	struct mica_tree tree = tree_of(call, call->args, call->count);
	struct mica_totals totals;
	uint8_t check[MICA_CHECK];
	errint_t code = mica_check(&tree, check, &totals, &call->job, &call->err);

	return print_totals(code, check, sizeof(check), &totals);
}

static int do_remove(struct call *call)
{
	if (call->count != 1)
		usage();
	return mica_remove(call->args[0], &call->job, &call->err);
}

static int do_discard(struct call *call)
{
	if (call->count != 1)
		usage();
	return mica_discard(call->args[0], &call->job, &call->err);
}

static int do_protect_layer(struct call *call)
{
	uint64_t count;
	errint_t code;

	if (call->count != 1)
		usage();
	code = mica_protect_layer(call->args[0], call->layer_flags, &count, &call->job, &call->err);
	if (code == 0)
		printf("%" PRIu64 "\n", count);
	return code;
}

static int do_make_directory_like(struct call *call)
{
	if (call->count != 2)
		usage();
	return mica_make_directory_like(call->args[0], call->args[1], &call->err);
}

static int do_sync(struct call *call)
{
	if (call->count != 1)
		usage();
	return mica_sync(call->args[0], &call->err);
}

static void print_remarks(FILE *out, const struct mica_remarks *remarks)
{
	static const char *const whats[] = {"",	     "socket", "name", "holes",	 "flags", "xattr",
					    "empty", "parent", "root", "device", "aufs",  "key"};

	for (uint64_t at = 0; at < remarks->len;) {
		const struct mica_remark *remark = (const void *)(remarks->records + at);

		fprintf(out, "%s ", whats[remark->what]);
		print_bytes(out, remark->text, remark->path_len);
		putc(' ', out);
		print_bytes(out, remark->text + remark->path_len + 1, remark->detail_len);
		putc('\n', out);
		at += remark->record_len;
	}
}

static void print_digest(FILE *out, const uint8_t digest[32])
{
	for (int i = 0; i < 32; i++)
		fprintf(out, "%02x", digest[i]);
	putc(' ', out);
}

static void print_tar(FILE *out, const struct mica_tar *tar, const struct mica_remarks *remarks)
{
	print_digest(out, tar->diff_id);
	print_digest(out, tar->digest);
	fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", tar->bytes, tar->packed, tar->entries);
	print_remarks(out, remarks);
}

static int do_tar(struct call *call)
{
	struct mica_tar tar;
	struct mica_remarks remarks = {0};
	errint_t code;

	if (call->count != 2)
		usage();
	bool to_stdout = !strcmp(call->args[1], "-");
	code = mica_tar_write(call->args[0], to_stdout ? NULL : call->args[1], 1, call->compression, call->layer_flags,
			      &tar, &remarks, &call->job, &call->err);
	if (code == 0)
		print_tar(to_stdout ? stderr : stdout, &tar, &remarks);
	mica_remarks_free(&remarks);
	return code;
}

static int do_untar(struct call *call)
{
	struct mica_tar tar;
	struct mica_remarks remarks = {0};
	errint_t code;

	if (call->count != 2)
		usage();
	bool from_stdin = !strcmp(call->args[0], "-");
	code = mica_tar_read(from_stdin ? NULL : call->args[0], 0, call->args[1], &call->limits, call->layer_flags,
			     &tar, &remarks, &call->job, &call->err);
	if (code == 0)
		print_tar(from_stdin ? stderr : stdout, &tar, &remarks);
	mica_remarks_free(&remarks);
	return code;
}

static const struct verb {
	const char *name;
	int (*run)(struct call *call);
} verbs[] = {
	{"diff", do_diff},
	{"capture", do_capture},
	{"apply", do_apply},
	{"manifest", do_manifest},
	{"remove", do_remove},
	{"discard", do_discard},
	{"protect-layer", do_protect_layer},
	{"make-directory-like", do_make_directory_like},
	{"sync", do_sync},
	{"tar", do_tar},
	{"untar", do_untar},
	{"check", do_check},
};

static bool parse_flag(struct call *call, const char *flag)
{
	if (!strcmp(flag, "--overlay"))
		call->overlay = true;
	else if (!strcmp(flag, "--exact"))
		call->diff_flags |= MICA_DIFF_EXACT;
	else if (!strcmp(flag, "--sync"))
		call->layer_flags |= MICA_SYNC;
	else if (!strcmp(flag, "--reflink-only"))
		call->layer_flags |= MICA_REFLINK_ONLY;
	else if (!strcmp(flag, "--unstable"))
		call->layer_flags |= MICA_COPY_UNSTABLE;
	else if (!strcmp(flag, "--own"))
		call->layer_flags |= MICA_OWN;
	else if (!strcmp(flag, "--layer"))
		call->layer = true;
	else if (!strcmp(flag, "--exact-layer"))
		call->layer_flags |= MICA_LAYER_EXACT;
	else if (!strcmp(flag, "--gzip"))
		call->compression = MICA_TAR_GZIP;
	else if (!strcmp(flag, "--zstd"))
		call->compression = MICA_TAR_ZSTD;
	else if (!strncmp(flag, "--most-bytes=", 13))
		call->limits.bytes = strtoull(flag + 13, NULL, 10);
	else if (!strncmp(flag, "--most-entries=", 15))
		call->limits.entries = strtoull(flag + 15, NULL, 10);
	else if (!strncmp(flag, "--most-path=", 12))
		call->limits.path = (uint32_t)strtoul(flag + 12, NULL, 10);
	else if (!strncmp(flag, "--most-depth=", 13))
		call->limits.depth = (uint32_t)strtoul(flag + 13, NULL, 10);
	else if (!strncmp(flag, "--threads=", 10))
		call->job.threads = (uint32_t)strtoul(flag + 10, NULL, 10);
	else if (!strcmp(flag, "--userxattr")) {
		call->tree_flags |= MICA_TREE_USERXATTR;
		call->layer_flags |= MICA_LAYER_USERXATTR;
	} else
		return false;
	return true;
}

static void print_error(const struct mica_error *err)
{
	fprintf(stderr, "core-driver: %s ", err->step);
	print_bytes(stderr, err->path, err->path_len);
	fprintf(stderr, ": %s%s%s\n", strerror(-err->code), *err->note ? ": " : "", err->note);
}

int main(int argc, char **argv)
{
	struct call call = {0};
	const struct verb *verb = NULL;
	int at = 2;

	for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(argv[1], verbs[i].name))
			verb = &verbs[i];
	if (!verb)
		usage();
	while (at < argc && !strncmp(argv[at], "--", 2) && argv[at][2] && parse_flag(&call, argv[at]))
		at++;
	call.args = argv + at;
	call.count = argc - at;
	if (verb->run(&call) == 0)
		return 0;
	print_error(&call.err);
	return 1;
}
