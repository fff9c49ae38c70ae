/*
 * apply.c - applies a layer to a plain folder, in place.
 *
 * Two stacks of directories go down together, one in the layer and one in the target. A directory of the target gets
 * its attributes when the walk leaves it. So what is done inside does not change its times, and inherits nothing from
 * it.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "copy.h"
#include "dir-stack.h"
#include "groups.h"
#include "inside.h"
#include "names.h"
#include "remove.h"
#include "upper.h"

/* A directory of the layer that the walk is in. */
struct level {
	struct names names;
	size_t next;
	char opaque; /* the value of its overlay.opaque, or 0 */
	struct meta meta;
	struct xattr_view xattrs;
};

struct apply {
	struct dir_stack from, to;
	struct level *levels; /* one for each level of from */
	size_t levels_room;
	struct groups links; /* the path of a group is where the first name of the inode was put */
	struct upper upper;
	struct copy_how how;
	struct mica_error *err;
};

static errint_t fail(struct apply *a, errint_t code, const char *step, const char *name, const char *note)
{
	cleanup_free char *path = dir_stack_join(&a->to, name);

	return mica_fail_note(a->err, code, step, path ? path : name, "%s", note);
}

static struct level *top(struct apply *a)
{
	return &a->levels[a->from.depth - 1];
}

/* Directories. */

/* Reads the layer's directory dirfd, which will be the next level but is not yet on the stack. */
static errint_t read_level(struct apply *a, int dirfd, const char *name, struct level *level)
{
	cleanup_xattr_names struct xattr_names names = {0};
	struct statx stx;
	uint32_t overlay_xattrs;
	errint_t code = upper_xattrs(&a->upper, dirfd, "", name, &names, &overlay_xattrs);

	if (code == 0)
		code = upper_opaque(&a->upper, dirfd, name, overlay_xattrs, &level->opaque);
	if (code < 0)
		return code;
	if (statx(dirfd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return fail(a, -errno, "stat", name, "");
	level->meta = meta_of(&stx);
	code = xattr_read_listed(dirfd, "", a->upper.space, &names, &level->xattrs);
	if (code == 0)
		code = names_read(dirfd, &level->names);
	return code < 0 ? fail(a, code, "read", name, "") : 0;
}

static void free_level(struct level *level)
{
	names_free(&level->names);
	xattr_view_free(&level->xattrs);
}

static errint_t reserve_level(struct apply *a)
{
	size_t room = a->levels_room ? a->levels_room * 2 : 32;
	struct level *levels;

	if (a->from.depth < a->levels_room)
		return 0;
	levels = reallocarray(a->levels, room, sizeof(*levels));
	if (!levels)
		return -ENOMEM;
	a->levels = levels;
	a->levels_room = room;
	return 0;
}

static errint_t remove_name(struct apply *a, const char *name)
{
	cleanup_free char *path = dir_stack_join(&a->to, name);

	if (!path)
		return fail(a, -ENOMEM, "remove", name, "");
	return remove_at(dir_stack_fd(&a->to), name, path, a->how.job, a->err);
}

/* Opens the target's directory of that name. If it does not exist, it is made, and replaces what is there. */
static errint_t open_target(struct apply *a, const char *name, bool opaque, int *fd)
{
	cleanup_free char *path = dir_stack_join(&a->to, name);
	int parent = dir_stack_fd(&a->to);
	errint_t code;

	if (!path)
		return fail(a, -ENOMEM, "open", name, "");
	*fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd >= 0)
		return opaque ? remove_below(*fd, path, a->how.job, a->err) : 0;
	if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return fail(a, -errno, "open", name, "");
	code = remove_name(a, name);
	if (code < 0)
		return code;
	if (mkdirat(parent, name, 0700) < 0)
		return fail(a, -errno, "make directory", name, "");
	*fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0)
		return fail(a, -errno, "open", name, "");
	return meta_disinherit(*fd, path, a->err);
}

/* Takes ownership of both descriptors, which become the deepest level. */
static errint_t push(struct apply *a, int from, int to, const char *name, struct level *level)
{
	errint_t code = reserve_level(a), code_to;

	if (code < 0) {
		close(from);
		close(to);
		free_level(level);
		return fail(a, code, "apply", name, "");
	}
	a->levels[a->from.depth] = *level;
	code = dir_stack_push(&a->from, from, name);
	code_to = dir_stack_push(&a->to, to, name);
	if (code < 0)
		free_level(level);
	return code < 0 || code_to < 0 ? mica_fail(a->err, -ENOMEM, "apply", name) : 0;
}

