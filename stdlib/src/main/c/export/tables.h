/*
 * tables.h - how the nodes of an export are found: by number, by identity and by place.
 *
 * Three hash tables of one size, chained through the nodes and places themselves, so that nothing is allocated for
 * being found. They own no node; a place is made and freed here. The caller sees to it that one thread is in here.
 */
#ifndef MICA_EXPORT_TABLES_H
#define MICA_EXPORT_TABLES_H

#include "node.h"

struct tables {
	struct node **ids, **identities;
	struct place **places;
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
struct place *find_place(struct tables *t, struct node *parent, const char *name);

/* The name used last goes first. Without memory the node has one name less. */
void place_add(struct tables *t, struct node *n, struct node *parent, const char *name);
/* Returns the parent, which the caller has to release. */
struct node *place_drop(struct tables *t, struct place *p);

/* The same for the same name in the same node, as long as that lives. */
uint64_t hash_place(const struct node *parent, const char *name);

#endif
