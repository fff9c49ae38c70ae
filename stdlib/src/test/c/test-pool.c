/* Threads that run tasks: each once, all before a drain returns, failures kept. Worth most under TSan. */
#include "tap.h"

#include <pthread.h>

#include "pool.h"

struct task {
	struct pool_task base;
	int runs;
	uint32_t *sum;
	struct first_failure *failure;
};

static void run(struct pool_task *base)
{
	struct task *task = (struct task *)base;

	task->runs++;
	__atomic_fetch_add(task->sum, 1, __ATOMIC_RELAXED);
	if (task->failure) {
		struct mica_error err = {0};
		mica_fail(&err, -EIO, "try", "path");
		failure_note(task->failure, &err);
	}
}

#define TASKS 5000
static void all_run_once(uint32_t threads)
{
	struct task *tasks = calloc(TASKS, sizeof(*tasks));
	struct first_failure failure = {0};
	struct pool *pool = NULL;
	uint32_t sum = 0;
	bool once = true;

	if (!tasks)
		bail("calloc");
	ok(!pool_start(&pool, threads), "%u threads: start", threads);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < TASKS; i++) {
			tasks[i].base.run = run;
			tasks[i].sum = &sum;
			tasks[i].failure = round == 2 && i % 100 == 0 ? &failure : NULL;
			pool_submit(pool, &tasks[i].base);
		}
		pool_drain(pool);
		/* Plain reads: a drain orders them after the tasks. */
		for (int i = 0; i < TASKS; i++)
			once = once && tasks[i].runs == round + 1;
	}
	ok(once && sum == 3 * TASKS, "%u threads: each task ran once a round", threads);
	ok(failure_code(&failure) == -EIO && !strcmp(failure.err.step, "try"), "%u threads: a failure is kept",
	   threads);
	for (int i = 0; i < TASKS; i++)
		pool_submit(pool, &tasks[i].base);
	pool_stop(pool);
	ok(sum == 4 * TASKS, "%u threads: stopping runs what is left", threads);
	free(tasks);
}

static void *use_own_pool(void *arg)
{
	(void)arg;
	all_run_once(3);
	return NULL;
}

int main(void)
{
	for (uint32_t threads = 0; threads < 5; threads++)
		all_run_once(threads);
	all_run_once(1000);
	pool_stop(NULL);
	pthread_t thread;
	if (pthread_create(&thread, NULL, use_own_pool, NULL))
		bail("pthread_create");
	pthread_join(thread, NULL);
	return done();
}
