/*
 * capture.c - the layer that turns one tree into another, written while the diff of the two is read.
 *
 * Hard links: if one name of an inode has changed, the layer must have all names of that inode, the unchanged ones
 * too. Otherwise the union would show two files. Names that came before the first changed one are added last, when
 * the diff has been read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "capture-follow.h"
#include "diff.h"
#include "layer.h"
#include "groups.h"
#include "inside.h"
#include "remove.h"

/* An unchanged name of an inode that is put into the layer at the name `first`. */
struct late {
	char *path, *first;
};

struct capture {
	struct mica_diff *diff;
	uint32_t extra; /* the diff has looked at only so many layers of b; 0: at all of them */
	struct layer layer;
	struct groups links; /* the path of a group is where the first name of the inode was put */
	struct late *late;
	size_t late_count, late_room;
	bool made; /* dest was made by us */
	struct mica_job *job;
	struct mica_error *err;
};

/* The path of name in dir; NULL: no memory. */
static char *pair_path(const struct pair *dir, const char *name)
{
	size_t len = strlen(name) + 1;
	char *path, *at;

	for (const struct pair *up = dir; up->parent; up = up->parent)
		len += strlen(up->name) + 1;
	path = malloc(len);
	if (!path)
		return NULL;
	at = path + len - strlen(name) - 1;
	strcpy(at, name);
	for (const struct pair *up = dir; up->parent; up = up->parent) {
		*--at = '/';
		at -= strlen(up->name);
		memcpy(at, up->name, strlen(up->name));
	}
	return path;
}

/* Names that share an inode. */

static errint_t add_late(struct capture *c, const char *path, const char *first)
{
	struct late *late;

	if (c->late_count == c->late_room) {
		size_t room = c->late_room ? c->late_room * 2 : 16;

		late = reallocarray(c->late, room, sizeof(*late));
		if (!late)
			return -ENOMEM;
		c->late = late;
		c->late_room = room;
	}
	late = &c->late[c->late_count];
	late->path = strdup(path);
	late->first = strdup(first);
	if (late->path && late->first) {
		c->late_count++;
		return 0;
	}
	free(late->path);
	free(late->first);
	return -ENOMEM;
}

/* Puts the first changed name of an inode; the names that waited for it will follow. */
static errint_t put_first(struct capture *c, const char *name, const struct ventry *entry, struct group *link)
{
	errint_t code = layer_put(&c->layer, name, entry);

	if (code < 0)
		return code;
	link->path = dir_stack_join(&c->layer.stack, name);
	code = link->path ? 0 : -ENOMEM;
	for (uint32_t i = 0; code == 0 && i < link->waiting_count; i++)
		code = add_late(c, link->waiting[i], link->path);
	return code < 0 ? layer_fail(&c->layer, code, "link", name, "") : 0;
}

static errint_t put(struct capture *c, const char *name, const struct ventry *entry)
{
	struct group *link;
	errint_t code;

	if (entry->nlink < 2)
		return layer_put(&c->layer, name, entry);
	if (c->extra && entry->layer >= c->extra)
		return -EAGAIN; /* a redirect led to it; the diff has not seen its other names */
	link = groups_see(&c->links, entry->dev, entry->ino, entry->nlink);
	if (!link)
		return layer_fail(&c->layer, -ENOMEM, "copy", name, "");
	code = link->path ? layer_link(&c->layer, link->path, name) : put_first(c, name, entry, link);
	groups_done(&c->links, link);
	return code;
}

/* Handles an unchanged name of an inode that has other names. */
static errint_t hold(struct capture *c, struct pair *dir, const char *name, const struct ventry *entry)
{
	struct group *link = groups_see(&c->links, entry->dev, entry->ino, entry->nlink);
	errint_t code;

	if (!link)
		return mica_fail(c->err, -ENOMEM, "link", name);
	if (link->path) {
		code = follow(&c->layer, dir);
		if (code == 0)
			code = layer_link(&c->layer, link->path, name);
	} else {
		code = groups_wait(link, pair_path(dir, name));
		if (code < 0)
			mica_fail(c->err, code, "link", name);
	}
	groups_done(&c->links, link);
	return code;
}

/* One item of the diff. */

static errint_t act(struct capture *c, const struct diff_item *item, struct ventry *entry)
{
	bool replaces = item->kind == MICA_MODIFIED && item->what & MICA_TYPE;
	errint_t code;

	if (!item->kind)
		return hold(c, item->dir, item->name, entry);
	code = follow(&c->layer, item->dir);
	if (code < 0)
		return code;
	if (item->type_b == 'd')
		return layer_enter(&c->layer, item->name, entry, replaces);
	return put(c, item->name, entry);
}

