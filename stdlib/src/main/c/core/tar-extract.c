#include "tar-extract.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dir-stack.h"
#include "exact.h"
#include "remarks.h"
#include "remove.h"

const struct meta tar_without_entry = {.mode = S_IFDIR | 0755};

errint_t tar_extract_fail(struct tar_extract *extract, errint_t code, const char *step, const struct tar_node *dir,
			  const char *name, const char *note)
{
	cleanup_free char *path = tar_tree_path(dir, name);

	return mica_fail_note(extract->err, code, step, path && *path ? path : ".", "%s", note);
}

errint_t tar_extract_refuse(struct tar_extract *extract, const struct tar_node *dir, const char *name, const char *note)
{
	return tar_extract_fail(extract, -EBADMSG, "read tar", dir, name, note);
}

static errint_t remark(struct tar_extract *extract, uint32_t what, const struct tar_node *dir, const char *name,
		       const char *detail)
{
	cleanup_free char *path = tar_tree_path(dir, name);
	errint_t code = path ? remarks_add(extract->remarks, what, *path ? path : ".", detail) : -ENOMEM;

	return code < 0 ? tar_extract_fail(extract, code, "read tar", dir, name, "") : 0;
}

errint_t tar_extract_count(struct tar_extract *extract, const struct tar_node *dir, const char *name)
{
	job_add(extract->job, 1, 0);
	extract->entries++;
	if (extract->most && extract->entries > extract->most)
		return tar_extract_fail(extract, -E2BIG, "read tar", dir, name, "it has more entries than are allowed");
	return 0;
}

errint_t tar_extract_start(struct tar_extract *extract, int root)
{
	errint_t code = tar_tree_start(&extract->tree);

	extract->root = root;
	extract->fd = -1;
	extract->near = extract->tree.root;
	if (code < 0)
		return mica_fail(extract->err, code, "read tar", "");
	extract->tree.root->meta = tar_without_entry;
	return meta_disinherit(root, ".", extract->err);
}

void tar_extract_end(struct tar_extract *extract)
{
	if (extract->fd >= 0)
		close(extract->fd);
	tar_tree_free(&extract->tree);
	free(extract->near_path);
	tar_extract_forget_flags(extract);
}

errint_t tar_extract_open(struct tar_extract *extract, struct tar_node *dir, int *fd)
{
	cleanup_free char *path = NULL;
	errint_t code;

	*fd = dir->parent ? extract->fd : extract->root;
	if (!dir->parent || extract->at == dir)
		return 0;
	if (extract->fd >= 0)
		close(extract->fd);
	extract->fd = -1;
	extract->at = NULL;
	path = tar_tree_path(dir, "");
	code = path ? open_below(extract->root, path, strlen(path), O_RDONLY, &extract->fd) : -ENOMEM;
	if (code < 0)
		return tar_extract_fail(extract, code, "open", dir, "", "");
	extract->at = dir;
	*fd = extract->fd;
	return 0;
}

/* What is at a name already. */

