/*
 * pool.h - a few threads that run tasks handed over by one owner. The owner counts as one of them: when the
 * queue is full it runs a task itself, so one thread means none is started. Private to core/.
 */
#ifndef MICA_POOL_H
#define MICA_POOL_H

#include "base.h"

struct pool;

/* A task is embedded in what it works on; run owns it from the hand-over on and must not fail silently. */
struct pool_task {
	struct pool_task *next;
	void (*run)(struct pool_task *task);
};

/* threads 0: as many as pay. */
errint_t pool_start(struct pool **out, uint32_t threads);
void pool_submit(struct pool *pool, struct pool_task *task);
/* Runs one task that waits, or else awaits the end of one that runs. Returns at once if there is neither. */
void pool_help(struct pool *pool);
/* Runs or awaits everything handed over so far. */
void pool_drain(struct pool *pool);
/* Drains, then ends the threads. NULL is fine. */
void pool_stop(struct pool *pool);

static inline void cleanup_pool_p(struct pool **pool)
{
	pool_stop(*pool);
}
#define cleanup_pool __attribute__((cleanup(cleanup_pool_p)))

/* Runs it in a thread that nobody waits for. False: none could be started. */
bool thread_beside(void *(*body)(void *arg), void *arg);

/* The first failure among threads that share nothing else. Zeroed is none. */
struct first_failure {
	int taken;
	errint_t code; /* set last, so that who sees it sees err */
	struct mica_error err;
};
void failure_note(struct first_failure *failure, const struct mica_error *err);
static inline errint_t failure_code(const struct first_failure *failure)
{
	return __atomic_load_n(&failure->code, __ATOMIC_ACQUIRE);
}

#endif
