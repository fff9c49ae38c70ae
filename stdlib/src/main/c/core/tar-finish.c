/*
 * tar-finish.c - the end of reading a tar: each directory gets what it is like, after all that is in it, so that
 * nothing done inside spoils its times or is inherited.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "remarks.h"
#include "tar-extract.h"

static const char *shown(const struct dir_stack *stack)
{
	return *stack->path ? stack->path : ".";
}

/* In an opaque directory whiteouts say nothing: no layer that mica_capture makes has them. */
static errint_t remove_whiteouts(struct tar_extract *extract, const struct tar_node *node, struct dir_stack *stack)
{
	for (const struct tar_node *child = node->first; child; child = child->after)
		if (child->whiteout && unlinkat(dir_stack_fd(stack), child->name, 0) < 0)
			return mica_fail_at(extract->err, -errno, "remove", shown(stack), child->name);
	return 0;
}

static bool has_whiteouts(const struct tar_node *node)
{
	for (const struct tar_node *child = node->first; child; child = child->after)
		if (child->whiteout)
			return true;
	return false;
}

static errint_t set_opaque(struct tar_extract *extract, const struct tar_node *node, struct dir_stack *stack)
{
	bool opaque = node->opaque || node->deleted;
	char letter = opaque ? 'y' : 'x', attr[40];
	errint_t code = opaque ? remove_whiteouts(extract, node, stack) : 0;

	if (code < 0 || (!opaque && (extract->space != XATTR_USER || !has_whiteouts(node))))
		return code;
	strcpy(stpcpy(attr, xattr_prefix(extract->space)), "opaque");
	code = xattr_set(dir_stack_fd(stack), "", attr, &letter, 1);
	return code < 0 ? mica_fail_note(extract->err, code, "set attribute", shown(stack), "%s", attr) : 0;
}

static errint_t set_directory(struct tar_extract *extract, struct tar_node *node, struct dir_stack *stack)
{
	struct meta_target target = {dir_stack_fd(stack), "", extract->space, shown(stack), extract->own};
	errint_t code = node->entry ? 0 : remarks_add(extract->remarks, MICA_REMARK_PARENT, shown(stack), "");

	if (code < 0)
		return mica_fail(extract->err, code, "read tar", shown(stack));
	code = set_opaque(extract, node, stack);
	if (code == 0)
		code = tar_extract_try_xattrs(extract, target.dirfd, "", target.path, &node->xattrs);
	return code < 0 ? code : meta_set(&target, &node->meta, &node->xattrs, extract->err);
}

static errint_t enter(struct tar_extract *extract, const struct tar_node *node, struct dir_stack *stack)
{
	int fd = openat(dir_stack_fd(stack), node->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return mica_fail_at(extract->err, -errno, "open", shown(stack), node->name);
	return dir_stack_push(stack, fd, node->name) < 0 ? mica_fail(extract->err, -ENOMEM, "open", node->name) : 0;
}

static struct tar_node *next_directory(struct tar_node *node)
{
	while (node && !node->directory)
		node = node->after;
	return node;
}

static errint_t leave(struct tar_extract *extract, struct tar_node *node, struct dir_stack *stack)
{
	errint_t code = set_directory(extract, node, stack);

	if (code == 0 && node->parent && (code = dir_stack_pop(stack)) < 0)
		mica_fail(extract->err, code, "go up", stack->path);
	return code;
}

errint_t tar_extract_finish(struct tar_extract *extract)
{
	cleanup_dir_stack struct dir_stack stack = {0};
	struct tar_node *node = extract->tree.root, *next = next_directory(node->first);
	int root = fcntl(extract->root, F_DUPFD_CLOEXEC, 0);
	errint_t code = root < 0 ? -errno : dir_stack_start(&stack, root);

	if (code < 0)
		return mica_fail(extract->err, code, "open", ".");
	/* Down while there is a directory, then through the next one beside it, or up. */
	while (code == 0) {
		if (job_cancelled(extract->job))
			return mica_fail(extract->err, -ECANCELED, "read tar", shown(&stack));
		if (next) {
			code = enter(extract, next, &stack);
			node = next;
			next = next_directory(node->first);
			continue;
		}
		code = leave(extract, node, &stack);
		if (!node->parent)
			break;
		next = next_directory(node->after);
		node = node->parent;
	}
	return code;
}
