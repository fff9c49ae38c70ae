/*
 * base.h - what every file of the core uses: cleanup at the declaration, and failures that name their step and path.
 * Mica's programs use it, too.
 */
#ifndef MICA_BASE_H
#define MICA_BASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mica.h"

/* cleanup_free frees, and cleanup_fd closes, when the variable goes out of scope. steal_pointer and steal_fd take the
 * value out of the variable when its ownership leaves the function. */
static inline void cleanup_free_p(void *p)
{
	free(*(void **)p);
}
static inline void cleanup_fd_p(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
}
#define cleanup_free __attribute__((cleanup(cleanup_free_p)))
#define cleanup_fd __attribute__((cleanup(cleanup_fd_p)))

static inline int steal_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}
#define steal_pointer(p)                                                                                               \
	({                                                                                                             \
		__typeof__(*(p)) taken_ = *(p);                                                                        \
		*(p) = NULL;                                                                                           \
		taken_;                                                                                                \
	})

/*
 * These fill *err, unless err is NULL, and return code, so that a failing line reads
 * `return mica_fail(err, -errno, "open", path);`. If *err has a failure already, it keeps that, so that cleaning up
 * never hides the cause. mica_fail_at joins directory and name.
 */
errint_t mica_fail(struct mica_error *err, errint_t code, const char *step, const char *path);
errint_t mica_fail_at(struct mica_error *err, errint_t code, const char *step, const char *dir, const char *name);
errint_t mica_fail_note(struct mica_error *err, errint_t code, const char *step, const char *path, const char *note,
			...) __attribute__((format(printf, 5, 6)));
/* Empties *err, which may have the failure of an earlier call. Every public function calls it first. */
void mica_error_clear(struct mica_error *err);

/* For a long call: whether its job was cancelled, and a way to count its progress. job may be NULL. */
static inline bool job_cancelled(struct mica_job *job)
{
	return job && __atomic_load_n(&job->cancel, __ATOMIC_RELAXED);
}
static inline void job_add(struct mica_job *job, uint64_t entries, uint64_t bytes)
{
	if (!job)
		return;
	if (entries)
		__atomic_fetch_add(&job->entries, entries, __ATOMIC_RELAXED);
	if (bytes)
		__atomic_fetch_add(&job->bytes, bytes, __ATOMIC_RELAXED);
}

/* identity.c: fills in the identity of the directory that fd has open. */
errint_t mica_identify(int fd, struct mica_identity *is);

#endif