/* Removes what an earlier entry put there. */
static errint_t clear(struct tar_extract *extract, struct tar_node *dir, const char *name, struct tar_node *node)
{
	cleanup_free char *path = NULL;
	int fd;
	errint_t code;

	if (node && node->directory) {
		tar_tree_empty(&extract->tree, node);
		xattr_view_free(&node->xattrs);
		node->directory = node->opaque = node->entry = false;
		extract->at = NULL; /* it may point to a node that was just forgotten */
		extract->near = extract->tree.root;
		extract->near_len = 0;
	}
	if (node)
		node->whiteout = false;
	code = tar_extract_open(extract, dir, &fd);
	if (code < 0 || unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return code;
	path = tar_tree_path(dir, name);
	if (!path)
		return tar_extract_fail(extract, -ENOMEM, "remove", dir, name, "");
	return remove_at(fd, name, path, extract->job, extract->err);
}

errint_t tar_extract_make(struct tar_extract *extract, struct tar_node *dir, const char *name,
			  int (*how)(int fd, const char *name, const void *arg), const void *arg)
{
	struct tar_node *node = tar_tree_find(&extract->tree, dir, name);
	errint_t code = 0;
	int fd;

	if (node && extract->exact)
		return tar_extract_refuse(extract, dir, name, "it comes twice");
	if (node && (node->directory || node->whiteout))
		code = clear(extract, dir, name, node);
	if (code == 0)
		code = tar_extract_open(extract, dir, &fd);
	if (code < 0 || how(fd, name, arg) == 0)
		return code;
	if (errno != EEXIST)
		return tar_extract_fail(extract, -errno, "create", dir, name, "");
	if (extract->exact)
		return tar_extract_refuse(extract, dir, name, "it comes twice");
	code = clear(extract, dir, name, node);
	if (code == 0)
		code = tar_extract_open(extract, dir, &fd);
	return code < 0 || how(fd, name, arg) == 0 ? code : tar_extract_fail(extract, -errno, "create", dir, name, "");
}

/* Attributes, files and nodes. */

/* In an exact copy every attribute must be one that can be set: the caller's meta_set fails otherwise. */
static errint_t check_exact(struct tar_extract *extract, const char *path, const struct xattr_view *xattrs)
{
	for (size_t i = 0; i < xattrs->count; i++)
		if (!exact_has(xattrs->list[i].name, extract->guarded))
			return mica_fail_note(extract->err, -EBADMSG, "read tar", path,
					      "no copy of a layer has the attribute %s", xattrs->list[i].name);
	return 0;
}

errint_t tar_extract_try_xattrs(struct tar_extract *extract, int dirfd, const char *name, const char *path,
				struct xattr_view *xattrs)
{
	size_t kept = 0;
	errint_t code = 0;

	if (extract->exact)
		return check_exact(extract, path, xattrs);
	for (size_t i = 0; i < xattrs->count; i++) {
		struct xattr xattr = xattrs->list[i];
		char buf[XATTR_STORED_MAX];
		errint_t refused = code < 0 || strlen(xattr.name) > 255 - strlen("overlay.")
					   ? -ERANGE
					   : xattr_set(dirfd, name, xattr_escape(xattr.name, extract->space, buf),
						       xattr.value, xattr.len);

		/* Other errors mean that the attribute could be set, but that something else is wrong. */
		if (refused == 0 || (refused != -EPERM && refused != -EOPNOTSUPP && refused != -EINVAL &&
				     refused != -ERANGE && refused != -EACCES)) {
			if (refused < 0 && code == 0)
				code = mica_fail_note(extract->err, refused, "set attribute", path, "%s", xattr.name);
			xattrs->list[kept++] = xattr;
			continue;
		}
		if (code == 0 && (code = remarks_add(extract->remarks, MICA_REMARK_XATTR, path, xattr.name)) < 0)
			mica_fail(extract->err, code, "set attribute", path);
		free(xattr.value);
	}
	xattrs->count = kept;
	return code;
}

/* Gives name in dirfd the metadata of the entry. */
static errint_t give(struct tar_extract *extract, struct tar_member *member, int dirfd, const char *name)
{
	struct meta_target target = {dirfd, name, extract->space, member->path, extract->own};
	errint_t code = tar_extract_try_xattrs(extract, dirfd, name, member->path, &member->pax.xattrs);

	return code < 0 ? code : meta_set(&target, &member->meta, &member->pax.xattrs, extract->err);
}

static int make_file(int fd, const char *name, const void *arg)
{
	int *file = *(int *const *)arg;

	*file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *file < 0 ? -1 : 0;
}

errint_t tar_extract_file(struct tar_extract *extract, struct tar_node *parent, const char *name, int *fd)
{
	errint_t code = tar_extract_count(extract, parent, name);

	*fd = -1;
	return code < 0 ? code : tar_extract_make(extract, parent, name, make_file, &fd);
}

errint_t tar_extract_filled(struct tar_extract *extract, struct tar_member *member, int fd)
{
	errint_t code;

	member->meta.mode |= S_IFREG;
	code = give(extract, member, fd, "");
	return code < 0 ? code : tar_extract_remember_flags(extract, member->path, member->pax.flags);
}

static int make_link(int fd, const char *name, const void *arg)
{
	return symlinkat(arg, fd, name);
}

static int make_node(int fd, const char *name, const void *arg)
{
	const struct tar_member *member = arg;

	return mknodat(fd, name, (member->meta.mode & S_IFMT) | 0600, makedev(member->major, member->minor));
}

errint_t tar_extract_node(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  struct tar_member *member)
{
	static const mode_t types[] = {
		['2'] = S_IFLNK, ['3'] = S_IFCHR, ['4'] = S_IFBLK, ['6'] = S_IFIFO, ['s'] = S_IFSOCK};
	errint_t code = tar_extract_count(extract, parent, name);
	int fd;

	if (code < 0)
		return code;
	member->meta.mode |= types[(unsigned char)member->type];
	if (!extract->exact && member->type == '3' && !member->major && !member->minor)
		return tar_extract_refuse(extract, parent, name,
					  "a character device 0:0 means deleted in a layer, so no layer can hold one");
	if (member->type == '2')
		code = tar_extract_make(extract, parent, name, make_link, member->link);
	else
		code = tar_extract_make(extract, parent, name, make_node, member);
	if (code == -EPERM && extract->own && member->type != '2' && member->type != '6') {
		mica_error_clear(extract->err);
		return remark(extract, MICA_REMARK_DEVICE, parent, name, "");
	}
	if (code == 0)
		code = tar_extract_open(extract, parent, &fd);
	return code < 0 ? code : give(extract, member, fd, name);
}

/* Entries that the layer deletes. */

static int make_whiteout(int fd, const char *name, const void *arg)
{
	const enum xattr_space *space = arg;

	/* To set an attribute in user.* takes write access, and to see it takes read access. */
	return mknodat(fd, name, *space == XATTR_USER ? S_IFREG | 0644 : S_IFCHR, 0);
}

/* An entry of the tar at the same name stays, whether it comes before or after: a whiteout is about the layers below.
 */
errint_t tar_extract_whiteout(struct tar_extract *extract, struct tar_node *parent, const char *name)
{
	struct tar_node *node = tar_tree_add(&extract->tree, parent, name);
	errint_t code = tar_extract_count(extract, parent, name);
	int fd;

	if (code == 0 && !node)
		code = tar_extract_fail(extract, -ENOMEM, "make whiteout", parent, name, "");
	if (code < 0)
		return code;
	node->deleted = true;
	if (node->directory || node->whiteout)
		return 0;
	code = tar_extract_open(extract, parent, &fd);
	if (code < 0)
		return code;
	if (make_whiteout(fd, name, &extract->space) == 0)
		node->whiteout = true;
	else if (errno != EEXIST)
		return tar_extract_fail(extract, -errno, "make whiteout", parent, name, "");
	if (!node->whiteout || extract->space != XATTR_USER)
		return 0;
	code = xattr_set(fd, name, "user.overlay.whiteout", "y", 1);
	return code < 0 ? tar_extract_fail(extract, code, "set attribute", parent, name, "user.overlay.whiteout") : 0;
}

errint_t tar_extract_opaque(struct tar_extract *extract, struct tar_node *parent)
{
	errint_t code = tar_extract_count(extract, parent, "");

	if (code == 0 && !parent->parent && !parent->opaque)
		code = remark(extract, MICA_REMARK_ROOT, parent, "", "");
	parent->opaque = true;
	return code;
}
