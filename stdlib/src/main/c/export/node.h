/*
 * node.h - the nodes of an export: the files and directories that the host's kernel knows by number.
 *
 * A node is found by its number, by its identity (device and inode of the union) and by its dentries:
 * as in the kernel, a dentry is one name of a node in one parent directory. A node has an O_PATH descriptor only once
 * something needed one: a listing makes a hundred thousand nodes and not one descriptor, and descriptors not used
 * lately are closed again while a dentry can bring them back.
 *
 * The identity of a file may change when it is copied up: the caller that did that calls node_copied_up.
 * If a lower file has several names, each name is a file of its own, because overlayfs separates them at
 * copy-up: their dentry is part of their identity (salt). A file with several names in the upper is known by
 * its number there (by_upper).
 *
 * All functions may be called from any thread. A node stays while it is pinned.
 */
#ifndef MICA_EXPORT_NODE_H
#define MICA_EXPORT_NODE_H

#include <limits.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base.h"
#include "budget.h"

#define NODE_ROOT 1u
#define LAYER_UNKNOWN (-1)
#define LAYER_UPPER 0

/* One name of a node. */
struct dentry {
	struct node *node, *parent;
	struct dentry *other; /* names of the same node */
	struct dentry *same_bucket;
	char name[];
};

struct node {
	uint64_t id; /* never used again */
	uint64_t dev, ino, salt;
	uint64_t shown_ino;	 /* st_ino for the host: unique among the live nodes, kept over a copy-up */
	struct dentry *dentries; /* as far as the host knows them; NULL for the root, and when its name is gone */
	uint64_t lookups;	 /* the number of lookups that the host has not forgotten */
	uint32_t pins;		 /* in use by calls */
	uint32_t children;	 /* dentries whose parent it is */
	mode_t type;		 /* S_IFMT */
	int fd;			 /* O_PATH, or -1 */
	int layer;		 /* the layer with its data; LAYER_UNKNOWN until it is looked up */
	bool by_upper;		 /* dev and ino are those of the upper, because it has several names */
	bool told;		 /* the host was told the backing */
	bool asked;		 /* the host was asked to forget */
	bool outlived;		 /* its descriptor belongs to a name that is gone, and it has another name */
	uint64_t lower_at;	 /* 1 + the count of changes at which the upper lacked it; 0: not known */
	struct node *same_id;	 /* chains of the tables */
	struct node *same_identity;
	struct node *fd_older, *fd_newer; /* among those with a descriptor that may be closed */
	struct node *older, *newer;	  /* among all, by age */
};

struct nodes;

/* layers: directories, the upper first; borrowed. The root is node 1. NULL and errno on failure. */
struct nodes *nodes_new(int root_fd, const int *layers, unsigned layer_count, unsigned fd_limit,
			struct export_budget *budget);
void nodes_free(struct nodes *all);
size_t nodes_count(struct nodes *all);

/* The node of that number, pinned; NULL if there is none. */
struct node *node_get(struct nodes *all, uint64_t id);
void node_put(struct nodes *all, struct node *node);

/* The O_PATH descriptor of a pinned node, good while it is pinned; -errno: -ESTALE if it is gone. */
int node_fd(struct nodes *all, struct node *node);

/* Gives the node a descriptor of ours of its file, open; a copy of it is kept. */
void node_lend_fd(struct nodes *all, struct node *node, int fd);

/*
 * The node for what has this name in parent and looks like st. It is found or made, and known to the host once
 * more (and pinned, if pin). NULL: no memory. layer may be LAYER_UNKNOWN.
 */
struct node *node_enter(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer,
			bool pin);
/* The node of that name in parent, pinned, if the host knows one. */
struct node *node_at(struct nodes *all, struct node *parent, const char *name);
void node_forget(struct nodes *all, uint64_t id, uint64_t lookups);

/* The name is gone, or has changed. The node must have its descriptor. */
void node_unnamed(struct nodes *all, struct node *node, struct node *parent, const char *name);
void node_moved(struct nodes *all, struct node *node, struct node *from, const char *from_name, struct node *to,
		const char *to_name);

/*
 * Overlayfs reaches a file with several names by the name that it met first. On a share, if that name is
 * gone, the file is gone for it (ESTALE), by its other names too, as long as it remembers the file.
 * This makes it forget what nobody uses. True: it is worth another attempt.
 */
bool nodes_refresh(struct nodes *all);
#define REFRESHED(all, call)                                                                                           \
	({                                                                                                             \
		int got_ = (call);                                                                                     \
		if (got_ < 0 && errno == ESTALE && nodes_refresh(all))                                                 \
			got_ = (call);                                                                                 \
		got_;                                                                                                  \
	})

/* The file is in the upper now and looks like st. */
void node_copied_up(struct nodes *all, struct node *node, const struct stat *st);

/* A file server has no descriptor left: closes ours that are not in use, and makes the kernel forget their files. */
void nodes_let_go(struct nodes *all);

/* The path of a node below the root, "" for the root itself: -ENAMETOOLONG, or -ENOENT if it has none. */
errint_t node_path(struct nodes *all, struct node *node, char path[PATH_MAX]);
/* That of a name in a directory. */
errint_t node_path_at(struct nodes *all, struct node *parent, const char *name, char path[PATH_MAX]);
/* The layer that has the entry at path; st gets its attributes there. -ENOENT if none has it. */
int layer_of(struct nodes *all, const char *path, struct stat *st);

/* The upper lacked this directory after so many changes. */
void node_lower(struct nodes *all, struct node *node, uint64_t changes);
/* Whether the upper lacked the parent of this node and nothing has changed since: then it lacks this node, too. */
bool node_below_lower(struct nodes *all, struct node *node, uint64_t changes);

/* The inode number that the host sees for st of this node. */
uint64_t node_shown_ino(struct nodes *all, struct node *node);

/* Up to room of the oldest nodes that are not directories and that the host was not asked to forget yet. The caller
 * owns the names. */
struct node_name {
	uint64_t parent;
	char *name;
};
size_t nodes_oldest(struct nodes *all, struct node_name *list, size_t room);

#endif
