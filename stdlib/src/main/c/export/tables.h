/*
 * tables.h - how the nodes of an export are found: by number, by identity and by dentry.
 *
 * These are three hash tables of one size. Their chains go through the nodes and dentries themselves, so that an entry
 * needs no memory of its own. The tables own no node, but dentries are made and freed here. The caller must make sure
 * that only one thread uses them at a time.
 */
#ifndef MICA_EXPORT_TABLES_H
#define MICA_EXPORT_TABLES_H

#include "node.h"

struct tables {
	struct node **ids, **identities;
	struct dentry **dentries;
	size_t mask;  /* the number of buckets minus 1 */
	size_t count; /* the number of nodes */
};

/* False: there is no memory. tables_close may be called in any case. */
bool tables_open(struct tables *t);
void tables_close(struct tables *t);

/* Adds the node by its number and by its identity. The tables grow with the number of nodes. */
void tables_add(struct tables *t, struct node *n);
void tables_remove(struct tables *t, struct node *n);
/* Must be called before and after a change of the node's dev, ino or salt. */
void identity_remove(struct tables *t, struct node *n);
void identity_add(struct tables *t, struct node *n);

/* Each returns NULL if there is none. */
struct node *find_id(struct tables *t, uint64_t id);
struct node *find_identity(struct tables *t, uint64_t dev, uint64_t ino, uint64_t salt);
struct dentry *find_dentry(struct tables *t, struct node *parent, const char *name);

/* Adds a name, which becomes the first of the node's names. If there is no memory, the name is not added. */
void dentry_add(struct tables *t, struct node *n, struct node *parent, const char *name);
/* Removes and frees the dentry. Returns the parent, which the caller must release. */
struct node *dentry_drop(struct tables *t, struct dentry *dentry);

/* A hash of the name in parent, which does not change as long as parent lives. */
uint64_t hash_dentry(const struct node *parent, const char *name);

#endif
