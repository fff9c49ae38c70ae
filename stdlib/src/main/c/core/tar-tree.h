/*
 * tar-tree.h - what must be remembered of a layer that is made from a tar: its directories, whose attributes are set at
 * the end, and the names that were deleted. Private to core/.
 *
 * The last entry of a name counts, and a directory may be filled before its own entry comes, or without one. So until
 * the end a directory stays as it was made: its owner may enter it, and it has no ACL that its entries would inherit.
 */
#ifndef MICA_TAR_TREE_H
#define MICA_TAR_TREE_H

#include "meta.h"

struct tar_node {
	struct tar_node *parent, *first, *before, *after; /* after: the next one in parent */
	bool directory;
	bool whiteout; /* there is a whiteout at the name */
	bool deleted;  /* the tar has deleted the name, so a directory there hides the layers below */
	bool opaque;   /* the directory was marked as opaque */
	bool entry;    /* the directory had an entry of its own */
	struct meta meta;
	struct xattr_view xattrs;
	char name[];
};

struct tar_tree {
	struct tar_node *root;
	void *index;
};

/* Makes the tree with its root. tree must be zeroed before. -ENOMEM. */
errint_t tar_tree_start(struct tar_tree *tree);
/* Returns the node of name in parent, or NULL if nothing is remembered of it. */
struct tar_node *tar_tree_find(const struct tar_tree *tree, struct tar_node *parent, const char *name);
/* The same, but makes the node if there is none. NULL: there is no memory. */
struct tar_node *tar_tree_add(struct tar_tree *tree, struct tar_node *parent, const char *name);
/* Forgets everything below node, which itself stays. */
void tar_tree_empty(struct tar_tree *tree, struct tar_node *node);
/* Returns the path of name in the directory node, which the caller must free, or NULL if there is no memory. */
char *tar_tree_path(const struct tar_node *node, const char *name);
void tar_tree_free(struct tar_tree *tree);

#endif
