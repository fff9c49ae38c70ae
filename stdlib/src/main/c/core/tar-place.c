#include "tar-place.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "dir-stack.h"
#include "exact.h"
#include "remarks.h"
#include "remove.h"

/* What a directory is like that has no entry of its own. */
static const struct meta without_entry = {.mode = S_IFDIR | 0755};

errint_t tar_place_fail(struct tar_place *place, errint_t code, const char *step, const struct tar_node *dir,
			const char *name, const char *note)
{
	cleanup_free char *path = tar_tree_path(dir, name);

	return mica_fail_note(place->err, code, step, path && *path ? path : ".", "%s", note);
}

errint_t tar_place_refuse(struct tar_place *place, const struct tar_node *dir, const char *name, const char *note)
{
	return tar_place_fail(place, -EBADMSG, "read tar", dir, name, note);
}

static errint_t remark(struct tar_place *place, uint32_t what, const struct tar_node *dir, const char *name,
		       const char *detail)
{
	cleanup_free char *path = tar_tree_path(dir, name);
	errint_t code = path ? remarks_add(place->remarks, what, *path ? path : ".", detail) : -ENOMEM;

	return code < 0 ? tar_place_fail(place, code, "read tar", dir, name, "") : 0;
}

errint_t tar_place_count(struct tar_place *place, const struct tar_node *dir, const char *name)
{
	job_add(place->job, 1, 0);
	place->entries++;
	if (place->most && place->entries > place->most)
		return tar_place_fail(place, -E2BIG, "read tar", dir, name, "it has more entries than are allowed");
	return 0;
}

errint_t tar_place_start(struct tar_place *place, int root)
{
	errint_t code = tar_tree_start(&place->tree);

	place->root = root;
	place->fd = -1;
	place->near = place->tree.root;
	if (code < 0)
		return mica_fail(place->err, code, "read tar", "");
	place->tree.root->meta = without_entry;
	return meta_disinherit(root, ".", place->err);
}

void tar_place_end(struct tar_place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	tar_tree_free(&place->tree);
	free(place->near_path);
	tar_place_forget_flags(place);
}

/* The descriptor of a directory, good until the next call. */
static errint_t open_dir(struct tar_place *place, struct tar_node *dir, int *fd)
{
	cleanup_free char *path = NULL;
	errint_t code;

	*fd = dir->parent ? place->fd : place->root;
	if (!dir->parent || place->at == dir)
		return 0;
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
	place->at = NULL;
	path = tar_tree_path(dir, "");
	code = path ? open_below(place->root, path, strlen(path), O_RDONLY, &place->fd) : -ENOMEM;
	if (code < 0)
		return tar_place_fail(place, code, "open", dir, "", "");
	place->at = dir;
	*fd = place->fd;
	return 0;
}

/* What is at a name. */

/* Takes away what an earlier entry put there. */
static errint_t clear(struct tar_place *place, struct tar_node *dir, const char *name, struct tar_node *node)
{
	cleanup_free char *path = NULL;
	int fd;
	errint_t code;

	if (node && node->directory) {
		tar_tree_empty(&place->tree, node);
		xattr_view_free(&node->xattrs);
		node->directory = node->opaque = node->entry = false;
		place->at = NULL; /* it may be what was just forgotten */
		place->near = place->tree.root;
		place->near_len = 0;
	}
	if (node)
		node->whiteout = false;
	code = open_dir(place, dir, &fd);
	if (code < 0 || unlinkat(fd, name, 0) == 0 || errno == ENOENT)
		return code;
	path = tar_tree_path(dir, name);
	if (!path)
		return tar_place_fail(place, -ENOMEM, "remove", dir, name, "");
	return remove_at(fd, name, path, place->job, place->err);
}

errint_t tar_place_make(struct tar_place *place, struct tar_node *dir, const char *name,
			int (*how)(int fd, const char *name, const void *arg), const void *arg)
{
	struct tar_node *node = tar_tree_find(&place->tree, dir, name);
	errint_t code = 0;
	int fd;

	if (node && place->exact)
		return tar_place_refuse(place, dir, name, "it comes twice");
	if (node && (node->directory || node->whiteout))
		code = clear(place, dir, name, node);
	if (code == 0)
		code = open_dir(place, dir, &fd);
	if (code < 0 || how(fd, name, arg) == 0)
		return code;
	if (errno != EEXIST)
		return tar_place_fail(place, -errno, "create", dir, name, "");
	if (place->exact)
		return tar_place_refuse(place, dir, name, "it comes twice");
	code = clear(place, dir, name, node);
	if (code == 0)
		code = open_dir(place, dir, &fd);
	return code < 0 || how(fd, name, arg) == 0 ? code : tar_place_fail(place, -errno, "create", dir, name, "");
}

/* Directories. */

static int make_directory(int fd, const char *name, const void *arg)
{
	(void)arg;
	return mkdirat(fd, name, 0700);
}

