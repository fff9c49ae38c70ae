/* trees.h - trees to test with, deeper and wider than paths and shells can make, and counting a diff's lines. */
#ifndef MICA_TREES_H
#define MICA_TREES_H

#include "tap.h"

static inline int make_dir(int at, const char *name)
{
	int fd;

	NEED(mkdirat(at, name, 0755));
	NEED(fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	return fd;
}

static inline void make_file(int at, const char *name, const char *text)
{
	int fd = openat(at, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	NEED(fd);
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail(name);
	/* A time of its own would be a change. */
	const struct timespec then[2] = {{1500000000, 0}, {1500000000, 0}};
	NEED(futimens(fd, then));
	close(fd);
}

/* depth directories, each in the one before, each with a file; the deepest also has "end" with that text. */
static inline void make_deep_tree(const char *path, int depth, const char *end)
{
	int at = make_dir(AT_FDCWD, path);

	for (int i = 0; i < depth; i++) {
		int next = make_dir(at, "d");
		make_file(next, "f", "same");
		close(at);
		at = next;
	}
	make_file(at, "end", end);
	close(at);
}

/* dirs directories of files files each; every other one leaves out the last file if less. */
static inline void make_wide_tree(const char *path, int dirs, int files, bool less)
{
	int root = make_dir(AT_FDCWD, path);
	char name[32];

	for (int d = 0; d < dirs; d++) {
		snprintf(name, sizeof(name), "dir%06d", d);
		int dir = make_dir(root, name);
		for (int f = 0; f < files - (less && d % 2); f++) {
			snprintf(name, sizeof(name), "file%06d", f);
			make_file(dir, name, "");
		}
		close(dir);
	}
	close(root);
}

static inline struct mica_tree plain_tree(const char *const *path)
{
	return (struct mica_tree){.layers = path, .count = 1, .kind = MICA_TREE_PLAIN};
}

/* Lines, of which *kinds[MICA_ADDED ...] of each kind, or -errno. */
static inline int64_t count_changes(const struct mica_tree *a, const struct mica_tree *b, struct mica_job *job,
				    uint64_t kinds[4], struct mica_error *err)
{
	static _Thread_local char buf[1 << 18] __attribute__((aligned(8)));
	struct mica_diff *diff = NULL;
	int64_t lines = 0, used = mica_diff_open(&diff, a, b, MICA_DIFF_EXACT, job, err);

	if (used < 0)
		return used;
	memset(kinds, 0, 4 * sizeof(*kinds));
	while ((used = mica_diff_read(diff, buf, sizeof(buf), err)) > 0)
		for (int64_t at = 0; at < used; lines++) {
			const struct mica_change *change = (struct mica_change *)(buf + at);
			kinds[change->kind & 3]++;
			at += change->record_len;
		}
	mica_diff_close(diff);
	return used < 0 ? used : lines;
}

#endif