static errint_t enter(struct apply *a, const char *name)
{
	cleanup_fd int to = -1;
	cleanup_fd int from = openat(dir_stack_fd(&a->from), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct level level = {0};
	errint_t code;

	if (from < 0)
		return fail(a, -errno, "open", name, "");
	code = read_level(a, from, name, &level);
	if (code == 0)
		code = open_target(a, name, level.opaque == 'y', &to);
	if (code < 0) {
		free_level(&level);
		return code;
	}
	return push(a, steal_fd(&from), steal_fd(&to), name, &level);
}

static errint_t set_directory(struct apply *a)
{
	struct level *level = top(a);
	const char *path = *a->to.path ? a->to.path : ".";
	struct meta_target target = {dir_stack_fd(&a->to), "", XATTR_PLAIN, path, false};

	return meta_set(&target, &level->meta, &level->xattrs, a->err);
}

static errint_t leave(struct apply *a)
{
	errint_t code = set_directory(a), code_to;

	if (code < 0)
		return code;
	free_level(top(a));
	code = dir_stack_pop(&a->from);
	code_to = dir_stack_pop(&a->to);
	if (code < 0 || code_to < 0)
		return fail(a, code < 0 ? code : code_to, "apply", "", "a directory was moved meanwhile");
	return 0;
}

/* Entries that are not directories. */

static errint_t link_first(struct apply *a, const struct group *link, const char *name)
{
	const char *slash = strrchr(link->path, '/');
	cleanup_fd int dir = -1;
	errint_t code =
		open_below(a->to.levels[0].fd, link->path, slash ? (size_t)(slash - link->path) : 0, O_PATH, &dir);

	if (code == 0 && linkat(dir, slash ? slash + 1 : link->path, dir_stack_fd(&a->to), name, 0) < 0)
		code = -errno;
	return code < 0 ? fail(a, code, "link", name, link->path) : 0;
}

static errint_t copy_name(struct apply *a, const char *name, const struct group *link)
{
	cleanup_free char *path = link ? strdup(link->path) : dir_stack_join(&a->to, name);
	struct copy_source source = {dir_stack_fd(&a->from), name, a->upper.space, -1};
	struct meta_target target = {dir_stack_fd(&a->to), name, XATTR_PLAIN, path, false};

	if (!path)
		return fail(a, -ENOMEM, "copy", name, "");
	return copy_entry(&source, &target, &a->how, a->err);
}

static errint_t put_linked(struct apply *a, const char *name, const struct statx *stx)
{
	uint64_t dev = (uint64_t)stx->stx_dev_major << 32 | stx->stx_dev_minor;
	struct group *link = groups_see(&a->links, dev, stx->stx_ino, stx->stx_nlink);
	errint_t code;

	if (link && link->path) {
		code = link_first(a, link, name);
	} else {
		if (link)
			link->path = dir_stack_join(&a->to, name);
		if (!link || !link->path)
			return fail(a, -ENOMEM, "copy", name, "");
		code = copy_name(a, name, link);
	}
	groups_done(&a->links, link);
	return code;
}

static errint_t put(struct apply *a, const char *name, const struct statx *stx)
{
	cleanup_xattr_names struct xattr_names names = {0};
	uint32_t overlay_xattrs;
	errint_t code = S_ISREG(stx->stx_mode)
				? upper_xattrs(&a->upper, dir_stack_fd(&a->from), name, name, &names, &overlay_xattrs)
				: 0;

	if (code == 0)
		code = remove_name(a, name);
	if (code < 0)
		return code;
	return stx->stx_nlink > 1 ? put_linked(a, name, stx) : copy_name(a, name, NULL);
}

static errint_t apply_name(struct apply *a, const char *name)
{
	const int how = AT_SYMLINK_NOFOLLOW;
	struct statx stx;
	int whiteout;

	job_add(a->how.job, 1, 0);
	if (statx(dir_stack_fd(&a->from), name, how, STATX_BASIC_STATS, &stx) < 0)
		return fail(a, -errno, "stat", name, "");
	whiteout = upper_is_whiteout(&a->upper, dir_stack_fd(&a->from), name, &stx, top(a)->opaque);
	if (whiteout < 0)
		return whiteout;
	if (whiteout)
		return remove_name(a, name);
	return S_ISDIR(stx.stx_mode) ? enter(a, name) : put(a, name, &stx);
}

static errint_t walk(struct apply *a)
{
	for (;;) {
		struct level *level = top(a);
		errint_t code;

		if (job_cancelled(a->how.job))
			return fail(a, -ECANCELED, "apply", "", "");
		if (level->next < level->names.count)
			code = apply_name(a, names_get(&level->names, level->next++));
		else if (a->from.depth == 1)
			return set_directory(a);
		else
			code = leave(a);
		if (code < 0)
			return code;
	}
}

static errint_t start(struct apply *a, const struct mica_tree *tree, const char *target)
{
	const char *layer = tree->layers[0];
	cleanup_fd int to = -1, from = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct level level = {0};
	errint_t code;

	if (from < 0)
		return mica_fail(a->err, -errno, "open", layer);
	to = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (to < 0)
		return mica_fail(a->err, -errno, "open", target);
	code = refuse_inside(to, ".", "apply", target, tree, 1, a->err);
	if (code < 0)
		return code;
	code = dir_stack_start(&a->from, steal_fd(&from));
	if (code == 0)
		code = dir_stack_start(&a->to, steal_fd(&to));
	if (code == 0)
		code = reserve_level(a);
	if (code < 0)
		return mica_fail(a->err, code, "apply", target);
	code = read_level(a, dir_stack_fd(&a->from), "", &level);
	a->levels[0] = level;
	return code; /* the kernel, too, merges the roots, even if they are marked opaque */
}

static void end(struct apply *a)
{
	for (size_t i = 0; a->levels && i < a->from.depth; i++)
		free_level(&a->levels[i]);
	dir_stack_close(&a->from);
	dir_stack_close(&a->to);
	groups_free(&a->links);
	free(a->levels);
}

errint_t mica_apply(const struct mica_tree *layer, const char *target, uint32_t flags, struct mica_job *job,
		    struct mica_error *err)
{
	struct apply a = {.how = {flags, job}, .err = err};
	errint_t code;

	mica_error_clear(err);
	if (layer->count != 1)
		return mica_fail_note(err, -EINVAL, "apply", target, "one layer at a time");
	a.upper = (struct upper){.step = "apply", .at = &a.to, .err = err};
	a.upper.space = layer->flags & MICA_TREE_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	code = start(&a, layer, target);
	if (code == 0)
		code = walk(&a);
	if (code == 0 && (flags & MICA_SYNC) && syncfs(a.to.levels[0].fd) < 0)
		code = mica_fail(err, -errno, "sync", target);
	end(&a);
	return code;
}
