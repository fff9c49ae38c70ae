/*
 * node.h - the nodes of an export: the files and directories that the host's kernel knows by number.
 *
 * A node is found by its number, by its identity (device and inode of the union) and by its dentries:
 * as in the kernel, a dentry is one name of a node in one parent directory. A node gets an O_PATH descriptor only when
 * something needs it: a listing can make a hundred thousand nodes without a descriptor. Descriptors that were not used
 * lately are closed if the file can be opened again by a dentry.
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
	uint64_t id; /* the number; no later node gets it again */
	uint64_t dev, ino, salt;
	uint64_t shown_ino;	 /* st_ino for the host: unique among the live nodes, kept over a copy-up */
	struct dentry *dentries; /* the names that the host knows; NULL for the root, and if there is none left */
	uint64_t lookups;	 /* the number of lookups that the host has not forgotten */
	uint32_t pins;		 /* how many calls use it */
	uint32_t children;	 /* the number of dentries whose parent it is */
	mode_t type;		 /* S_IFMT */
	int fd;			 /* O_PATH, or -1 */
	int layer;		 /* the layer with its data; LAYER_UNKNOWN until it is looked up */
	bool by_upper;		 /* dev and ino are those of the upper, because it has several names */
	bool told;		 /* the host was told where its data are */
	bool asked;		 /* the host was asked to forget */
	bool outlived;		 /* its descriptor belongs to a name that is gone, and it has another name */
	uint64_t lower_at;	 /* for node_lower: 1 + changes; 0: not known */
	struct node *same_id;	 /* the next node in a bucket of the tables */
	struct node *same_identity;
	struct node *fd_older, *fd_newer; /* among the nodes with a descriptor, by its last use */
	struct node *older, *newer;	  /* among all nodes, by age */
};

struct nodes;

/* Makes the table with its root, which is node 1. layers are descriptors of the layers' directories, the upper first,
 * or -1 if there is none; they are borrowed until nodes_free. root_fd is copied. NULL and errno on failure. */
struct nodes *nodes_new(int root_fd, const int *layers, unsigned layer_count, unsigned fd_limit,
			struct export_budget *budget);
void nodes_free(struct nodes *all);
size_t nodes_count(struct nodes *all);

/* Returns the node of that number, pinned, or NULL if there is none. The caller must call node_put. */
struct node *node_get(struct nodes *all, uint64_t id);
/* Unpins the node, which is freed if nothing needs it any more. NULL is accepted. */
void node_put(struct nodes *all, struct node *node);

/* Returns the O_PATH descriptor of a pinned node, or -errno. It is borrowed, and valid while the node is pinned.
 * -ESTALE: the file is gone. */
int node_fd(struct nodes *all, struct node *node);

/* Gives the node an O_PATH copy of fd, an open descriptor of its file, if it has none. fd is borrowed. */
void node_lend_fd(struct nodes *all, struct node *node, int fd);

/*
 * Finds or makes the node of the file that has this name in parent and the attributes st. Counts one lookup of the
 * host, and pins the node if pin is set. NULL: there is no memory. layer is the layer with its data, or LAYER_UNKNOWN.
 */
struct node *node_enter(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer,
			bool pin);
/* Returns the node of that name in parent, pinned, or NULL if the host knows none. */
struct node *node_at(struct nodes *all, struct node *parent, const char *name);
/* Takes back that many lookups. The node is freed if nothing needs it any more. */
void node_forget(struct nodes *all, uint64_t id, uint64_t lookups);

/* Tells that the name was removed. The node must have its descriptor, because it may have no other name. */
void node_unnamed(struct nodes *all, struct node *node, struct node *parent, const char *name);
/* Tells that the file was renamed. The node must have its descriptor. */
void node_moved(struct nodes *all, struct node *node, struct node *from, const char *from_name, struct node *to,
		const char *to_name);

/*
 * Overlayfs reaches a file with several names by the name that it looked up first. If that name is removed on a share,
 * overlayfs answers ESTALE for the other names, too, as long as it remembers the file. This makes it forget the names
 * that nobody uses. True: the call that got ESTALE may succeed now. REFRESHED makes the call, and repeats it then.
 */
bool nodes_refresh(struct nodes *all);
#define REFRESHED(all, call)                                                                                           \
	({                                                                                                             \
		int got_ = (call);                                                                                     \
		if (got_ < 0 && errno == ESTALE && nodes_refresh(all))                                                 \
			got_ = (call);                                                                                 \
		got_;                                                                                                  \
	})

/* Tells that the file is in the upper now and has the attributes st. */
void node_copied_up(struct nodes *all, struct node *node, const struct stat *st);

/* Closes the descriptors that are not in use, and makes the kernel forget the files that nobody uses. Called when a
 * file server has no descriptor left. */
void nodes_let_go(struct nodes *all);

/* Gets the path of a node below the root, which is "" for the root itself. -ENAMETOOLONG: the path is too long.
 * -ENOENT: the node has no name any more. */
errint_t node_path(struct nodes *all, struct node *node, char path[PATH_MAX]);
/* The same for a name in the directory parent. */
errint_t node_path_at(struct nodes *all, struct node *parent, const char *name, char path[PATH_MAX]);
/* Returns the topmost layer that has an entry at path, whose attributes there st gets; or -errno. -ENOENT: no layer has
 * one, or it is a whiteout. */
int layer_of(struct nodes *all, const char *path, struct stat *st);

/* Notes that the upper did not have this directory when that many changes had been made. */
void node_lower(struct nodes *all, struct node *node, uint64_t changes);
/* Whether the upper did not have the parent of this node, and nothing has changed since. Then it does not have this
 * node, either. */
bool node_below_lower(struct nodes *all, struct node *node, uint64_t changes);

/* The inode number of this node that the host sees. */
uint64_t node_shown_ino(struct nodes *all, struct node *node);

/* Fills list with at most room of the oldest nodes that are not directories, are not in use, and that the host was not
 * asked to forget yet. Returns how many those are. The caller must free the names. */
struct node_name {
	uint64_t parent;
	char *name;
};
size_t nodes_oldest(struct nodes *all, struct node_name *list, size_t room);

#endif
