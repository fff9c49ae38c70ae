/*
 * flow.h - a stream of bytes in blocks, handed on from stage to stage, each on threads of its own. Private to core/.
 *
 * The blocks go round in a ring. Stage 0 fills one, each further stage works on it after the one before, in the order
 * of the stream, and after the last it is filled anew. A stage with several threads works on several blocks at a time,
 * and hands them on in order. So a walk, a hash and a compressor overlap, and what is in memory is the ring.
 */
#ifndef MICA_FLOW_H
#define MICA_FLOW_H

#include <pthread.h>

#include "pool.h"

enum {
	FLOW_BLOCK = 1 << 18, /* bytes: a multiple of tar's 512, so that no header lies in two */
	FLOW_BLOCKS = 12,
	FLOW_STAGES = 4,
	FLOW_THREADS = 12
};

struct flow_block {
	uint8_t *bytes; /* room for FLOW_BLOCK */
	size_t len;
	bool last; /* of the stream; may be empty */
	/* A stage's for a later one: */
	uint8_t *packed;
	size_t packed_len, packed_room;
	uint32_t check;
	uint8_t *before; /* the end of the block before, where a stage needs it */
	size_t before_len;
	unsigned int reached; /* the flow's: the stages that are through with it */
};

/* What a stage does with each block. The first failure ends the flow. */
typedef errint_t flow_work(void *user, struct flow_block *block, struct mica_error *err);

struct flow {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct flow_block blocks[FLOW_BLOCKS];
	struct {
		uint64_t taken, done; /* blocks, counted from the stream's beginning */
	} stage[FLOW_STAGES];
	unsigned int stages;
	uint64_t end; /* how many blocks there are in all, once that is known */
	bool broken;  /* by a failure, or because nobody wants the rest */
	struct first_failure failure;
	pthread_t thread[FLOW_THREADS];
	unsigned int threads;
};

/* A flow of so many stages; those that get no thread by flow_run are the caller's own to run. */
errint_t flow_start(struct flow *flow, unsigned int stages);
errint_t flow_run(struct flow *flow, unsigned int stage, unsigned int threads, flow_work *work, void *user);

/* The next block for a stage, waiting for it; NULL: there is none any more, or the flow is broken. */
struct flow_block *flow_get(struct flow *flow, unsigned int stage);
/* The stage is through with it. Stage 0 says with block->last that it was the last. */
void flow_put(struct flow *flow, unsigned int stage, struct flow_block *block);

/* Ends it for all stages: because of err, or, with NULL, because the rest is not wanted. */
void flow_break(struct flow *flow, const struct mica_error *err);
bool flow_is_broken(struct flow *flow);
/* Awaits the end of all threads: they end when the last block has gone through, or it is broken. Returns the first
 * failure, which *err gets. */
errint_t flow_join(struct flow *flow, struct mica_error *err);
/* Breaks it if it still runs, and awaits the end of all threads. One that is zeroed is fine. */
void flow_stop(struct flow *flow);
/* Stops it, and frees it. One that is zeroed is fine. */
void flow_free(struct flow *flow);

#endif
