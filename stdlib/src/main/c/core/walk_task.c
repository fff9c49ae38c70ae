/*
 * walk_task.c - one task of the walk: two directories, a stretch of their names, the items that come of it.
 */
#include "walk.h"

/* Names per task: enough to pay for handing it over, few enough to share a directory of large files. */
#define STRETCH 64
/* A name that keeps changing while it is compared. */
#define TRIES 4

struct run {
	struct walk_context *context;
	struct task *task;
	struct same same;
	bool came_or_went;
	uint64_t entries;
};

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

/* Takes a and b, on failure too. */
static errint_t pair_new(struct pair *parent, const char *name, struct vdir *a, struct vdir *b, struct pair **out)
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

/* True if b's parts from `from` on are exactly a's: the very same places. */
static bool ends_in(const struct vdir *b, uint32_t from, const struct vdir *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (b->parts[from + i].place != a->parts[i].place)
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

static bool is_one_directory(const struct vdir *a, const struct vdir *b)
{
	return comparable(a, b) && a->count == b->count && ends_in(b, 0, a);
}

/* Takes pair, on failure too. */
static errint_t task_new(struct pair *pair, struct task **out)
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

/* A stack through `up`, which nobody needs any more. */
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

static struct item_side side_of(const struct ventry *entry)
{
	if (!entry->type)
		return (struct item_side){0};
	return (struct item_side){.type = entry->type,
				  .size = entry->type == 'f' || entry->type == 'l' ? entry->size : 0,
				  .mode = (uint16_t)entry->mode,
				  .mtime = entry->mtime,
				  .mtime_nsec = entry->mtime_nsec};
}

static errint_t add_item(struct task *task, const struct item *item, const char *name, struct item **out)
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

static errint_t root_self(struct walk_context *context, struct pair *pair, struct item *self, struct mica_error *err)
{
	struct same same = {.job = context->job, .stop = &context->stop, .exact = context->exact};
	struct ventry a cleanup_ventry, b cleanup_ventry;
	errint_t ret;

	ventry_none(&a);
	ventry_none(&b);
	ret = pair->a ? vdir_self(pair->a, &a, err) : 0;
	if (!ret && pair->b)
		ret = vdir_self(pair->b, &b, err);
	if (!ret && pair->a && pair->b && !context->shared_only)
		ret = same_compare(&same, &a, &b, &self->what, err);
	self->a = side_of(&a);
	self->b = side_of(&b);
	return ret;
}

errint_t task_root(struct walk_context *context, struct task **out, struct mica_error *err)
{
	struct vdir *a = NULL, *b = NULL;
	struct pair *pair;
	errint_t ret = view_root(context->a, &a);

	*out = NULL;
	if (!ret)
		ret = view_root(context->b, &b);
	if (ret || (!a && !b) || is_one_directory(a, b)) {
		vdir_unref(a);
		vdir_unref(b);
		return ret ? mica_fail(err, ret, "open", ".") : 0;
	}
	ret = pair_new(NULL, "", a, b, &pair);
	if (!ret)
		ret = task_new(pair, out);
	if (ret)
		return mica_fail(err, ret, "open", ".");
	ret = root_self(context, pair, &(*out)->self, err);
	if (ret) {
		task_free(*out);
		*out = NULL;
	}
	return ret;
}

/* The item leads down into what is a directory on one side or both; their vdirs move into the new pair. */
static errint_t add_child(struct task *task, struct item *item, const char *name, struct vdir *a, struct vdir *b)
{
	struct pair *pair;
	errint_t ret = pair_new(task->pair, name, a, b, &pair);

	return ret ? ret : task_new(pair, &item->child);
}

static bool has_links(const struct ventry *a, const struct ventry *b)
{
	return a->nlink > 1 || b->nlink > 1;
}

static struct link_id link_of(const struct ventry *entry)
{
	return (struct link_id){.dev = entry->dev, .ino = entry->ino, .nlink = entry->nlink};
}

static errint_t add_link(struct task *task, struct item *item, const struct ventry *a, const struct ventry *b)
{
	if (!grow((void **)&task->links, &task->link_room, task->link_count + 1, sizeof(*task->links)))
		return -ENOMEM;
	task->links[task->link_count++] = (struct link_pair){link_of(a), link_of(b)};
	item->link = (uint32_t)task->link_count;
	return 0;
}

/* One side only, or two types: a line, and what is below b. */
static errint_t add_change(struct run *run, const char *name, struct ventry *a, struct ventry *b)
{
	struct item *added, item = {.a = side_of(a), .b = side_of(b)};
	errint_t ret;

	item.kind = !a->type ? MICA_ADDED : !b->type ? MICA_DELETED : MICA_MODIFIED;
	item.what = item.kind == MICA_MODIFIED ? MICA_TYPE : 0;
	run->came_or_went |= item.kind != MICA_MODIFIED;
	ret = add_item(run->task, &item, name, &added);
	if (!ret && b->type == 'd')
		ret = add_child(run->task, added, name, NULL, steal_pointer(&b->dir));
	return ret;
}

/* Two directories: a way down; the line, if any, comes from there. */
static errint_t add_both(struct run *run, const char *name, struct ventry *a, struct ventry *b, uint32_t what)
{
	struct item *added, item = {0};
	errint_t ret;

	if (is_one_directory(a->dir, b->dir))
		return 0;
	ret = add_item(run->task, &item, NULL, &added);
	if (!ret)
		ret = add_child(run->task, added, name, steal_pointer(&a->dir), steal_pointer(&b->dir));
	if (!ret)
		added->child->self = (struct item){.a = side_of(a), .b = side_of(b), .what = what};
	return ret;
}

static errint_t add_same_type(struct run *run, const char *name, const struct ventry *a, const struct ventry *b,
			      uint32_t what)
{
	struct item *added, item = {.a = side_of(a), .b = side_of(b), .what = what};
	errint_t ret;

	item.kind = what ? MICA_MODIFIED : 0;
	if (!what && !has_links(a, b))
		return 0;
	ret = add_item(run->task, &item, name, &added);
	if (!ret && !what)
		ret = add_link(run->task, added, a, b);
	return ret;
}

static errint_t look_up_both(struct run *run, const char *name, bool in_a, bool in_b, struct ventry *a,
			     struct ventry *b, struct mica_error *err)
{
	const struct pair *pair = run->task->pair;
	uint32_t extra = run->task->listing->extra;
	errint_t ret = 0;

	a->type = b->type = 0;
	if (pair->a && (in_a || extra))
		ret = vdir_lookup(pair->a, name, a, err);
	if (ret || !pair->b || !in_b)
		return ret;
	return extra ? vdir_lookup_over(pair->b, extra, a, name, b, err) : vdir_lookup(pair->b, name, b, err);
}

static errint_t compare_once(struct run *run, const char *name, bool in_a, bool in_b, struct mica_error *err)
{
	struct ventry a cleanup_ventry, b cleanup_ventry;
	uint32_t what = 0;
	errint_t ret;

	ventry_none(&a);
	ventry_none(&b);
	ret = look_up_both(run, name, in_a, in_b, &a, &b, err);
	if (ret || (!a.type && !b.type))
		return ret;
	if (a.type != b.type)
		ret = add_change(run, name, &a, &b);
	else if (run->context->shared_only && a.type != 'd' && !same_inode(&a, &b))
		return 0;
	else {
		if (!run->context->shared_only)
			ret = same_compare(&run->same, &a, &b, &what, err);
		if (ret)
			return ret;
		ret = a.type == 'd' ? add_both(run, name, &a, &b, what) : add_same_type(run, name, &a, &b, what);
	}
	return ret ? place_fail(err, ret, "compare", (a.type ? &a : &b)->place, name, NULL) : 0;
}

/* What goes away between two looks is looked at again: then it is absent, or something else. */
static errint_t compare_name(struct run *run, const char *name, bool in_a, bool in_b, struct mica_error *err)
{
	struct mica_error local;
	errint_t ret = -ENOENT;

	run->entries++;
	for (int i = 0; i < TRIES && (ret == -ENOENT || ret == -ESTALE); i++) {
		mica_error_clear(&local);
		ret = compare_once(run, name, in_a, in_b, &local);
	}
	if (ret)
		*err = local;
	return ret;
}

/* Which of two sorted lists has the next name: negative a only, positive b only, 0 both. */
static int next_in(const struct listing *listing, size_t a, size_t b)
{
	if (a == listing->a.count)
		return 1;
	if (b == listing->b.count)
		return -1;
	return strcmp(names_get(&listing->a, a), names_get(&listing->b, b));
}

static void set_end(struct task *task)
{
	size_t a = task->at_a, b = task->at_b;

	for (size_t i = 0; i < STRETCH && (a < task->listing->a.count || b < task->listing->b.count); i++) {
		int order = next_in(task->listing, a, b);

		a += order <= 0;
		b += order >= 0;
	}
	task->end_a = a;
	task->end_b = b;
}

static errint_t cut_rest(struct task *task)
{
	const struct listing *listing = task->listing;
	errint_t ret;

	set_end(task);
	if (task->end_a == listing->a.count && task->end_b == listing->b.count)
		return 0;
	ret = task_new(pair_ref(task->pair), &task->rest);
	if (ret)
		return ret;
	__atomic_fetch_add(&task->listing->refs, 1, __ATOMIC_RELAXED);
	task->rest->listing = task->listing;
	task->rest->at_a = task->end_a;
	task->rest->at_b = task->end_b;
	return 0;
}

static errint_t make_listing(struct walk_context *context, struct task *task, struct mica_error *err)
{
	struct pair *pair = task->pair;
	struct listing *listing = task->listing = calloc(1, sizeof(*listing));
	errint_t ret = 0;

	if (!listing)
		return mica_fail(err, -ENOMEM, "list", pair->name);
	listing->refs = 1;
	if (!pair->b) /* gone, and what was below is implied */
		return 0;
	listing->extra = context->shared_only || context->all_names ? 0 : pair_extra(pair);
	if (pair->a && !listing->extra)
		ret = vdir_list(pair->a, pair->a->count, &listing->a, err);
	if (!ret)
		ret = vdir_list(pair->b, listing->extra ? listing->extra : pair->b->count, &listing->b, err);
	return ret;
}

/* A directory that went away since it was found counts as absent: its own line says so. */
static errint_t pin_or_drop(struct vdir **dir, bool first, struct mica_error *err)
{
	struct mica_error local;
	errint_t ret;

	mica_error_clear(&local);
	ret = vdir_pin(*dir, &local);
	if (ret == -ENOENT && first) {
		vdir_unref(*dir);
		*dir = NULL;
		return 0;
	}
	if (ret && err)
		*err = local;
	return ret;
}

static errint_t pin_pair(struct task *task, struct mica_error *err)
{
	struct pair *pair = task->pair;
	bool first = !task->listing && pair->parent;
	errint_t ret = pin_or_drop(&pair->a, first, err);

	if (ret)
		return ret;
	ret = pin_or_drop(&pair->b, first, err);
	if (ret)
		vdir_unpin(pair->a);
	return ret;
}

static void unpin_pair(const struct task *task)
{
	vdir_unpin(task->pair->a);
	vdir_unpin(task->pair->b);
}

errint_t task_prepare(struct walk_context *context, struct task *task, struct mica_error *err)
{
	errint_t ret = pin_pair(task, err);

	if (ret)
		return ret;
	if (!task->listing)
		ret = make_listing(context, task, err);
	if (!ret && cut_rest(task))
		ret = mica_fail(err, -ENOMEM, "list", task->pair->name);
	if (ret)
		unpin_pair(task);
	return ret;
}

static errint_t compare_stretch(struct run *run, struct mica_error *err)
{
	const struct task *task = run->task;
	const struct listing *listing = task->listing;
	errint_t ret = 0;

	for (size_t a = task->at_a, b = task->at_b; !ret && (a < task->end_a || b < task->end_b);) {
		int order = next_in(listing, a, b);

		if (same_stopped(&run->same))
			return mica_fail(err, -ECANCELED, "compare", task->pair->name);
		ret = compare_name(run, order <= 0 ? names_get(&listing->a, a) : names_get(&listing->b, b), order <= 0,
				   order >= 0, err);
		a += order <= 0;
		b += order >= 0;
	}
	return ret;
}

/* The same question for the names after this stretch, asked only if a directory's own times depend on it. */
static errint_t look_ahead(struct run *run, struct mica_error *err)
{
	const struct task *task = run->task;
	const struct listing *listing = task->listing;
	bool lists_tell = !run->context->a->overlay && !run->context->b->overlay;
	errint_t ret = 0;

	for (size_t a = task->end_a, b = task->end_b;
	     !ret && !run->came_or_went && (a < listing->a.count || b < listing->b.count);) {
		int order = next_in(listing, a, b);
		struct ventry ea cleanup_ventry, eb cleanup_ventry;

		ventry_none(&ea);
		ventry_none(&eb);
		if (same_stopped(&run->same))
			return mica_fail(err, -ECANCELED, "compare", task->pair->name);
		if (lists_tell)
			run->came_or_went = order != 0;
		else
			ret = look_up_both(run, order <= 0 ? names_get(&listing->a, a) : names_get(&listing->b, b),
					   order <= 0, order >= 0, &ea, &eb, err);
		if (!lists_tell)
			run->came_or_went = !ea.type != !eb.type;
		a += order <= 0;
		b += order >= 0;
	}
	return ret;
}

/* The line of the directory itself, in the first place of its own items. */
static errint_t decide_self(struct run *run, struct mica_error *err)
{
	struct task *task = run->task;
	struct item *self = &task->items[0];
	errint_t ret = 0;

	if (!task->pair->a || !task->pair->b) {
		self->kind = task->pair->b ? MICA_ADDED : task->pair->a ? MICA_DELETED : 0;
		self->what = 0;
		*(task->pair->b ? &self->a : &self->b) = (struct item_side){0};
		return 0;
	}
	if (self->what & MICA_TIMES && !run->came_or_went && task->rest)
		ret = look_ahead(run, err);
	if (run->came_or_went)
		self->what &= ~MICA_TIMES;
	self->kind = self->what ? MICA_MODIFIED : 0;
	return ret;
}

static errint_t run_pinned(struct run *run, struct mica_error *err)
{
	struct task *task = run->task;
	bool has_self = task->self.a.type || task->self.b.type;
	struct item *self;
	errint_t ret = 0;

	if (has_self && add_item(task, &task->self, "", &self))
		return mica_fail(err, -ENOMEM, "compare", task->pair->name);
	ret = compare_stretch(run, err);
	return !ret && has_self ? decide_self(run, err) : ret;
}

errint_t task_run(struct walk_context *context, struct task *task, struct same_buffers *buffers, struct mica_error *err)
{
	struct run run = {
		.context = context,
		.task = task,
		.same = {.job = context->job, .stop = &context->stop, .buffers = buffers, .exact = context->exact},
	};
	errint_t ret = run_pinned(&run, err);

	unpin_pair(task);
	job_add(context->job, run.entries, 0);
	return ret;
}
