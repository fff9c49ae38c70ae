/*
 * same-bytes.h - whether two regular files hold the same bytes. Private to core/.
 */
#ifndef MICA_SAME_BYTES_H
#define MICA_SAME_BYTES_H

#include "view.h"

/* Buffers for the bytes of both files. Each thread has its own, zeroed at first; they are allocated when the first file
 * is read. */
struct same_buffers {
	char *a, *b;
};
void same_buffers_free(struct same_buffers *buffers);

/* What all comparisons have in common. They end early if the job is cancelled or *stop is set. */
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

/* Compares the bytes of two regular files of the same size. -ECANCELED. */
errint_t same_bytes(const struct same *same, const struct ventry *a, const struct ventry *b, bool *equal,
		    struct mica_error *err);

#endif
