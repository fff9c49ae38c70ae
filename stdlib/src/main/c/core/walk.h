/*
 * walk.h - the double walk behind the diff: directory pairs become tasks, any thread runs them, one
 * consumer takes their results in order. Private to core/.
 *
 * A task is a directory pair, or the next stretch of names of a wide one. Running it compares each name and
 * leaves items in order: changes, and tasks for the directories to go down into. Threads take tasks in the
 * order in which the consumer will want them, and only while what is done and not yet consumed stays small;
 * the consumer runs whatever nobody has taken. So one thread is enough, and nobody can wait for himself.
 */
#ifndef MICA_WALK_H
#define MICA_WALK_H

#include "diff.h"
#include "links.h"
#include "same.h"

struct task;

/* What an item says of one side. */
struct item_side {
	uint64_t size;
	int64_t mtime;
	uint32_t mtime_nsec;
	uint16_t mode;
	char type; /* 0: absent */
};

struct item {
	uint8_t kind; /* enum mica_kind; 0: no line, only a way down or a hard link */
	uint32_t what;
	uint32_t name; /* where in the task's bytes */
	uint32_t link; /* index in the task's links + 1; 0: none */
	struct item_side a, b;
	struct task *child; /* to be walked after this item */
};

/* The names of a pair, shared by the tasks of a wide one. */
struct listing {
	uint32_t refs;
	uint32_t extra; /* b's layers above all of a's, where only those are walked; else 0 */
	struct names a, b;
};

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_DONE };

struct task {
	struct pair *pair;
	struct listing *listing; /* NULL before a pair's first task has run */
	size_t at_a, at_b;	 /* the first names to look at */
	size_t end_a, end_b;
	/* The pair's own line, decided when its names are known; type 0 on either side: there is none. */
	struct item self;
	/* Results. */
	struct item *items;
	size_t count, room;
	char *bytes;
	size_t bytes_used, bytes_room;
	struct link_pair *links;
	size_t link_count, link_room;
	struct task *rest; /* the following names of the same pair */
	errint_t ret;
	struct mica_error *err;
	/* The consumer's. */
	size_t consumed;
	struct task *up;
	/* The walk's, under its lock. */
	enum task_state state;
	struct task *before, *after;
};

/* What every task of a diff needs to know. */
struct walk_context {
	const struct view *a, *b;
	struct mica_job *job;
	bool exact;
	/* Looks at every name, also where b's upper layers would do, and only for inodes that both sides share. */
	bool shared_only;
	bool all_names; /* looks at every name, and compares as ever */
	uint32_t stop;	/* set from outside: nobody wants the rest */
};

/* task.c */
/* Both take a and b, or pair, on failure too. */
errint_t pair_new(struct pair *parent, const char *name, struct vdir *a, struct vdir *b, struct pair **out);
errint_t task_new(struct pair *pair, struct task **out);
void task_free(struct task *task); /* and all that it leads to */
size_t task_weight(const struct task *task);
/* Both views show the very same directories there. */
bool vdir_is_same(const struct vdir *a, const struct vdir *b);
/* How many of b's layers lie above exactly a's; 0 if they do not. */
uint32_t pair_extra(const struct pair *pair);
struct item_side item_side_of(const struct ventry *entry);
/* *out is valid until the next item; name may be NULL. */
errint_t task_add_item(struct task *task, const struct item *item, const char *name, struct item **out);
/* The item leads down into what is a directory on one side or both; takes a and b. */
errint_t task_add_child(struct task *task, struct item *item, const char *name, struct vdir *a, struct vdir *b);
errint_t task_add_link(struct task *task, struct item *item, const struct ventry *a, const struct ventry *b);

/* walk-prepare.c */
/* The task of the two roots; NULL if there is nothing to compare. */
errint_t task_root(struct walk_context *context, struct task **out, struct mica_error *err);
/* First step: pins the pair, lists its names, cuts off task->rest. */
errint_t task_prepare(struct walk_context *context, struct task *task, struct mica_error *err);
/* Which of two sorted lists has the next name: negative if only a has it, positive if only b, 0 if both. */
int listing_next(const struct listing *listing, size_t a, size_t b);
/* Unpins the pair. What is below a directory is opened from it. If nothing more is to be done there, it need not stay
 * open. */
void task_leave(const struct task *task);

/* walk-task.c */
/* Second step, if the first went well: compares. */
errint_t task_run(struct walk_context *context, struct task *task, struct same_buffers *buffers,
		  struct mica_error *err);

/* walk.c */
struct walk;
errint_t walk_start(struct walk_context *context, struct task *root, struct walk **out);
/* Waits for the task, or runs it; helps with others meanwhile. */
void walk_await(struct walk *walk, struct task *task);
/* The consumer is through with it; its children and rest live on. */
void walk_release(struct walk *walk, struct task *task);
/* Ends the threads; unconsumed tasks are the caller's to free. */
void walk_stop(struct walk *walk);

#endif
