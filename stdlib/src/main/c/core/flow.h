/*
 * flow.h - a stream of bytes in blocks that go from stage to stage, each with threads of its own. Private to core/.
 *
 * The blocks are a ring. Stage 0 fills a block, and each further stage works on it after the stage before, in the order
 * of the stream. After the last stage the block is filled again. A stage with several threads works on several blocks
 * at a time, and passes them on in order. So a walk, a hash and a compressor run at the same time, and only the ring is
 * in memory.
 */
#ifndef MICA_FLOW_H
#define MICA_FLOW_H

#include <pthread.h>

#include "pool.h"

enum {
	FLOW_BLOCK = 1 << 18, /* bytes: a multiple of tar's 512, so that each header lies in one block */
	FLOW_BLOCKS = 12,
	FLOW_STAGES = 4,
	FLOW_THREADS = 12
};

struct flow_block {
	uint8_t *bytes; /* has room for FLOW_BLOCK bytes */
	size_t len;
	bool last; /* it is the last block of the stream, which may be empty */
	/* Results of a stage for a later one: */
	uint8_t *packed;
	size_t packed_len, packed_room;
	uint32_t check;
	uint8_t *before; /* the end of the block before, if a stage needs it */
	size_t before_len;
	unsigned int reached; /* for the flow: how many stages are done with it */
};

/* The work of a stage on one block. The first failure ends the flow. */
typedef errint_t flow_work(void *user, struct flow_block *block, struct mica_error *err);

struct flow {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct flow_block blocks[FLOW_BLOCKS];
	struct {
		uint64_t taken, done; /* the numbers of blocks since the beginning of the stream */
	} stage[FLOW_STAGES];
	unsigned int stages;
	uint64_t end; /* how many blocks the stream has, once that is known */
	bool broken;  /* something has failed, or the rest is not wanted */
	struct first_failure failure;
	pthread_t thread[FLOW_THREADS];
	unsigned int threads;
};

/* Makes a flow with that many stages. The caller must run the stages itself that get no threads from flow_run, and must
 * call flow_free, even after a failure. */
errint_t flow_start(struct flow *flow, unsigned int stages);
/* Starts at most that many threads for a stage, which call work. -EAGAIN: not even one could be started. */
errint_t flow_run(struct flow *flow, unsigned int stage, unsigned int threads, flow_work *work, void *user);

/* Waits for the next block for a stage. NULL: there are no more blocks, or the flow is broken. */
struct flow_block *flow_get(struct flow *flow, unsigned int stage);
/* Passes the block on, with which the stage is done. In stage 0 block->last says whether it is the last one. */
void flow_put(struct flow *flow, unsigned int stage, struct flow_block *block);

/* Ends the flow for all stages because of the failure err; NULL: because the rest is not wanted. */
void flow_break(struct flow *flow, const struct mica_error *err);
bool flow_is_broken(struct flow *flow);
/* Waits for the end of all threads, which end when the last block has passed all stages or the flow is broken. Returns
 * the first failure, which *err gets, too. */
errint_t flow_join(struct flow *flow, struct mica_error *err);
/* Breaks the flow if it still runs, and waits for the end of all threads. A zeroed flow is accepted. */
void flow_stop(struct flow *flow);
/* Stops the flow, and frees it. A zeroed flow is accepted. */
void flow_free(struct flow *flow);

#endif
