/*
 * node-internal.h - what the parts of the nodes share. All but identity_of are called with the lock held.
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
	/* node-identity.c's. */
	const int *layers;
	unsigned layer_count;
	uint64_t devices[256]; /* those met: their position keeps their inode numbers apart */
	unsigned device_count;
	/* node-fd.c's: those with a descriptor, by its last use. */
	unsigned fd_limit, fd_count;
	struct node *fd_oldest, *fd_newest;
};

/* node-identity.c */
/* What a node is found by but its number and its dentries. */
struct identity {
	uint64_t dev, ino, salt;
	bool by_upper;
};

/* The identity of what has this name in parent and looks like st; layer as for node_enter. */
struct identity identity_of(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer);
/* The node's file looks like st now. */
void node_rekey(struct nodes *all, struct node *n, const struct stat *st);
/* It has several names now. */
void node_key_by_upper(struct nodes *all, struct node *n, const struct identity *id, const struct stat *st);
/* Inode numbers of different devices must not meet: the host sees one device. */
uint64_t shown_ino(struct nodes *all, uint64_t dev, uint64_t ino);

/* node-fd.c */
/* The node has just been given its descriptor. */
void fd_list(struct nodes *all, struct node *n);
/* It is used now, if it has one. */
void fd_used(struct nodes *all, struct node *n);
/* If it has one. */
void fd_close(struct nodes *all, struct node *n);
/* Closes some of those not used lately, where there are more than there may be. */
void fd_trim(struct nodes *all);

#endif
