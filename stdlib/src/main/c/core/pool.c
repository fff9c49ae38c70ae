#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

enum { MOST_THREADS = 8, QUEUE = 64, BESIDE_STACK = 64 << 10 };

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work; /* a task was queued, or the pool ends */
	pthread_cond_t done; /* a task has ended */
	struct pool_task *first, **last;
	uint32_t queued, running, threads;
	uint32_t most; /* the most tasks that may be queued */
	bool ending;
	pthread_t thread[MOST_THREADS];
};

static struct pool_task *take(struct pool *pool)
{
	struct pool_task *task = pool->first;

	if (!task)
		return NULL;
	pool->first = task->next;
	if (!pool->first)
		pool->last = &pool->first;
	pool->queued--;
	pool->running++;
	return task;
}

/* Called with the lock held; it is not held while the task runs. */
static void run(struct pool *pool, struct pool_task *task)
{
	pthread_mutex_unlock(&pool->lock);
	task->run(task);
	pthread_mutex_lock(&pool->lock);
	pool->running--;
	pthread_cond_broadcast(&pool->done);
}

static void *work(void *arg)
{
	struct pool *pool = arg;
	struct pool_task *task;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (!pool->first && !pool->ending)
			pthread_cond_wait(&pool->work, &pool->lock);
		task = take(pool);
		if (!task)
			break;
		run(pool, task);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static uint32_t how_many(uint32_t asked)
{
	long online = asked ? (long)asked : sysconf(_SC_NPROCESSORS_ONLN);

	return online < 1 ? 1 : online > MOST_THREADS ? MOST_THREADS : (uint32_t)online;
}

/* A task that waits may have two descriptors open. */
static uint32_t queue_length(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= 16 * QUEUE)
		return QUEUE;
	return limit.rlim_cur < 16 ? 1 : (uint32_t)limit.rlim_cur / 16;
}

errint_t pool_start(struct pool **out, uint32_t threads)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	uint32_t want = how_many(threads) - 1;
	sigset_t all, before;

	if (!pool)
		return -ENOMEM;
	pool->last = &pool->first;
	pool->most = queue_length();
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->done, NULL);
	/* Block all signals: they are for the threads of the host program. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (pool->threads < want && pthread_create(&pool->thread[pool->threads], NULL, work, pool) == 0)
		pool->threads++; /* with fewer threads it is only slower */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*out = pool;
	return 0;
}

void pool_submit(struct pool *pool, struct pool_task *task)
{
	pthread_mutex_lock(&pool->lock);
	if (!pool->threads || pool->queued >= pool->most) {
		pool->running++;
		run(pool, task);
	} else {
		task->next = NULL;
		*pool->last = task;
		pool->last = &task->next;
		pool->queued++;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
}

void pool_help(struct pool *pool)
{
	struct pool_task *task;

	pthread_mutex_lock(&pool->lock);
	task = take(pool);
	if (task)
		run(pool, task);
	else if (pool->running)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void pool_drain(struct pool *pool)
{
	struct pool_task *task;

	pthread_mutex_lock(&pool->lock);
	while ((task = take(pool)))
		run(pool, task);
	while (pool->running || pool->queued)
		pthread_cond_wait(&pool->done, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
}

void pool_stop(struct pool *pool)
{
	if (!pool)
		return;
	pool_drain(pool);
	pthread_mutex_lock(&pool->lock);
	pool->ending = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	while (pool->threads)
		pthread_join(pool->thread[--pool->threads], NULL);
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void failure_note(struct first_failure *failure, const struct mica_error *err)
{
	if (!err->code || __atomic_exchange_n(&failure->taken, 1, __ATOMIC_ACQ_REL))
		return;
	failure->err = *err;
	__atomic_store_n(&failure->code, err->code, __ATOMIC_RELEASE);
}

bool thread_beside(void *(*body)(void *arg), void *arg)
{
	pthread_attr_t attr;
	pthread_t thread;
	sigset_t all, before;
	int failed;

	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, BESIDE_STACK);
	/* Block all signals: they are for the threads of the host program. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread, &attr, body, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return !failed;
}
