#include "flow.h"

#include <signal.h>

/* The work of one thread. */
struct runner {
	struct flow *flow;
	unsigned int stage;
	flow_work *work;
	void *user;
};

errint_t flow_start(struct flow *flow, unsigned int stages)
{
	*flow = (struct flow){.stages = stages, .end = UINT64_MAX};
	pthread_mutex_init(&flow->lock, NULL);
	pthread_cond_init(&flow->moved, NULL);
	for (size_t i = 0; i < FLOW_BLOCKS; i++) {
		flow->blocks[i].bytes = malloc(FLOW_BLOCK);
		if (!flow->blocks[i].bytes)
			return -ENOMEM;
	}
	return 0;
}

/* The number of blocks that the stage may have taken by now. */
static uint64_t may_take(const struct flow *flow, unsigned int stage)
{
	return stage ? flow->stage[stage - 1].done : flow->stage[flow->stages - 1].done + FLOW_BLOCKS;
}

struct flow_block *flow_get(struct flow *flow, unsigned int stage)
{
	struct flow_block *block = NULL;

	pthread_mutex_lock(&flow->lock);
	while (!flow->broken && flow->stage[stage].taken < flow->end &&
	       flow->stage[stage].taken == may_take(flow, stage))
		pthread_cond_wait(&flow->moved, &flow->lock);
	if (!flow->broken && flow->stage[stage].taken < flow->end) {
		block = &flow->blocks[flow->stage[stage].taken++ % FLOW_BLOCKS];
		if (!stage) {
			block->len = block->packed_len = block->before_len = 0;
			block->last = false;
			block->reached = 0;
		}
	}
	pthread_mutex_unlock(&flow->lock);
	return block;
}

void flow_put(struct flow *flow, unsigned int stage, struct flow_block *block)
{
	pthread_mutex_lock(&flow->lock);
	block->reached = stage + 1;
	if (!stage && block->last)
		flow->end = flow->stage[0].taken;
	/* Blocks are done in order, whichever thread was first. */
	while (flow->stage[stage].done < flow->stage[stage].taken &&
	       flow->blocks[flow->stage[stage].done % FLOW_BLOCKS].reached > stage)
		flow->stage[stage].done++;
	pthread_cond_broadcast(&flow->moved);
	pthread_mutex_unlock(&flow->lock);
}

void flow_break(struct flow *flow, const struct mica_error *err)
{
	pthread_mutex_lock(&flow->lock);
	if (err)
		failure_note(&flow->failure, err);
	flow->broken = true;
	pthread_cond_broadcast(&flow->moved);
	pthread_mutex_unlock(&flow->lock);
}

bool flow_is_broken(struct flow *flow)
{
	bool broken;

	pthread_mutex_lock(&flow->lock);
	broken = flow->broken;
	pthread_mutex_unlock(&flow->lock);
	return broken;
}

static void *run(void *arg)
{
	struct runner runner = *(struct runner *)arg;
	struct mica_error err;
	struct flow_block *block;

	free(arg);
	mica_error_clear(&err);
	while ((block = flow_get(runner.flow, runner.stage))) {
		if (runner.work(runner.user, block, &err) < 0)
			flow_break(runner.flow, &err);
		flow_put(runner.flow, runner.stage, block);
	}
	return NULL;
}

errint_t flow_run(struct flow *flow, unsigned int stage, unsigned int threads, flow_work *work, void *user)
{
	unsigned int started = 0;
	sigset_t all, before;

	/* Block all signals: they are for the threads of the host program. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < threads && flow->threads < FLOW_THREADS) {
		struct runner *runner = malloc(sizeof(*runner));

		if (!runner)
			break;
		*runner = (struct runner){flow, stage, work, user};
		if (pthread_create(&flow->thread[flow->threads], NULL, run, runner) != 0) {
			free(runner);
			break;
		}
		flow->threads++;
		started++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started ? 0 : -EAGAIN; /* with fewer threads it is only slower */
}

errint_t flow_join(struct flow *flow, struct mica_error *err)
{
	while (flow->threads)
		pthread_join(flow->thread[--flow->threads], NULL);
	if (failure_code(&flow->failure) && err && !err->code)
		*err = flow->failure.err;
	return failure_code(&flow->failure);
}

void flow_stop(struct flow *flow)
{
	if (!flow->stages)
		return;
	flow_break(flow, NULL);
	flow_join(flow, NULL);
}

void flow_free(struct flow *flow)
{
	if (!flow->stages)
		return;
	flow_stop(flow);
	for (size_t i = 0; i < FLOW_BLOCKS; i++) {
		free(flow->blocks[i].bytes);
		free(flow->blocks[i].packed);
		free(flow->blocks[i].before);
	}
	pthread_cond_destroy(&flow->moved);
	pthread_mutex_destroy(&flow->lock);
	flow->stages = 0;
}
