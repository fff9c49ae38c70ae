/*
 * same.h - whether two entries are the same, and in what they differ. Private to core/.
 */
#ifndef MICA_SAME_H
#define MICA_SAME_H

#include "view.h"

/* One per thread: room for the bytes of both sides, made when the first file is read. */
struct same_buffers {
	char *a, *b;
};
void same_buffers_free(struct same_buffers *buffers);

struct same {
	struct mica_job *job;
	const uint32_t *stop;
	struct same_buffers *buffers;
	bool exact;
};

static inline bool same_stopped(const struct same *same)
{
	return job_cancelled(same->job) || __atomic_load_n(same->stop, __ATOMIC_RELAXED);
}

/*
 * MICA_CONTENT | MODE | OWNER | TIMES | XATTR of two entries of one type; for directories without
 * what is in them. Both parents are pinned. -ENOENT or -ESTALE: one of them went away meanwhile.
 */
errint_t same_compare(const struct same *same, struct ventry *a, struct ventry *b, uint32_t *what,
		      struct mica_error *err);

static inline bool same_inode(const struct ventry *a, const struct ventry *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

/* The bytes of two regular files of one size (same_bytes.c). */
errint_t same_bytes(const struct same *same, const struct ventry *a, const struct ventry *b, bool *equal,
		    struct mica_error *err);

#endif
