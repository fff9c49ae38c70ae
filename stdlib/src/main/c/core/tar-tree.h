/*
 * tar-tree.h - what must be remembered of a layer that is made from a tar: its directories, whose attributes are given
 * at the end, and the names that were deleted. Private to core/.
 *
 * The last entry of a name counts, and a directory may be filled before its own entry comes, or without one. So a
 * directory stays as it was made, open to its owner and with no ACL that it could hand on, until nothing more comes.
 */
#ifndef MICA_TAR_TREE_H
#define MICA_TAR_TREE_H

#include "meta.h"

struct tar_node {
	struct tar_node *parent, *first, *before, *after; /* after: the next one in parent */
	bool directory;
	bool whiteout; /* one lies at the name */
	bool deleted;  /* the name was: what is there by now hides what is below */
	bool opaque;   /* a directory that was marked so */
	bool entry;    /* a directory that had an entry of its own */
	struct meta meta;
	struct xattr_view xattrs;
	char name[];
};

struct tar_tree {
	struct tar_node *root;
	void *index;
};

errint_t tar_tree_start(struct tar_tree *tree);
/* NULL: nothing is remembered of it. */
struct tar_node *tar_tree_find(const struct tar_tree *tree, struct tar_node *parent, const char *name);
/* The same, remembered from now on; NULL: no memory. */
struct tar_node *tar_tree_add(struct tar_tree *tree, struct tar_node *parent, const char *name);
/* Forgets what is below node, which stays. */
void tar_tree_empty(struct tar_tree *tree, struct tar_node *node);
/* The path of name in the directory node, to be freed; NULL: no memory. */
char *tar_tree_path(const struct tar_node *node, const char *name);
void tar_tree_free(struct tar_tree *tree);

#endif
