/* node-path.c - where a node lies, below the root. */
#include "node-internal.h"

static errint_t path_of(struct node *root, struct node *n, char path[PATH_MAX])
{
	size_t at = PATH_MAX - 1;

	path[at] = 0;
	for (; n != root; n = n->dentries->parent) {
		if (!n->dentries)
			return -ENOENT;
		const char *name = n->dentries->name;
		size_t len = strlen(name);
		if (len + 1 > at)
			return -ENAMETOOLONG;
		if (path[at])
			path[--at] = '/';
		memcpy(path + (at -= len), name, len);
	}
	memmove(path, path + at, PATH_MAX - at);
	return 0;
}

errint_t node_path(struct nodes *all, struct node *node, char path[PATH_MAX])
{
	pthread_mutex_lock(&all->lock);
	errint_t code = path_of(all->root, node, path);
	pthread_mutex_unlock(&all->lock);
	return code;
}

errint_t node_path_at(struct nodes *all, struct node *parent, const char *name, char path[PATH_MAX])
{
	errint_t code = node_path(all, parent, path);
	size_t len = code ? 0 : strlen(path);

	if (code || len + strlen(name) + 2 > PATH_MAX)
		return code ? code : -ENAMETOOLONG;
	if (len)
		path[len++] = '/';
	strcpy(path + len, name);
	return 0;
}
