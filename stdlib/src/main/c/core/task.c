/*
 * task.c - the tasks of the walk: pairs of directories, and the items that a task produces.
 */
#include "walk.h"

struct pair *pair_ref(struct pair *pair)
{
	__atomic_fetch_add(&pair->refs, 1, __ATOMIC_RELAXED);
	return pair;
}

void pair_unref(struct pair *pair)
{
	while (pair && __atomic_sub_fetch(&pair->refs, 1, __ATOMIC_ACQ_REL) == 0) {
		struct pair *parent = pair->parent;

		vdir_unref(pair->a);
		vdir_unref(pair->b);
		free(pair);
		pair = parent;
	}
}

/* Takes ownership of a and b, on failure too. */
errint_t pair_new(struct pair *parent, const char *name, struct vdir *a, struct vdir *b, struct pair **out)
{
	struct pair *pair = calloc(1, sizeof(*pair) + strlen(name) + 1);

	if (!pair) {
		vdir_unref(a);
		vdir_unref(b);
		return -ENOMEM;
	}
	strcpy(pair->name, name);
	pair->refs = 1;
	pair->a = a;
	pair->b = b;
	if (parent) {
		pair->parent = pair_ref(parent);
		pair->depth = parent->depth + 1;
	}
	*out = pair;
	return 0;
}

/* True if the parts of b from `from` on are exactly those of a: the same directories. */
static bool ends_in(const struct vdir *b, uint32_t from, const struct vdir *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (b->parts[from + i].layer_dir != a->parts[i].layer_dir)
			return false;
	return true;
}

static bool comparable(const struct vdir *a, const struct vdir *b)
{
	return a && b && a->view->overlay && b->view->overlay && a->view->space == b->view->space &&
	       a->count <= b->count;
}

uint32_t pair_extra(const struct pair *pair)
{
	uint32_t extra = comparable(pair->a, pair->b) ? pair->b->count - pair->a->count : 0;

	return extra && ends_in(pair->b, extra, pair->a) ? extra : 0;
}

bool vdir_is_same(const struct vdir *a, const struct vdir *b)
{
	return comparable(a, b) && a->count == b->count && ends_in(b, 0, a);
}

/* Takes ownership of pair, on failure too. */
errint_t task_new(struct pair *pair, struct task **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out) {
		pair_unref(pair);
		return -ENOMEM;
	}
	(*out)->pair = pair;
	return 0;
}

static void listing_unref(struct listing *listing)
{
	if (!listing || __atomic_sub_fetch(&listing->refs, 1, __ATOMIC_ACQ_REL))
		return;
	names_free(&listing->a);
	names_free(&listing->b);
	free(listing);
}

static void task_free_one(struct task *task)
{
	pair_unref(task->pair);
	listing_unref(task->listing);
	free(task->items);
	free(task->bytes);
	free(task->links);
	free(task->err);
	free(task);
}

/* The tasks to free are a stack that uses `up`, which nobody needs any more. */
void task_free(struct task *task)
{
	struct task *stack = task;

	if (task)
		task->up = NULL;
	while (stack) {
		struct task *next = stack;

		stack = next->up;
		for (size_t i = next->consumed; i < next->count; i++) {
			struct task *child = next->items[i].child;

			if (child) {
				child->up = stack;
				stack = child;
			}
		}
		if (next->rest) {
			next->rest->up = stack;
			stack = next->rest;
		}
		task_free_one(next);
	}
}

size_t task_weight(const struct task *task)
{
	return sizeof(*task) + task->room * sizeof(*task->items) + task->bytes_room +
	       task->link_room * sizeof(*task->links);
}

static bool grow(void **at, size_t *room, size_t needed, size_t unit)
{
	size_t more = *room ? *room : 4;
	void *larger;

	while (more < needed)
		more *= 2;
	if (more == *room)
		return true;
	larger = realloc(*at, more * unit);
	if (!larger)
		return false;
	*at = larger;
	*room = more;
	return true;
}

static errint_t add_name(struct task *task, const char *name, uint32_t *at)
{
	size_t len = strlen(name) + 1;

	if (!grow((void **)&task->bytes, &task->bytes_room, task->bytes_used + len, 1))
		return -ENOMEM;
	memcpy(task->bytes + task->bytes_used, name, len);
	*at = (uint32_t)task->bytes_used;
	task->bytes_used += len;
	return 0;
}

struct item_side item_side_of(const struct ventry *entry)
{
	if (!entry->type)
		return (struct item_side){0};
	return (struct item_side){.type = entry->type,
				  .size = entry->type == 'f' || entry->type == 'l' ? entry->size : 0,
				  .mode = (uint16_t)entry->mode,
				  .mtime = entry->mtime,
				  .mtime_nsec = entry->mtime_nsec};
}

errint_t task_add_item(struct task *task, const struct item *item, const char *name, struct item **out)
{
	errint_t ret = 0;

	if (!grow((void **)&task->items, &task->room, task->count + 1, sizeof(*item)))
		return -ENOMEM;
	*out = &task->items[task->count];
	**out = *item;
	if (name)
		ret = add_name(task, name, &(*out)->name);
	if (!ret)
		task->count++;
	return ret;
}

/* The item leads down into what is a directory on one side or both; their vdirs move into the new pair. */
errint_t task_add_child(struct task *task, struct item *item, const char *name, struct vdir *a, struct vdir *b)
{
	struct pair *pair;
	errint_t ret = pair_new(task->pair, name, a, b, &pair);

	return ret ? ret : task_new(pair, &item->child);
}

static struct link_id link_of(const struct ventry *entry)
{
	return (struct link_id){.dev = entry->dev, .ino = entry->ino, .nlink = entry->nlink};
}

errint_t task_add_link(struct task *task, struct item *item, const struct ventry *a, const struct ventry *b)
{
	if (!grow((void **)&task->links, &task->link_room, task->link_count + 1, sizeof(*task->links)))
		return -ENOMEM;
	task->links[task->link_count++] = (struct link_pair){link_of(a), link_of(b)};
	item->link = (uint32_t)task->link_count;
	return 0;
}