/* Until its own entry comes, if one does. */
static errint_t new_directory(struct tar_place *place, struct tar_node *dir, const char *name, struct tar_node **out)
{
	errint_t code = tar_place_make(place, dir, name, make_directory, NULL);
	struct tar_node *node;

	if (code < 0)
		return code;
	node = tar_tree_add(&place->tree, dir, name);
	if (!node)
		return tar_place_fail(place, -ENOMEM, "make directory", dir, name, "");
	node->directory = true;
	node->meta = without_entry;
	*out = node;
	return tar_place_count(place, dir, name);
}

/* A directory on the way to an entry. What is there and is none was put there by the tar itself. */
static errint_t go_down(struct tar_place *place, struct tar_node **dir, const char *name)
{
	struct tar_node *node = tar_tree_find(&place->tree, *dir, name);
	struct stat st;
	int fd;
	errint_t code = 0;

	if (!node || !node->directory) {
		code = open_dir(place, *dir, &fd);
		if (code == 0 && !(node && node->whiteout) && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return tar_place_refuse(place, *dir, name,
						S_ISLNK(st.st_mode)
							? "an entry is to lie below it, and it is a symbolic link"
							: "an entry is to lie below it, and it is no directory");
		if (code == 0 && place->exact)
			code = tar_place_refuse(place, *dir, name,
						"an entry is to lie below it, and it has not come before");
		if (code == 0)
			code = new_directory(place, *dir, name, &node);
	}
	if (code == 0)
		*dir = node;
	return code;
}

/* Up from the directory that was found last, to the first that path lies in. */
static void go_up(struct tar_place *place, const char *path)
{
	while (place->near_len &&
	       (strncmp(place->near_path, path, place->near_len) != 0 || path[place->near_len] != '/')) {
		size_t name = strlen(place->near->name);

		place->near = place->near->parent;
		place->near_len -= name < place->near_len ? name + 1 : name;
	}
}

static errint_t keep_near(struct tar_place *place, struct tar_node *dir, const char *path, size_t len)
{
	if (len > place->near_room) {
		char *larger = realloc(place->near_path, len * 2);

		if (!larger)
			return tar_place_fail(place, -ENOMEM, "make directory", dir, "", "");
		place->near_path = larger;
		place->near_room = len * 2;
	}
	if (len)
		memcpy(place->near_path, path, len);
	place->near_len = len;
	place->near = dir;
	return 0;
}

errint_t tar_place_parent(struct tar_place *place, const char *path, struct tar_node **parent, const char **name)
{
	const char *slash;

	go_up(place, path);
	*parent = place->near;
	*name = path + place->near_len + (place->near_len > 0);
	for (; (slash = strchr(*name, '/')); *name = slash + 1) {
		cleanup_free char *part = strndup(*name, (size_t)(slash - *name));
		errint_t code = part ? go_down(place, parent, part)
				     : tar_place_fail(place, -ENOMEM, "make directory", *parent, *name, "");

		if (code < 0)
			return code;
	}
	return keep_near(place, *parent, path, *name == path ? 0 : (size_t)(*name - path) - 1);
}

errint_t tar_place_directory(struct tar_place *place, struct tar_node *parent, const char *name,
			     struct tar_member *member)
{
	struct tar_node *node = *name ? tar_tree_find(&place->tree, parent, name) : parent;
	errint_t code = node && node->directory ? 0 : new_directory(place, parent, name, &node);

	if (code == 0 && place->exact && node->entry)
		code = tar_place_refuse(place, parent, name, "it comes twice");
	if (code == 0)
		code = tar_place_remember_flags(place, member->path, member->pax.flags);
	if (code < 0)
		return code;
	node->meta = member->meta;
	node->meta.mode |= S_IFDIR;
	xattr_view_free(&node->xattrs);
	node->xattrs = member->pax.xattrs;
	member->pax.xattrs = (struct xattr_view){0};
	node->entry = true;
	return 0;
}

/* All else. */

/* All of them can be given, or it is no copy: the caller's meta_set says so. */
static errint_t check_exact(struct tar_place *place, const char *path, const struct xattr_view *xattrs)
{
	for (size_t i = 0; i < xattrs->count; i++)
		if (!exact_has(xattrs->list[i].name, place->guarded))
			return mica_fail_note(place->err, -EBADMSG, "read tar", path,
					      "no copy of a layer has the attribute %s", xattrs->list[i].name);
	return 0;
}

errint_t tar_place_try_xattrs(struct tar_place *place, int dirfd, const char *name, const char *path,
			      struct xattr_view *xattrs)
{
	size_t kept = 0;
	errint_t code = 0;

	if (place->exact)
		return check_exact(place, path, xattrs);
	for (size_t i = 0; i < xattrs->count; i++) {
		struct xattr xattr = xattrs->list[i];
		char buf[XATTR_STORED_MAX];
		errint_t refused = code < 0 || strlen(xattr.name) > 255 - strlen("overlay.")
					   ? -ERANGE
					   : xattr_set(dirfd, name, xattr_escape(xattr.name, place->space, buf),
						       xattr.value, xattr.len);

		/* The others say that it could be given, and something else is wrong. */
		if (refused == 0 || (refused != -EPERM && refused != -EOPNOTSUPP && refused != -EINVAL &&
				     refused != -ERANGE && refused != -EACCES)) {
			if (refused < 0 && code == 0)
				code = mica_fail_note(place->err, refused, "set attribute", path, "%s", xattr.name);
			xattrs->list[kept++] = xattr;
			continue;
		}
		if (code == 0 && (code = remarks_add(place->remarks, MICA_REMARK_XATTR, path, xattr.name)) < 0)
			mica_fail(place->err, code, "set attribute", path);
		free(xattr.value);
	}
	xattrs->count = kept;
	return code;
}

/* name in dirfd gets what the entry is like. */
static errint_t give(struct tar_place *place, struct tar_member *member, int dirfd, const char *name)
{
	struct meta_target target = {dirfd, name, place->space, member->path, place->own};
	errint_t code = tar_place_try_xattrs(place, dirfd, name, member->path, &member->pax.xattrs);

	return code < 0 ? code : meta_set(&target, &member->meta, &member->pax.xattrs, place->err);
}

static int make_file(int fd, const char *name, const void *arg)
{
	int *file = *(int *const *)arg;

	*file = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *file < 0 ? -1 : 0;
}

errint_t tar_place_file(struct tar_place *place, struct tar_node *parent, const char *name, int *fd)
{
	errint_t code = tar_place_count(place, parent, name);

	*fd = -1;
	return code < 0 ? code : tar_place_make(place, parent, name, make_file, &fd);
}

errint_t tar_place_filled(struct tar_place *place, struct tar_member *member, int fd)
{
	errint_t code;

	member->meta.mode |= S_IFREG;
	code = give(place, member, fd, "");
	return code < 0 ? code : tar_place_remember_flags(place, member->path, member->pax.flags);
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

errint_t tar_place_node(struct tar_place *place, struct tar_node *parent, const char *name, struct tar_member *member)
{
	static const mode_t types[] = {
		['2'] = S_IFLNK, ['3'] = S_IFCHR, ['4'] = S_IFBLK, ['6'] = S_IFIFO, ['s'] = S_IFSOCK};
	errint_t code = tar_place_count(place, parent, name);
	int fd;

	if (code < 0)
		return code;
	member->meta.mode |= types[(unsigned char)member->type];
	if (!place->exact && member->type == '3' && !member->major && !member->minor)
		return tar_place_refuse(place, parent, name,
					"a character device 0:0 means deleted in a layer, so no layer can hold one");
	if (member->type == '2')
		code = tar_place_make(place, parent, name, make_link, member->link);
	else
		code = tar_place_make(place, parent, name, make_node, member);
	if (code == -EPERM && place->own && member->type != '2' && member->type != '6') {
		mica_error_clear(place->err);
		return remark(place, MICA_REMARK_DEVICE, parent, name, "");
	}
	if (code == 0)
		code = open_dir(place, parent, &fd);
	return code < 0 ? code : give(place, member, fd, name);
}

/* What was deleted. */

static int make_whiteout(int fd, const char *name, const void *arg)
{
	const enum xattr_space *space = arg;

	/* An attribute in user.* takes write access to set and read access to see. */
	return mknodat(fd, name, *space == XATTR_USER ? S_IFREG | 0644 : S_IFCHR, 0);
}

/* What the tar has at the name stays, before or after this: a whiteout is about what lies below the layer. */
errint_t tar_place_whiteout(struct tar_place *place, struct tar_node *parent, const char *name)
{
	struct tar_node *node = tar_tree_add(&place->tree, parent, name);
	errint_t code = tar_place_count(place, parent, name);
	int fd;

	if (code == 0 && !node)
		code = tar_place_fail(place, -ENOMEM, "make whiteout", parent, name, "");
	if (code < 0)
		return code;
	node->deleted = true;
	if (node->directory || node->whiteout)
		return 0;
	code = open_dir(place, parent, &fd);
	if (code < 0)
		return code;
	if (make_whiteout(fd, name, &place->space) == 0)
		node->whiteout = true;
	else if (errno != EEXIST)
		return tar_place_fail(place, -errno, "make whiteout", parent, name, "");
	if (!node->whiteout || place->space != XATTR_USER)
		return 0;
	code = xattr_set(fd, name, "user.overlay.whiteout", "y", 1);
	return code < 0 ? tar_place_fail(place, code, "set attribute", parent, name, "user.overlay.whiteout") : 0;
}

errint_t tar_place_opaque(struct tar_place *place, struct tar_node *parent)
{
	errint_t code = tar_place_count(place, parent, "");

	if (code == 0 && !parent->parent && !parent->opaque)
		code = remark(place, MICA_REMARK_ROOT, parent, "", "");
	parent->opaque = true;
	return code;
}
