/*
 * walk-task.c - runs one task of the walk: it looks at a range of names on both sides, and compares them.
 */
#include "walk.h"

/* How often a name is compared again if it keeps changing meanwhile. */
#define TRIES 4

struct run {
	struct walk_context *context;
	struct task *task;
	struct same same;
	bool came_or_went;
	bool reads; /* the last files had to be read, so the next probably have to be, too */
	uint64_t entries;
};

static bool has_links(const struct ventry *a, const struct ventry *b)
{
	return a->nlink > 1 || b->nlink > 1;
}

/* The name is on one side only, or has two types: adds a line, and goes into what is below b. */
static errint_t add_change(struct run *run, const char *name, struct ventry *a, struct ventry *b)
{
	struct item *added, item = {.a = item_side_of(a), .b = item_side_of(b)};
	errint_t ret;

	item.kind = !a->type ? MICA_ADDED : !b->type ? MICA_DELETED : MICA_MODIFIED;
	item.what = item.kind == MICA_MODIFIED ? MICA_TYPE : 0;
	run->came_or_went |= item.kind != MICA_MODIFIED;
	ret = task_add_item(run->task, &item, name, &added);
	if (!ret && b->type == 'd')
		ret = task_add_child(run->task, added, name, NULL, steal_pointer(&b->dir));
	return ret;
}

/* Both are directories: adds an item that leads down. The line of the directory, if any, comes from there. */
static errint_t add_both(struct run *run, const char *name, struct ventry *a, struct ventry *b, uint32_t what)
{
	struct item *added, item = {0};
	errint_t ret;

	if (vdir_is_same(a->dir, b->dir))
		return 0;
	ret = task_add_item(run->task, &item, NULL, &added);
	if (!ret)
		ret = task_add_child(run->task, added, name, steal_pointer(&a->dir), steal_pointer(&b->dir));
	if (!ret)
		added->child->self = (struct item){.a = item_side_of(a), .b = item_side_of(b), .what = what};
	return ret;
}

static errint_t add_same_type(struct run *run, const char *name, const struct ventry *a, const struct ventry *b,
			      uint32_t what)
{
	struct item *added, item = {.a = item_side_of(a), .b = item_side_of(b), .what = what};
	errint_t ret;

	item.kind = what ? MICA_MODIFIED : 0;
	if (!what && !has_links(a, b))
		return 0;
	ret = task_add_item(run->task, &item, name, &added);
	if (!ret && !what)
		ret = task_add_link(run->task, added, a, b);
	return ret;
}

/* A name to look at: on which sides it is listed, and the type that it probably has there. */
struct looked_for {
	const char *name;
	bool in_a, in_b;
	unsigned char as;
};

static errint_t look_up_both(struct run *run, const struct looked_for *at, struct ventry *a, struct ventry *b,
			     struct mica_error *err)
{
	const struct pair *pair = run->task->pair;
	uint32_t extra = run->task->listing->extra;
	errint_t ret = 0;

	a->type = b->type = 0;
	if (pair->a && (at->in_a || extra))
		ret = vdir_lookup_as(pair->a, at->name, at->as, a, err);
	if (ret || !pair->b || !at->in_b)
		return ret;
	return extra ? vdir_lookup_over(pair->b, extra, a, at->name, at->as, b, err)
		     : vdir_lookup_as(pair->b, at->name, at->as, b, err);
}

static void learn_reads(struct run *run, const struct ventry *a, const struct ventry *b)
{
	if (a->type == 'f' && b->type == 'f')
		run->reads = run->context->exact && a->size && a->size == b->size && !same_inode(a, b);
}

static errint_t compare_once(struct run *run, const struct looked_for *at, struct mica_error *err)
{
	struct ventry a cleanup_ventry, b cleanup_ventry;
	const char *name = at->name;
	uint32_t what = 0;
	errint_t ret;

	ventry_none(&a);
	ventry_none(&b);
	ret = look_up_both(run, at, &a, &b, err);
	if (ret || (!a.type && !b.type))
		return ret;
	learn_reads(run, &a, &b);
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
	return ret ? layer_dir_fail(err, ret, "compare", (a.type ? &a : &b)->layer_dir, name, NULL) : 0;
}

/* If an entry goes away between two looks, it is looked at again: then it is absent, or is something else. */
static errint_t compare_name(struct run *run, const struct looked_for *at, struct mica_error *err)
{
	struct mica_error local;
	errint_t ret = -ENOENT;

	run->entries++;
	for (int i = 0; i < TRIES && (ret == -ENOENT || ret == -ESTALE); i++) {
		mica_error_clear(&local);
		ret = compare_once(run, at, &local);
	}
	if (ret)
		*err = local;
	return ret;
}

/* A directory on both sides will be entered, so it is opened first; so is a file if bytes are compared. */
static unsigned char expect(const struct run *run, const struct looked_for *at, size_t a, size_t b)
{
	const struct listing *listing = run->task->listing;
	unsigned char type = at->in_b ? names_type(&listing->b, b) : DT_UNKNOWN;

	if (listing->extra)
		return type == DT_DIR ? type : DT_UNKNOWN;
	if (!at->in_a || type != names_type(&listing->a, a))
		return DT_UNKNOWN;
	return type == DT_DIR || (type == DT_REG && run->reads) ? type : DT_UNKNOWN;
}

static struct looked_for look_for(const struct run *run, size_t a, size_t b)
{
	const struct listing *listing = run->task->listing;
	int order = listing_next(listing, a, b);
	struct looked_for at = {.in_a = order <= 0, .in_b = order >= 0};

	at.name = at.in_a ? names_get(&listing->a, a) : names_get(&listing->b, b);
	at.as = expect(run, &at, a, b);
	return at;
}

static errint_t compare_stretch(struct run *run, struct mica_error *err)
{
	const struct task *task = run->task;
	errint_t ret = 0;

	for (size_t a = task->at_a, b = task->at_b; !ret && (a < task->end_a || b < task->end_b);) {
		struct looked_for at = look_for(run, a, b);

		if (same_stopped(&run->same))
			return mica_fail(err, -ECANCELED, "compare", task->pair->name);
		ret = compare_name(run, &at, err);
		a += at.in_a;
		b += at.in_b;
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
		struct looked_for at = look_for(run, a, b);
		struct ventry ea cleanup_ventry, eb cleanup_ventry;

		ventry_none(&ea);
		ventry_none(&eb);
		if (same_stopped(&run->same))
			return mica_fail(err, -ECANCELED, "compare", task->pair->name);
		if (lists_tell)
			run->came_or_went = !at.in_a || !at.in_b;
		else
			ret = look_up_both(run, &at, &ea, &eb, err);
		if (!lists_tell)
			run->came_or_went = !ea.type != !eb.type;
		a += at.in_a;
		b += at.in_b;
	}
	return ret;
}

/* The line of the directory itself, which is the first of its own items. */
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

	if (has_self && task_add_item(task, &task->self, "", &self))
		return mica_fail(err, -ENOMEM, "compare", task->pair->name);
	ret = compare_stretch(run, err);
	return !ret && has_self ? decide_self(run, err) : ret;
}

errint_t task_run(struct walk_context *context, struct task *task, struct same_buffers *buffers, struct mica_error *err)
{
	struct run run = {
		.context = context,
		.task = task,
		.reads = context->exact,
		.same = {.job = context->job, .stop = &context->stop, .buffers = buffers, .exact = context->exact},
	};
	errint_t ret = run_pinned(&run, err);

	task_leave(task);
	job_add(context->job, run.entries, 0);
	return ret;
}
