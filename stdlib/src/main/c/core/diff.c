/*
 * diff.c - the diff that callers use: it reads the items of a walk, decides about hard links, and packs records.
 */
#include "walk.h"

struct mica_diff {
	struct layer_dirs layer_dirs;
	struct view a, b;
	struct walk_context context;
	struct walk *walk;
	struct task *current;
	struct task *descend; /* the task to enter at the next call */
	bool over_a;	      /* b is the tree a with layers on top */
	struct links links;   /* the groups seen so far */
	struct links shared;  /* over_a: inodes of a that b still shows at a path of a */
	bool shared_known;
	bool show_shared;
	struct diff_item held; /* an item that did not fit into the caller's buffer */
	bool holding;
	errint_t failed;
	struct mica_error err;
};

const struct view *diff_view_a(const struct mica_diff *diff)
{
	return &diff->a;
}

const struct view *diff_view_b(const struct mica_diff *diff)
{
	return &diff->b;
}

/* Starts a walk of both trees; *current is its first task, or NULL if there is nothing to compare. */
static errint_t start(struct walk_context *context, struct walk **walk, struct task **current, struct mica_error *err)
{
	errint_t ret = task_root(context, current, err);

	if (ret || !*current)
		return ret;
	ret = walk_start(context, *current, walk);
	if (!ret)
		return 0;
	task_free(*current);
	*current = NULL;
	return mica_fail(err, ret, "open", ".");
}

/* Stops the walk and frees what the consumer has not read yet, and the chain of tasks above it. */
static void stop(struct walk **walk, struct task **current, struct task **descend)
{
	walk_stop(*walk);
	*walk = NULL;
	if (*descend) {
		(*descend)->up = *current;
		*current = steal_pointer(descend);
	}
	while (*current) {
		struct task *up = (*current)->up;

		task_free(*current);
		*current = up;
	}
}

static errint_t open_both(struct mica_diff *diff, const struct mica_tree *a, const struct mica_tree *b,
			  struct mica_error *err)
{
	struct vdir *root_a = NULL, *root_b = NULL;
	struct walk_context *context = &diff->context;
	errint_t ret = view_open(&diff->layer_dirs, a, NULL, &diff->a, err);

	if (!ret)
		ret = view_open(&diff->layer_dirs, b, &diff->a, &diff->b, err);
	if (ret)
		return ret;
	context->a = &diff->a;
	context->b = &diff->b;
	context->exact |= diff->a.overlay || diff->b.overlay;
	ret = view_root(&diff->a, &root_a);
	if (!ret)
		ret = view_root(&diff->b, &root_b);
	if (!ret)
		diff->over_a = pair_extra(&(struct pair){.a = root_a, .b = root_b}) > 0;
	vdir_unref(root_a);
	vdir_unref(root_b);
	return ret ? mica_fail(err, ret, "open", ".") : start(context, &diff->walk, &diff->current, err);
}

static errint_t open_diff(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b,
			  const struct walk_context *how, struct mica_error *err)
{
	struct mica_diff *diff = calloc(1, sizeof(*diff));
	errint_t ret;

	*out = NULL;
	if (!diff)
		return mica_fail(err, -ENOMEM, "open", "");
	ret = layer_dirs_init(&diff->layer_dirs);
	if (ret) {
		free(diff);
		return mica_fail(err, ret, "open", "");
	}
	diff->context = *how;
	ret = open_both(diff, a, b, err);
	if (ret)
		mica_diff_close(diff);
	else
		*out = diff;
	return ret;
}

errint_t mica_diff_open(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b, uint32_t flags,
			struct mica_job *job, struct mica_error *err)
{
	mica_error_clear(err);
	*out = NULL;
	if (flags & ~MICA_DIFF_EXACT)
		return mica_fail_note(err, -EINVAL, "open", "", "flags %#x: not known", flags);
	return open_diff(out, a, b, &(struct walk_context){.job = job, .exact = flags & MICA_DIFF_EXACT}, err);
}

errint_t diff_open_all_names(struct mica_diff **out, const struct mica_tree *a, const struct mica_tree *b,
			     struct mica_job *job, struct mica_error *err)
{
	return open_diff(out, a, b, &(struct walk_context){.job = job, .exact = true, .all_names = true}, err);
}

