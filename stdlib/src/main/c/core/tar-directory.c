/*
 * tar-directory.c - the directories of a tar that is extracted. The next entry is probably near the last one, so the
 * way to it begins there.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tar-extract.h"

static int make_directory(int fd, const char *name, const void *arg)
{
	(void)arg;
	return mkdirat(fd, name, 0700);
}

/* A mode until the entry of the directory comes, if there is one. */
static errint_t new_directory(struct tar_extract *extract, struct tar_node *dir, const char *name,
			      struct tar_node **out)
{
	errint_t code = tar_extract_make(extract, dir, name, make_directory, NULL);
	struct tar_node *node;

	if (code < 0)
		return code;
	node = tar_tree_add(&extract->tree, dir, name);
	if (!node)
		return tar_extract_fail(extract, -ENOMEM, "make directory", dir, name, "");
	node->directory = true;
	node->meta = tar_without_entry;
	*out = node;
	return tar_extract_count(extract, dir, name);
}

/* A directory on the way to an entry. If something else is there, the tar itself has put it there. */
static errint_t go_down(struct tar_extract *extract, struct tar_node **dir, const char *name)
{
	struct tar_node *node = tar_tree_find(&extract->tree, *dir, name);
	struct stat st;
	int fd;
	errint_t code = 0;

	if (!node || !node->directory) {
		code = tar_extract_open(extract, *dir, &fd);
		if (code == 0 && !(node && node->whiteout) && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return tar_extract_refuse(extract, *dir, name,
						  S_ISLNK(st.st_mode)
							  ? "an entry is to lie below it, and it is a symbolic link"
							  : "an entry is to lie below it, and it is no directory");
		if (code == 0 && extract->exact)
			code = tar_extract_refuse(extract, *dir, name,
						  "an entry is to lie below it, and it has not come before");
		if (code == 0)
			code = new_directory(extract, *dir, name, &node);
	}
	if (code == 0)
		*dir = node;
	return code;
}

/* Goes up from the directory that was found last, to the first one above path. */
static void go_up(struct tar_extract *extract, const char *path)
{
	while (extract->near_len &&
	       (strncmp(extract->near_path, path, extract->near_len) != 0 || path[extract->near_len] != '/')) {
		size_t name = strlen(extract->near->name);

		extract->near = extract->near->parent;
		extract->near_len -= name < extract->near_len ? name + 1 : name;
	}
}

static errint_t keep_near(struct tar_extract *extract, struct tar_node *dir, const char *path, size_t len)
{
	if (len > extract->near_room) {
		char *larger = realloc(extract->near_path, len * 2);

		if (!larger)
			return tar_extract_fail(extract, -ENOMEM, "make directory", dir, "", "");
		extract->near_path = larger;
		extract->near_room = len * 2;
	}
	if (len)
		memcpy(extract->near_path, path, len);
	extract->near_len = len;
	extract->near = dir;
	return 0;
}

errint_t tar_extract_parent(struct tar_extract *extract, const char *path, struct tar_node **parent, const char **name)
{
	const char *slash;

	go_up(extract, path);
	*parent = extract->near;
	*name = path + extract->near_len + (extract->near_len > 0);
	for (; (slash = strchr(*name, '/')); *name = slash + 1) {
		cleanup_free char *part = strndup(*name, (size_t)(slash - *name));
		errint_t code = part ? go_down(extract, parent, part)
				     : tar_extract_fail(extract, -ENOMEM, "make directory", *parent, *name, "");

		if (code < 0)
			return code;
	}
	return keep_near(extract, *parent, path, *name == path ? 0 : (size_t)(*name - path) - 1);
}

errint_t tar_extract_directory(struct tar_extract *extract, struct tar_node *parent, const char *name,
			       struct tar_member *member)
{
	struct tar_node *node = *name ? tar_tree_find(&extract->tree, parent, name) : parent;
	errint_t code = node && node->directory ? 0 : new_directory(extract, parent, name, &node);

	if (code == 0 && extract->exact && node->entry)
		code = tar_extract_refuse(extract, parent, name, "it comes twice");
	if (code == 0)
		code = tar_extract_remember_flags(extract, member->path, member->pax.flags);
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
