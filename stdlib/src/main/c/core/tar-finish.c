/*
 * tar-finish.c - the end of reading a tar: each directory gets what it is like, after all that is in it, so that
 * nothing done inside spoils its times or is inherited.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "remarks.h"
#include "tar-place.h"

static const char *shown(const struct dir_stack *stack)
{
	return *stack->path ? stack->path : ".";
}

/* In an opaque directory whiteouts say nothing: no layer that mica_capture makes has them. */
static errint_t remove_whiteouts(struct tar_place *place, const struct tar_node *node, struct dir_stack *stack)
{
	for (const struct tar_node *child = node->first; child; child = child->after)
		if (child->whiteout && unlinkat(dir_stack_fd(stack), child->name, 0) < 0)
			return mica_fail_at(place->err, -errno, "remove", shown(stack), child->name);
	return 0;
}

static bool has_whiteouts(const struct tar_node *node)
{
	for (const struct tar_node *child = node->first; child; child = child->after)
		if (child->whiteout)
			return true;
	return false;
}

static errint_t set_opaque(struct tar_place *place, const struct tar_node *node, struct dir_stack *stack)
{
	bool opaque = node->opaque || node->deleted;
	char letter = opaque ? 'y' : 'x', attr[40];
	errint_t code = opaque ? remove_whiteouts(place, node, stack) : 0;

	if (code < 0 || (!opaque && (place->space != XATTR_USER || !has_whiteouts(node))))
		return code;
	strcpy(stpcpy(attr, xattr_prefix(place->space)), "opaque");
	code = xattr_set(dir_stack_fd(stack), "", attr, &letter, 1);
	return code < 0 ? mica_fail_note(place->err, code, "set attribute", shown(stack), "%s", attr) : 0;
}

static errint_t set_directory(struct tar_place *place, struct tar_node *node, struct dir_stack *stack)
{
	struct meta_target target = {dir_stack_fd(stack), "", place->space, shown(stack), place->own};
	errint_t code = node->entry ? 0 : remarks_add(place->remarks, MICA_REMARK_PARENT, shown(stack), "");

	if (code < 0)
		return mica_fail(place->err, code, "read tar", shown(stack));
	code = set_opaque(place, node, stack);
	if (code == 0)
		code = tar_place_try_xattrs(place, target.dirfd, "", target.path, &node->xattrs);
	return code < 0 ? code : meta_set(&target, &node->meta, &node->xattrs, place->err);
}

static errint_t enter(struct tar_place *place, const struct tar_node *node, struct dir_stack *stack)
{
	int fd = openat(dir_stack_fd(stack), node->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return mica_fail_at(place->err, -errno, "open", shown(stack), node->name);
	return dir_stack_push(stack, fd, node->name) < 0 ? mica_fail(place->err, -ENOMEM, "open", node->name) : 0;
}

static struct tar_node *next_directory(struct tar_node *node)
{
	while (node && !node->directory)
		node = node->after;
	return node;
}

static errint_t leave(struct tar_place *place, struct tar_node *node, struct dir_stack *stack)
{
	errint_t code = set_directory(place, node, stack);

	if (code == 0 && node->parent && (code = dir_stack_pop(stack)) < 0)
		mica_fail(place->err, code, "go up", stack->path);
	return code;
}

errint_t tar_place_finish(struct tar_place *place)
{
	cleanup_dir_stack struct dir_stack stack = {0};
	struct tar_node *node = place->tree.root, *next = next_directory(node->first);
	int root = fcntl(place->root, F_DUPFD_CLOEXEC, 0);
	errint_t code = root < 0 ? -errno : dir_stack_start(&stack, root);

	if (code < 0)
		return mica_fail(place->err, code, "open", ".");
	/* Down while there is a directory, then through the next one beside it, or up. */
	while (code == 0) {
		if (job_cancelled(place->job))
			return mica_fail(place->err, -ECANCELED, "read tar", shown(&stack));
		if (next) {
			code = enter(place, next, &stack);
			node = next;
			next = next_directory(node->first);
			continue;
		}
		code = leave(place, node, &stack);
		if (!node->parent)
			break;
		next = next_directory(node->after);
		node = node->parent;
	}
	return code;
}
