#include "walk.h"

#include <pthread.h>

/* The size of the results that may wait for the consumer. */
#define AHEAD_BYTES ((size_t)4 << 20)
/* Threads are started when so many tasks wait, or so many are done: a small diff is over before that. */
#define START_WAITING 8
#define START_DONE 24
#define MOST_THREADS 8

struct walk {
	struct walk_context *context;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct task *first; /* tasks that wait or run, in the order of the diff */
	size_t waiting, finished;
	size_t ahead;  /* bytes of results that are not consumed */
	uint32_t idle; /* threads waiting for work */
	uint32_t threads, wanted;
	bool stop, consumer_waits;
	struct same_buffers buffers; /* buffers of the consumer */
	pthread_t ids[MOST_THREADS];
};

/* Puts task into the list after `where`; NULL: at the head. All functions down to run_taken need the lock. */
static struct task *insert(struct walk *walk, struct task *where, struct task *task)
{
	struct task **link = where ? &where->after : &walk->first;

	task->before = where;
	task->after = *link;
	if (task->after)
		task->after->before = task;
	*link = task;
	walk->waiting++;
	return task;
}

static void take_out(struct walk *walk, struct task *task)
{
	*(task->before ? &task->before->after : &walk->first) = task->after;
	if (task->after)
		task->after->before = task->before;
}

static void wake_threads(struct walk *walk)
{
	if (walk->idle && walk->waiting)
		pthread_cond_broadcast(&walk->work);
}

/* The next task that nobody runs. It skips at most as many tasks as there are threads. */
static struct task *next_waiting(struct walk *walk)
{
	struct task *task = walk->ahead < AHEAD_BYTES && walk->waiting ? walk->first : NULL;

	while (task && task->state != TASK_WAITING)
		task = task->after;
	return task;
}

static void take(struct walk *walk, struct task *task)
{
	task->state = TASK_RUNNING;
	walk->waiting--;
}

/* The children of the task take its place; its rest is in the list after it already. */
static void finish(struct walk *walk, struct task *task)
{
	struct task *where = task;

	for (size_t i = 0; i < task->count; i++)
		if (task->items[i].child)
			where = insert(walk, where, task->items[i].child);
	take_out(walk, task);
	task->state = TASK_DONE;
	walk->finished++;
	walk->ahead += task_weight(task);
	wake_threads(walk);
	if (walk->consumer_waits)
		pthread_cond_signal(&walk->done);
}

/* Called without the lock. */
static errint_t run_task(struct walk *walk, struct task *task, struct same_buffers *buffers)
{
	struct mica_error err;
	errint_t ret;

	mica_error_clear(&err);
	ret = task_prepare(walk->context, task, &err);
	if (!ret && task->rest) {
		pthread_mutex_lock(&walk->lock);
		insert(walk, task, task->rest);
		wake_threads(walk);
		pthread_mutex_unlock(&walk->lock);
	}
	if (!ret)
		ret = task_run(walk->context, task, buffers, &err);
	if (ret) {
		task->err = malloc(sizeof(err));
		if (task->err)
			*task->err = err;
	}
	return ret;
}

static void run_taken(struct walk *walk, struct task *task, struct same_buffers *buffers)
{
	errint_t ret;

	take(walk, task);
	pthread_mutex_unlock(&walk->lock);
	ret = run_task(walk, task, buffers);
	pthread_mutex_lock(&walk->lock);
	task->ret = ret;
	finish(walk, task);
}

static void *thread_main(void *arg)
{
	struct walk *walk = arg;
	struct same_buffers buffers = {0};

	pthread_mutex_lock(&walk->lock);
	while (!walk->stop) {
		struct task *task = next_waiting(walk);

		if (task) {
			run_taken(walk, task, &buffers);
			continue;
		}
		walk->idle++;
		pthread_cond_wait(&walk->work, &walk->lock);
		walk->idle--;
	}
	pthread_mutex_unlock(&walk->lock);
	same_buffers_free(&buffers);
	return NULL;
}

/* If a thread cannot be started, there is one fewer. */
static void start_threads(struct walk *walk)
{
	if (walk->threads || !walk->wanted || (walk->waiting < START_WAITING && walk->finished < START_DONE))
		return;
	while (walk->threads < walk->wanted && !pthread_create(&walk->ids[walk->threads], NULL, thread_main, walk))
		walk->threads++;
	walk->wanted = walk->threads;
}

void walk_await(struct walk *walk, struct task *task)
{
	pthread_mutex_lock(&walk->lock);
	start_threads(walk);
	while (task->state != TASK_DONE) {
		struct task *other = task->state == TASK_WAITING ? task : next_waiting(walk);

		if (other) {
			run_taken(walk, other, &walk->buffers);
			continue;
		}
		walk->consumer_waits = true;
		pthread_cond_wait(&walk->done, &walk->lock);
		walk->consumer_waits = false;
	}
	pthread_mutex_unlock(&walk->lock);
}

void walk_release(struct walk *walk, struct task *task)
{
	pthread_mutex_lock(&walk->lock);
	walk->ahead -= task_weight(task);
	wake_threads(walk);
	pthread_mutex_unlock(&walk->lock);
}

static uint32_t threads_wanted(const struct mica_job *job)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t asked = job ? __atomic_load_n(&job->threads, __ATOMIC_RELAXED) : 0;
	uint32_t count = asked ? asked : online > 0 ? (uint32_t)online : 1;

	return (count > MOST_THREADS ? MOST_THREADS : count) - 1; /* the consumer is one of the threads */
}

errint_t walk_start(struct walk_context *context, struct task *root, struct walk **out)
{
	struct walk *walk = calloc(1, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->context = context;
	pthread_mutex_init(&walk->lock, NULL);
	pthread_cond_init(&walk->work, NULL);
	pthread_cond_init(&walk->done, NULL);
	walk->wanted = threads_wanted(context->job);
	insert(walk, NULL, root);
	*out = walk;
	return 0;
}

void walk_stop(struct walk *walk)
{
	if (!walk)
		return;
	pthread_mutex_lock(&walk->lock);
	walk->stop = true;
	__atomic_store_n(&walk->context->stop, 1, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&walk->work);
	pthread_mutex_unlock(&walk->lock);
	for (uint32_t i = 0; i < walk->threads; i++)
		pthread_join(walk->ids[i], NULL);
	pthread_mutex_destroy(&walk->lock);
	pthread_cond_destroy(&walk->work);
	pthread_cond_destroy(&walk->done);
	same_buffers_free(&walk->buffers);
	free(walk);
}
