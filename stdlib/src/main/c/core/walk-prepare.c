/*
 * walk-prepare.c - prepares a task of the walk: keeps its two directories open, lists their names, and leaves all but
 * the first of many names to another task.
 */
#include "walk.h"

/* Names per task: so many that handing a task over pays, and so few that a directory of large files is shared. */
#define STRETCH 64

int listing_next(const struct listing *listing, size_t a, size_t b)
{
	if (a == listing->a.count)
		return 1;
	if (b == listing->b.count)
		return -1;
	return strcmp(names_get(&listing->a, a), names_get(&listing->b, b));
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
	self->a = item_side_of(&a);
	self->b = item_side_of(&b);
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
	if (ret || (!a && !b) || vdir_is_same(a, b)) {
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

static void set_end(struct task *task)
{
	size_t a = task->at_a, b = task->at_b;

	for (size_t i = 0; i < STRETCH && (a < task->listing->a.count || b < task->listing->b.count); i++) {
		int order = listing_next(task->listing, a, b);

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
	if (!pair->b) /* it was deleted, and so was all below it, which has no lines */
		return 0;
	listing->extra = context->shared_only || context->all_names ? 0 : pair_extra(pair);
	if (pair->a && !listing->extra)
		ret = vdir_list(pair->a, pair->a->count, &listing->a, err);
	if (!ret)
		ret = vdir_list(pair->b, listing->extra ? listing->extra : pair->b->count, &listing->b, err);
	return ret;
}

/* If a directory has gone away since it was found, it counts as absent: its own line says so. */
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

void task_leave(const struct task *task)
{
	bool needed = task->rest || __atomic_load_n(&task->pair->refs, __ATOMIC_RELAXED) > 1;

	(needed ? vdir_unpin : vdir_leave)(task->pair->a);
	(needed ? vdir_unpin : vdir_leave)(task->pair->b);
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