uint32_t diff_extra(const struct mica_diff *diff)
{
	return diff->over_a ? diff->b.count - diff->a.count : 0;
}

void mica_diff_close(struct mica_diff *diff)
{
	if (!diff)
		return;
	stop(&diff->walk, &diff->current, &diff->descend);
	links_free(&diff->links);
	links_free(&diff->shared);
	view_close(&diff->b);
	view_close(&diff->a);
	layer_dirs_free(&diff->layer_dirs);
	free(diff);
}

static void release(struct walk *walk, struct task *task)
{
	walk_release(walk, task);
	task->consumed = task->count;
	task->rest = NULL;
	task_free(task);
}

/* The next item in order; NULL at the end. An item is valid until the next call. */
static errint_t next_item(struct walk *walk, struct task **current, struct task **descend, const struct item **out,
			  struct mica_error *err)
{
	*out = NULL;
	if (*descend) {
		(*descend)->up = *current;
		*current = steal_pointer(descend);
	}
	while (*current) {
		struct task *task = *current, *next;

		walk_await(walk, task);
		if (task->ret) {
			if (err && !err->code && task->err)
				*err = *task->err;
			return mica_fail(err, task->ret, "compare", "");
		}
		if (task->consumed < task->count) {
			*out = &task->items[task->consumed++];
			*descend = (*out)->child;
			return 0;
		}
		next = task->rest ? task->rest : task->up;
		if (task->rest)
			task->rest->up = task->up;
		release(walk, task);
		*current = next;
	}
	return 0;
}

/*
 * Finds the inodes of a that b still shows at a path where a has them. It walks all names once, as soon as there is a
 * file with several links that was copied up but not changed.
 */
static errint_t learn_shared(struct mica_diff *diff, struct mica_error *err)
{
	struct walk_context context = {
		.a = &diff->a, .b = &diff->b, .job = diff->context.job, .exact = true, .shared_only = true};
	struct walk *walk = NULL;
	struct task *current = NULL, *descend = NULL;
	const struct item *item = NULL;
	errint_t ret = start(&context, &walk, &current, err);

	while (!ret) {
		ret = next_item(walk, &current, &descend, &item, err);
		if (ret || !item)
			break;
		if (item->link && links_add(&diff->shared, &current->links[item->link - 1].a))
			ret = mica_fail(err, -ENOMEM, "compare", ".");
	}
	stop(&walk, &current, &descend);
	diff->shared_known = !ret;
	return ret;
}

/*
 * In plain trees a path's link group is known by its first path. In a union the path that was copied up has left the
 * group; the paths that were not copied up are still in it.
 */
static errint_t decide_link(struct mica_diff *diff, const struct link_pair *pair, bool *differ, struct mica_error *err)
{
	errint_t ret = 0;

	*differ = false;
	if (diff->over_a) {
		if (pair->a.ino == pair->b.ino && pair->a.dev == pair->b.dev)
			return 0;
		if (pair->a.nlink > 1 && !diff->shared_known)
			ret = learn_shared(diff, err);
		if (ret)
			return ret;
		if (pair->a.nlink > 1 && links_has(&diff->shared, &pair->a)) {
			*differ = true;
			return 0;
		}
	}
	ret = links_next(&diff->links, pair, differ);
	return ret ? mica_fail(err, ret, "compare", ".") : 0;
}

static void fill(const struct task *task, const struct item *in, struct diff_item *out)
{
	struct pair *pair = task->pair;
	const char *name = task->bytes + in->name;
	bool self = !*name;

	*out = (struct diff_item){
		.kind = in->kind,
		.type_a = (uint8_t)in->a.type,
		.type_b = (uint8_t)in->b.type,
		.what = in->what,
		.size_a = in->a.size,
		.size_b = in->b.size,
		.mode_a = in->a.mode,
		.mode_b = in->b.mode,
		.mtime_a = in->a.mtime,
		.mtime_b = in->b.mtime,
		.mtime_nsec_a = in->a.mtime_nsec,
		.mtime_nsec_b = in->b.mtime_nsec,
		.dir = self && pair->parent ? pair->parent : pair,
		.name = self ? pair->name : name,
	};
}