static errint_t vanished(struct capture *c, const struct diff_item *item)
{
	cleanup_free char *path = pair_path(item->dir, item->name);

	return mica_fail_note(c->err, -EBUSY, "capture", path ? path : item->name,
			      "it was removed or replaced meanwhile: stop or freeze what writes there");
}

static errint_t capture_item(struct capture *c, const struct diff_item *item)
{
	cleanup_ventry struct ventry entry = {.fd = -1};
	errint_t code;

	if (!*item->name) /* the root, which the layer has already */
		return 0;
	if (item->kind == MICA_DELETED) {
		code = follow(&c->layer, item->dir);
		return code < 0 ? code : layer_whiteout(&c->layer, item->name);
	}
	code = vdir_pin(item->dir->b, c->err);
	if (code < 0)
		return code;
	code = vdir_lookup(item->dir->b, item->name, &entry, c->err);
	if (code == 0)
		code = entry.type == item->type_b ? act(c, item, &entry) : vanished(c, item);
	vdir_unpin(item->dir->b);
	return code;
}

static errint_t read_diff(struct capture *c)
{
	for (;;) {
		struct diff_item item;
		errint_t code = diff_next(c->diff, &item, c->err);

		if (code > 0)
			code = capture_item(c, &item);
		else
			return code;
		if (code == 0 && job_cancelled(c->job))
			code = mica_fail(c->err, -ECANCELED, "capture", c->layer.stack.path);
		if (code < 0 || failure_code(&c->layer.failure))
			return code;
	}
}

/* The names that have waited. */

static int compare_late(const void *a, const void *b)
{
	return strcmp(((const struct late *)a)->path, ((const struct late *)b)->path);
}

/* Whether the current directory is above path. */
static bool is_above(const struct dir_stack *stack, const char *path)
{
	size_t len = strlen(stack->path);

	return stack->depth == 1 || (!strncmp(stack->path, path, len) && path[len] == '/');
}

static errint_t enter_by_name(struct layer *layer, const char *name)
{
	cleanup_ventry struct ventry entry = {.fd = -1};
	struct vdir *dir = layer_top(layer)->dir;
	errint_t code = vdir_pin(dir, layer->err);

	if (code < 0)
		return code;
	code = vdir_lookup(dir, name, &entry, layer->err);
	if (code == 0 && entry.type != 'd')
		code = layer_fail(layer, -EBUSY, "capture", name, "the directory was removed meanwhile");
	if (code == 0)
		code = layer_enter(layer, name, &entry, false);
	vdir_unpin(dir);
	return code;
}

static errint_t add_name(struct layer *layer, const struct late *late)
{
	errint_t code = 0;
	const char *rest, *slash;

	while (code == 0 && !is_above(&layer->stack, late->path))
		code = follow_leave(layer);
	rest = late->path + strlen(layer->stack.path) + (layer->stack.depth > 1);
	while (code == 0 && (slash = strchr(rest, '/'))) {
		cleanup_free char *name = strndup(rest, (size_t)(slash - rest));

		code = name ? enter_by_name(layer, name) : layer_fail(layer, -ENOMEM, "link", rest, "");
		rest = slash + 1;
	}
	return code < 0 ? code : layer_link(layer, late->first, rest);
}

static errint_t add_late_names(struct capture *c)
{
	errint_t code = 0;

	while (code == 0 && c->layer.stack.depth > 1)
		code = follow_leave(&c->layer);
	if (c->late_count)
		qsort(c->late, c->late_count, sizeof(*c->late), compare_late);
	for (size_t i = 0; code == 0 && i < c->late_count; i++)
		code = add_name(&c->layer, &c->late[i]);
	return code;
}

/* From the beginning to the end. */

static errint_t start_layer(struct capture *c, int fd)
{
	cleanup_ventry struct ventry entry = {.fd = -1};
	struct vdir *root = NULL;
	errint_t code = view_root(diff_view_b(c->diff), &root);

	if (code == 0)
		code = vdir_pin(root, c->err);
	if (code < 0) {
		vdir_unref(root);
		close(fd);
		return mica_fail(c->err, code, "capture", ".");
	}
	code = vdir_self(root, &entry, c->err);
	if (code < 0)
		close(fd);
	else
		code = layer_start(&c->layer, fd, &entry);
	vdir_unpin(root);
	vdir_unref(root);
	return code;
}

