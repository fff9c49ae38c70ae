/*
 * node-internal.h - what the parts of the nodes share. The caller must hold the lock, except for identity_of, which
 * takes it.
 */
#ifndef MICA_EXPORT_NODE_INTERNAL_H
#define MICA_EXPORT_NODE_INTERNAL_H

#include <pthread.h>

#include "node.h"
#include "tables.h"

struct nodes {
	pthread_mutex_t lock;
	struct tables tables;
	uint64_t last_id;
	struct node *root;
	struct export_budget *budget;
	struct node *oldest, *newest;
	/* For node-identity.c: */
	const int *layers;
	unsigned layer_count;
	uint64_t devices[256]; /* the devices of the files so far; the position here goes into shown_ino */
	unsigned device_count;
	/* For node-fd.c: the nodes with a descriptor, in the order of its last use. */
	unsigned fd_limit, fd_count;
	struct node *fd_oldest, *fd_newest;
};

/* node-identity.c */
/* The identity of a node, by which it is found. It is also found by its number and by its dentries. */
struct identity {
	uint64_t dev, ino, salt;
	bool by_upper;
};

/* Returns the identity of the file that has this name in parent and the attributes st; layer is as for node_enter. */
struct identity identity_of(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer);
/* Changes the identity of the node to that of its file, which has the attributes st now. */
void node_rekey(struct nodes *all, struct node *n, const struct stat *st);
/* Changes the identity of the node to id, which is that of a file with several names in the upper. */
void node_key_by_upper(struct nodes *all, struct node *n, const struct identity *id, const struct stat *st);
/* Returns the inode number that the host sees. It differs for equal numbers of different devices, because the host sees
 * only one device. */
uint64_t shown_ino(struct nodes *all, uint64_t dev, uint64_t ino);

/* node-fd.c */
/* Must be called when a node has been given its descriptor. */
void fd_list(struct nodes *all, struct node *n);
/* Notes that the descriptor of the node is used now, if it has one. */
void fd_used(struct nodes *all, struct node *n);
/* Closes the descriptor of the node, if it has one. */
void fd_close(struct nodes *all, struct node *n);
/* If there are too many descriptors, closes some that were not used lately. */
void fd_trim(struct nodes *all);

#endif
