/*
 * diff.h - the diff as an iterator, for the parts of the core that act on changes. Private to core/.
 */
#ifndef MICA_DIFF_H
#define MICA_DIFF_H

#include "view.h"

/*
 * The two directories with the same path in both trees. Each pair refers to its parent, up to the root, whose parent is
 * NULL and whose name is "". A pair is reference-counted. a or b is NULL if that tree has no directory there.
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

/* Gets the next change. Returns 1 with an item, 0 at the end, or -errno, which every further call returns again. */
errint_t diff_next(struct mica_diff *diff, struct diff_item *item, struct mica_error *err);

/* Opens an exact diff as mica_diff_open does, but looks at every name of both trees, even if b is an overlay over a, of
 * which the upper layers alone would show the changes. */
errint_t diff_open_all_names(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b,
			     struct mica_job *job, struct mica_error *err);

/* How many layers b has on top of exactly those of a; 0: b is not an overlay over a. */
uint32_t diff_extra(const struct mica_diff *diff);

/* From now on diff_next also gives, with kind 0, the unchanged entries of b that have several links. */
void diff_show_shared(struct mica_diff *diff);

/* The opened trees, which are borrowed from the diff. */
const struct view *diff_view_a(const struct mica_diff *diff);
const struct view *diff_view_b(const struct mica_diff *diff);

struct pair *pair_ref(struct pair *pair);
void pair_unref(struct pair *pair);

#endif
