/*
 * walk.h - the double walk of the diff: pairs of directories become tasks, any thread runs them, and one consumer takes
 * their results in order. Private to core/.
 *
 * A task is a pair of directories, or the next names of a pair with many names. It compares each name and produces
 * items in order: changes, and tasks for the directories below. Threads take tasks in the order in which the consumer
 * will need them, and only while the results that are not consumed yet stay small. The consumer itself runs a task that
 * no thread has taken. So one thread is enough, and no thread can wait for itself.
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
	uint8_t kind; /* enum mica_kind; 0: it has no line, only a child or a hard link */
	uint32_t what;
	uint32_t name; /* the offset in the task's bytes */
	uint32_t link; /* index in the task's links + 1; 0: none */
	struct item_side a, b;
	struct task *child; /* the task that follows this item */
};

/* The names of a pair, which all tasks of the pair share. */
struct listing {
	uint32_t refs;
	uint32_t extra; /* the number of b's layers above all of a's, if only those are walked; otherwise 0 */
	struct names a, b;
};

enum task_state { TASK_WAITING, TASK_RUNNING, TASK_DONE };

struct task {
	struct pair *pair;
	struct listing *listing; /* NULL before a pair's first task has run */
	size_t at_a, at_b;	 /* the first names to look at */
	size_t end_a, end_b;
	/* The pair's own line, which is decided when its names are known. If a type is 0, there is none. */
	struct item self;
	/* Results. */
	struct item *items;
	size_t count, room;
	char *bytes;
	size_t bytes_used, bytes_room;
	struct link_pair *links;
	size_t link_count, link_room;
	struct task *rest; /* the task of the next names of the same pair */
	errint_t ret;
	struct mica_error *err;
	/* For the consumer: */
	size_t consumed;
	struct task *up;
	/* For the walk, under its lock: */
	enum task_state state;
	struct task *before, *after;
};

/* What every task of a diff needs to know. */
struct walk_context {
	const struct view *a, *b;
	struct mica_job *job;
	bool exact;
	/* Every name is looked at, even if b's upper layers would be enough, but only inodes that both trees share
	 * count. */
	bool shared_only;
	bool all_names; /* every name is looked at, and compared as usual */
	uint32_t stop;	/* set by another thread: the rest is not wanted */
};

/* task.c: these take over a and b, or pair, also on failure. */
errint_t pair_new(struct pair *parent, const char *name, struct vdir *a, struct vdir *b, struct pair **out);
errint_t task_new(struct pair *pair, struct task **out);
void task_free(struct task *task); /* with its children and its rest */
size_t task_weight(const struct task *task);
/* Whether both are the same directories of the same layers. */
bool vdir_is_same(const struct vdir *a, const struct vdir *b);
/* How many layers of the pair's b lie above exactly those of its a; 0: b does not lie above a. */
uint32_t pair_extra(const struct pair *pair);
struct item_side item_side_of(const struct ventry *entry);
/* Adds a copy of item. *out is valid until the next item is added; name may be NULL. */
errint_t task_add_item(struct task *task, const struct item *item, const char *name, struct item **out);
/* Gives the item a child for the pair of a and b, one of which may be NULL. Takes over a and b, also on failure. */
errint_t task_add_child(struct task *task, struct item *item, const char *name, struct vdir *a, struct vdir *b);
errint_t task_add_link(struct task *task, struct item *item, const struct ventry *a, const struct ventry *b);

/* walk-prepare.c: makes the task of the two roots, or NULL if there is nothing to compare. */
errint_t task_root(struct walk_context *context, struct task **out, struct mica_error *err);
/* The first step of a task: pins the pair, lists its names, and leaves all but the first names to task->rest. On
 * failure the pair is not pinned. */
errint_t task_prepare(struct walk_context *context, struct task *task, struct mica_error *err);
/* Which of two sorted lists has the next name: negative if only a has it, positive if only b, 0 if both. */
int listing_next(const struct listing *listing, size_t a, size_t b);
/* Unpins the pair after the second step. Its directories stay open for a while only if tasks below them, or its rest,
 * still need them. */
void task_leave(const struct task *task);

/* walk-task.c: the second step, if the first has succeeded: compares the entries. */
errint_t task_run(struct walk_context *context, struct task *task, struct same_buffers *buffers,
		  struct mica_error *err);

/* walk.c: starts a walk with the task root. The caller must call walk_stop. */
struct walk;
errint_t walk_start(struct walk_context *context, struct task *root, struct walk **out);
/* Waits for the task, or runs it, and runs others meanwhile. */
void walk_await(struct walk *walk, struct task *task);
/* Must be called when the consumer is done with the task, before it frees it. Its children and its rest stay. */
void walk_release(struct walk *walk, struct task *task);
/* Ends the threads. The caller must free the tasks that were not consumed. */
void walk_stop(struct walk *walk);

#endif
