/*
 * diff.h - the diff as an iterator, for those in the core who act on changes rather than print them.
 * Private to core/.
 */
#ifndef MICA_DIFF_H
#define MICA_DIFF_H

#include "view.h"

/*
 * A directory on the way down. Chains up to the root, whose parent is NULL and whose name is "". Reference-counted;
 * a and b are NULL where that side has no directory there.
 */
struct pair {
	struct pair *parent;
	uint32_t refs;
	uint32_t depth; /* the root is 0 */
	struct vdir *a, *b;
	char name[];
};

/*
 * One change. The entry is `name` in the directory `dir` (the root itself: dir is the root's pair, name is ""),
 * so a copier does
 *     vdir_pin(item.dir->b, err); vdir_lookup(item.dir->b, item.name, &entry, err); ...; vdir_unpin(item.dir->b);
 * and finds the directories that lead there by following dir->parent. Everything is valid until the next call.
 */
struct diff_item {
	uint8_t kind; /* enum mica_kind; 0: see diff_show_shared */
	uint8_t type_a, type_b;
	uint32_t what;
	uint64_t size_a, size_b;
	uint32_t mode_a, mode_b; /* permission bits */
	int64_t mtime_a, mtime_b;
	uint32_t mtime_nsec_a, mtime_nsec_b;
	struct pair *dir;
	const char *name;
};

/* The same as mica_diff_open with the trees' lines; 1 with an item, 0 at the end, or -errno. */
errint_t diff_next(struct mica_diff *diff, struct diff_item *item, struct mica_error *err);

/* mica_diff_open, but an overlay over a is not known by its upper layers alone: every name of both is met. */
errint_t diff_open_all_names(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b,
			     struct mica_job *job, struct mica_error *err);

/* How many layers b has on top of exactly those of a; 0: it has not. */
uint32_t diff_extra(const struct mica_diff *diff);

/* From now on diff_next also gives, with kind 0, the unchanged entries of b that have several links. */
void diff_show_shared(struct mica_diff *diff);

/* The opened trees. */
const struct view *diff_view_a(const struct mica_diff *diff);
const struct view *diff_view_b(const struct mica_diff *diff);

struct pair *pair_ref(struct pair *pair);
void pair_unref(struct pair *pair);

#endif
