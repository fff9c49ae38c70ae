#include "tar-tree.h"

#include <search.h>

/* It is a search tree and not a hash table: names could be invented that all have the same hash. */
static int compare(const void *a, const void *b)
{
	const struct tar_node *x = a, *y = b;

	if (x->parent != y->parent)
		return (uintptr_t)x->parent < (uintptr_t)y->parent ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct tar_node *node_new(struct tar_node *parent, const char *name)
{
	struct tar_node *node = calloc(1, sizeof(*node) + strlen(name) + 1);

	if (!node)
		return NULL;
	node->parent = parent;
	strcpy(node->name, name);
	return node;
}

errint_t tar_tree_start(struct tar_tree *tree)
{
	tree->root = node_new(NULL, "");
	if (!tree->root)
		return -ENOMEM;
	tree->root->directory = true;
	return 0;
}

struct tar_node *tar_tree_find(const struct tar_tree *tree, struct tar_node *parent, const char *name)
{
	struct tar_node *key, **found;

	if (!parent->first)
		return NULL;
	key = node_new(parent, name);
	if (!key)
		return NULL;
	found = tfind(key, &tree->index, compare);
	free(key);
	return found ? *found : NULL;
}

struct tar_node *tar_tree_add(struct tar_tree *tree, struct tar_node *parent, const char *name)
{
	struct tar_node *node = node_new(parent, name);
	struct tar_node **at = node ? tsearch(node, &tree->index, compare) : NULL;

	if (!at || *at != node) {
		free(node);
		return at ? *at : NULL;
	}
	node->after = parent->first;
	if (node->after)
		node->after->before = node;
	parent->first = node;
	return node;
}

static void free_node(struct tar_node *node)
{
	xattr_view_free(&node->xattrs);
	free(node);
}

/* node must have nothing below it and be the first of its parent. */
static void forget(struct tar_tree *tree, struct tar_node *node)
{
	node->parent->first = node->after;
	if (node->after)
		node->after->before = NULL;
	tdelete(node, &tree->index, compare);
	free_node(node);
}

void tar_tree_empty(struct tar_tree *tree, struct tar_node *node)
{
	struct tar_node *at = node;

	while (node->first || at != node) {
		while (at->first)
			at = at->first;
		struct tar_node *up = at->parent;

		forget(tree, at);
		at = up;
	}
}

char *tar_tree_path(const struct tar_node *node, const char *name)
{
	size_t len = strlen(name);
	char *path, *at;

	for (const struct tar_node *up = node; up->parent; up = up->parent)
		len += strlen(up->name) + (*name || up != node);
	path = malloc(len + 1);
	if (!path)
		return NULL;
	at = path + len - strlen(name);
	strcpy(at, name);
	for (const struct tar_node *up = node; up->parent; up = up->parent) {
		if (*name || up != node)
			*--at = '/';
		at -= strlen(up->name);
		memcpy(at, up->name, strlen(up->name));
	}
	return path;
}

void tar_tree_free(struct tar_tree *tree)
{
	if (!tree->root)
		return;
	tar_tree_empty(tree, tree->root);
	free_node(tree->root);
	tree->root = NULL;
}