void diff_show_shared(struct mica_diff *diff)
{
	diff->show_shared = true;
}

static bool shows_shared(const struct mica_diff *diff, const struct item *item)
{
	return diff->show_shared && item->link && diff->current->links[item->link - 1].b.nlink > 1;
}

static errint_t next_change(struct mica_diff *diff, struct diff_item *out, struct mica_error *err)
{
	for (;;) {
		const struct item *item;
		struct item linked;
		bool differ = false;
		errint_t ret;

		if (job_cancelled(diff->context.job))
			return mica_fail(err, -ECANCELED, "compare", "");
		ret = next_item(diff->walk, &diff->current, &diff->descend, &item, err);
		if (ret || !item)
			return ret;
		if (!item->kind && item->link)
			ret = decide_link(diff, &diff->current->links[item->link - 1], &differ, err);
		if (ret)
			return ret;
		if (!item->kind && !differ && !shows_shared(diff, item))
			continue;
		linked = *item;
		if (differ) {
			linked.kind = MICA_MODIFIED;
			linked.what = MICA_LINK;
		}
		fill(diff->current, &linked, out);
		return 1;
	}
}

errint_t diff_next(struct mica_diff *diff, struct diff_item *item, struct mica_error *err)
{
	errint_t ret;

	if (!diff->failed) {
		mica_error_clear(&diff->err);
		ret = next_change(diff, item, &diff->err);
		if (ret >= 0)
			return ret;
		diff->failed = ret;
	}
	if (err && !err->code)
		*err = diff->err;
	return diff->failed;
}

static size_t path_length(const struct diff_item *item)
{
	size_t len = strlen(item->name);

	if (!len)
		return 1;
	for (const struct pair *pair = item->dir; pair->parent; pair = pair->parent)
		len += strlen(pair->name) + 1;
	return len;
}

static void write_path(const struct diff_item *item, uint8_t *path, size_t len)
{
	const char *name = *item->name ? item->name : ".";
	const struct pair *pair = item->dir;

	for (;;) {
		size_t part = strlen(name);

		memcpy(path + len - part, name, part);
		len -= part;
		if (!len)
			return;
		path[--len] = '/';
		name = pair->name;
		pair = pair->parent;
	}
}

/* The record's length, or 0 if it does not fit. */
static size_t pack(const struct diff_item *item, void *buf, size_t room)
{
	size_t path_len = path_length(item), len = (sizeof(struct mica_change) + path_len + 7) & ~(size_t)7;
	struct mica_change *change = buf;

	if (len > room)
		return 0;
	*change = (struct mica_change){
		.record_len = (uint32_t)len,
		.path_len = (uint32_t)path_len,
		.what = item->what,
		.kind = item->kind,
		.type_a = item->type_a,
		.type_b = item->type_b,
		.size_a = item->size_a,
		.size_b = item->size_b,
		.mode_a = item->mode_a,
		.mode_b = item->mode_b,
		.mtime_a = item->mtime_a,
		.mtime_b = item->mtime_b,
		.mtime_nsec_a = item->mtime_nsec_a,
		.mtime_nsec_b = item->mtime_nsec_b,
	};
	write_path(item, change->path, path_len);
	memset(change->path + path_len, 0, len - sizeof(*change) - path_len);
	return len;
}

int64_t mica_diff_read(struct mica_diff *diff, void *buf, size_t len, struct mica_error *err)
{
	size_t used = 0;

	mica_error_clear(err);
	for (;;) {
		size_t packed;

		if (!diff->holding) {
			errint_t ret = diff_next(diff, &diff->held, used ? NULL : err);

			if (ret <= 0) /* a failure is returned by the next call, after what was found before it */
				return used ? (int64_t)used : ret;
			diff->holding = true;
		}
		packed = pack(&diff->held, (char *)buf + used, len - used);
		if (!packed)
			return used ? (int64_t)used
				    : mica_fail_note(err, -EMSGSIZE, "read", diff->held.name,
						     "the buffer of %zu bytes holds not one record", len);
		diff->holding = false;
		used += packed;
	}
}
