/*
 * tables.h - how the nodes of an export are found: by number, by identity and by dentry.
 *
 * Three hash tables of one size, chained through the nodes and dentries themselves, so that nothing is allocated for
 * being found. They own no node; a dentry is made and freed here. The caller sees to it that one thread is in here.
 */
#ifndef MICA_EXPORT_TABLES_H
#define MICA_EXPORT_TABLES_H

#include "node.h"

struct tables {
	struct node **ids, **identities;
	struct dentry **dentries;
	size_t mask;  /* buckets, less one */
	size_t count; /* nodes */
};

/* false: no memory; tables_close is fine then, too. */
bool tables_open(struct tables *t);
void tables_close(struct tables *t);

/* By number and identity; the tables grow with what is in them. */
void tables_add(struct tables *t, struct node *n);
void tables_remove(struct tables *t, struct node *n);
/* Around a change of the node's dev, ino or salt. */
void identity_remove(struct tables *t, struct node *n);
void identity_add(struct tables *t, struct node *n);

/* NULL: there is none. */
struct node *find_id(struct tables *t, uint64_t id);
struct node *find_identity(struct tables *t, uint64_t dev, uint64_t ino, uint64_t salt);
struct dentry *find_dentry(struct tables *t, struct node *parent, const char *name);

/* The name used last goes first. Without memory the node has one name less. */
void dentry_add(struct tables *t, struct node *n, struct node *parent, const char *name);
/* Returns the parent, which the caller has to release. */
struct node *dentry_drop(struct tables *t, struct dentry *dentry);

/* The same for the same name in the same node, as long as that lives. */
uint64_t hash_dentry(const struct node *parent, const char *name);

#endif
