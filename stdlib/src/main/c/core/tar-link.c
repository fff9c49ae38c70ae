/* tar-link.c - hard links in a tar that is read: to what the tar itself has put into the folder before, and nothing
 * else. */
#include <fcntl.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "tar-extract.h"

/* The directory that target lies in, which must be here, and its last name. */
static errint_t find_target(struct tar_extract *extract, const char *target, struct tar_node **dir, const char **name)
{
	const char *slash;

	*dir = extract->tree.root;
	for (*name = target; (slash = strchr(*name, '/')); *name = slash + 1) {
		cleanup_free char *part = strndup(*name, (size_t)(slash - *name));
		struct tar_node *node = part ? tar_tree_find(&extract->tree, *dir, part) : NULL;

		if (!part)
			return -ENOMEM;
		if (!node || !node->directory)
			return -ENOENT;
		*dir = node;
	}
	return **name ? 0 : -EISDIR;
}

struct link_target {
	int fd;
	const char *name;
};

static int link_name(int fd, const char *name, const void *arg)
{
	const struct link_target *target = arg;

	return linkat(target->fd, target->name, fd, name, 0);
}

static errint_t open_target(struct tar_extract *extract, const char *path, struct link_target *target)
{
	struct tar_node *dir, *node;
	cleanup_free char *above = NULL;
	struct stat st;
	errint_t code = find_target(extract, path, &dir, &target->name);

	if (code < 0)
		return code;
	node = tar_tree_find(&extract->tree, dir, target->name);
	if (node && (node->directory || node->whiteout))
		return node->directory ? -EISDIR : -ENOENT;
	above = tar_tree_path(dir, "");
	if (!above)
		return -ENOMEM;
	code = open_below(extract->root, above, strlen(above), O_PATH, &target->fd);
	if (code == 0 && fstatat(target->fd, target->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		code = -errno;
	return code;
}

errint_t tar_extract_link(struct tar_extract *extract, struct tar_node *parent, const char *name,
			  const struct tar_member *member)
{
	struct link_target target = {.fd = -1};
	errint_t code = tar_extract_count(extract, parent, name);

	if (code < 0)
		return code;
	if (!strcmp(member->link, member->path))
		return tar_extract_refuse(extract, parent, name, "it is a hard link to itself");
	code = open_target(extract, member->link, &target);
	if (code == -ENOENT)
		code = tar_extract_refuse(extract, parent, name,
					  "it is a hard link to what is not in this tar before it");
	else if (code == -EISDIR)
		code = tar_extract_refuse(extract, parent, name, "it is a hard link to a directory");
	else if (code < 0)
		tar_extract_fail(extract, code, "link", parent, name, member->link);
	else
		code = tar_extract_make(extract, parent, name, link_name, &target);
	if (target.fd >= 0)
		close(target.fd);
	return code;
}
