/*
 * pool.h - a few threads that run the tasks of one owner. The owner counts as one of them, because it runs a task
 * itself when the queue is full: with one thread, none is started. Private to core/.
 */
#ifndef MICA_POOL_H
#define MICA_POOL_H

#include "base.h"

struct pool;

/* A task, which is a part of the struct that it works on. That struct belongs to run once the task is submitted, and
 * run must report its failures itself. */
struct pool_task {
	struct pool_task *next;
	void (*run)(struct pool_task *task);
};

/* Starts a pool of at most 8 threads; threads 0: one for each online processor. */
errint_t pool_start(struct pool **out, uint32_t threads);
/* Queues a task, or runs it at once if the queue is full or there are no threads. */
void pool_submit(struct pool *pool, struct pool_task *task);
/* Runs one task that waits, or else waits for the end of one that runs. Returns at once if there is neither. */
void pool_help(struct pool *pool);
/* Runs tasks, and waits until all that were submitted have ended. */
void pool_drain(struct pool *pool);
/* Drains the pool, ends the threads and frees it. NULL is accepted. */
void pool_stop(struct pool *pool);

static inline void cleanup_pool_p(struct pool **pool)
{
	pool_stop(*pool);
}
#define cleanup_pool __attribute__((cleanup(cleanup_pool_p)))

/* Runs body in a detached thread. False: no thread could be started, and body does not run. */
bool thread_beside(void *(*body)(void *arg), void *arg);

/* The first failure of several threads. A zeroed struct has none. */
struct first_failure {
	int taken;
	errint_t code; /* set last, so that a thread that sees it can read err */
	struct mica_error err;
};
/* Notes a failure, unless there is one already or err has none. */
void failure_note(struct first_failure *failure, const struct mica_error *err);
static inline errint_t failure_code(const struct first_failure *failure)
{
	return __atomic_load_n(&failure->code, __ATOMIC_ACQUIRE);
}

#endif
