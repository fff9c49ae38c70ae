/*
 * export-node-internal.h - what the parts of the nodes share. Its functions are called with the lock held.
 */
#ifndef MICA_EXPORT_NODE_INTERNAL_H
#define MICA_EXPORT_NODE_INTERNAL_H

#include <pthread.h>

#include "export-node.h"
#include "export-tables.h"

struct nodes {
	pthread_mutex_t lock;
	struct tables tables;
	uint64_t last_id;
	struct node *root;
	const int *layers;
	unsigned layer_count;
	struct export_budget *budget;
	struct node *oldest, *newest;
	uint64_t devices[256]; /* those met: their position keeps their inode numbers apart */
	unsigned device_count;
	/* export-node-fd.c's: those with a descriptor, by its last use. */
	unsigned fd_limit, fd_count;
	struct node *fd_oldest, *fd_newest;
};

/* export-node.c */
/* The file of the node looks like st now. */
void node_rekey(struct nodes *all, struct node *n, const struct stat *st);

/* export-node-fd.c */
/* The node has got its descriptor. */
void fd_list(struct nodes *all, struct node *n);
/* If it has one. */
void fd_close(struct nodes *all, struct node *n);
/* Closes some of those not used lately, where there are more than there may be. */
void fd_trim(struct nodes *all);

#endif