static errint_t fill(struct capture *c, int fd)
{
	errint_t code = pool_start(&c->layer.pool, c->job ? c->job->threads : 0);

	if (code < 0) {
		close(fd);
		return mica_fail(c->err, code, "start threads", ".");
	}
	code = start_layer(c, fd);
	if (code == 0)
		code = read_diff(c);
	if (code == 0)
		code = add_late_names(c);
	if (code == 0)
		code = layer_finish(&c->layer);
	return code;
}

static void release(struct capture *c)
{
	for (size_t i = 0; c->layer.levels && i < c->layer.stack.depth; i++)
		follow_release(&c->layer.levels[i]);
	layer_end(&c->layer);
	mica_diff_close(c->diff);
	groups_free(&c->links);
	for (size_t i = 0; i < c->late_count; i++) {
		free(c->late[i].path);
		free(c->late[i].first);
	}
	free(c->late);
}

static errint_t capture_into(struct capture *c, int parent, const char *name, const char *dest, uint32_t flags)
{
	cleanup_fd int fd = -1, own = -1;
	errint_t code;

	if (mkdirat(parent, name, 0700) < 0) /* EEXIST too: we did not make what is there */
		return mica_fail(c->err, -errno, "make directory", dest);
	c->made = true;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	code = own < 0 ? mica_fail(c->err, -errno, "open", dest) : fill(c, steal_fd(&own));
	if (code == 0 && flags & MICA_SYNC && syncfs(fd) < 0)
		code = mica_fail(c->err, -errno, "sync", dest);
	return code;
}

/* err keeps the reason of the failure; if something could not be removed, that is added. */
static void discard(int parent, const char *name, const char *dest, struct mica_error *err)
{
	struct mica_error own;
	size_t len;

	mica_error_clear(&own);
	if (discard_at(parent, name, dest, NULL, &own) == 0 || !err)
		return;
	len = strlen(err->note);
	snprintf(err->note + len, sizeof(err->note) - len, "%sand what was made could not be removed: %.200s: %s",
		 len ? "; " : "", own.path, strerrordesc_np(-own.code));
}

/* Only layers that are walked matter: dest may lie below a layer that is not, which is often "/". */
static errint_t check_dest(const struct capture *c, const struct mica_tree *a, const struct mica_tree *b, int parent,
			   const char *name, const char *dest)
{
	errint_t code = refuse_inside(parent, name, "capture", dest, b, c->extra ? c->extra : b->count, c->err);

	return code < 0 || c->extra ? code : refuse_inside(parent, name, "capture", dest, a, a->count, c->err);
}

/* Returns -EAGAIN if all names must be looked at. */
static errint_t capture(const struct mica_tree *a, const struct mica_tree *b, const char *dest, uint32_t flags,
			bool all_names, struct mica_job *job, struct mica_error *err)
{
	cleanup_free struct capture *c = calloc(1, sizeof(*c));
	cleanup_fd int parent = -1;
	cleanup_free char *name = NULL;
	errint_t code;

	if (!c)
		return mica_fail(err, -ENOMEM, "capture", dest);
	c->job = job;
	c->err = c->layer.err = err;
	c->layer.how = (struct copy_how){flags, job};
	c->layer.space = flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	code = open_parent(dest, &parent, &name, err);
	if (code == 0 && all_names)
		code = diff_open_all_names(&c->diff, a, b, job, err);
	else if (code == 0)
		code = mica_diff_open(&c->diff, a, b, MICA_DIFF_EXACT, job, err);
	if (code < 0)
		return code;
	c->extra = all_names ? 0 : diff_extra(c->diff);
	diff_show_shared(c->diff);
	code = check_dest(c, a, b, parent, name, dest);
	if (code == 0)
		code = capture_into(c, parent, name, dest, flags);
	release(c); /* before removing, which needs descriptors, too */
	if (code < 0 && c->made)
		discard(parent, name, dest, err);
	return code;
}

errint_t mica_capture(const struct mica_tree *a, const struct mica_tree *b, const char *dest, uint32_t flags,
		      struct mica_job *job, struct mica_error *err)
{
	errint_t code;

	mica_error_clear(err);
	if (!b->count)
		return mica_fail_note(err, -EINVAL, "capture", dest, "an empty tree has no root to capture");
	code = capture(a, b, dest, flags, false, job, err);
	return code == -EAGAIN && (!err || !err->code) ? capture(a, b, dest, flags, true, job, err) : code;
}
