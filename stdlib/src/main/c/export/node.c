/* node.c - the nodes and their names: how they are made, found and pinned, and freed when nothing needs them. */
#include "node-internal.h"

#include <fcntl.h>

/* A list that is ordered by age. */
static void age_unlist(struct nodes *all, struct node *n)
{
	*(n->older ? &n->older->newer : &all->oldest) = n->newer;
	*(n->newer ? &n->newer->older : &all->newest) = n->older;
}

static void age_list(struct nodes *all, struct node *n)
{
	n->older = all->newest;
	n->newer = NULL;
	*(all->newest ? &all->newest->newer : &all->oldest) = n;
	all->newest = n;
}

/* Frees the node if nothing needs it, and then perhaps its parents, and so on. */
static void node_release(struct nodes *all, struct node *n)
{
	while (n && n != all->root && !n->lookups && !n->pins && !n->children) {
		struct node *parent = NULL;

		while (n->dentries) {
			node_release(all, parent);
			parent = dentry_drop(&all->tables, n->dentries);
		}
		tables_remove(&all->tables, n);
		age_unlist(all, n);
		fd_close(all, n);
		free(n);
		n = parent;
	}
}

static struct node *node_make(struct nodes *all, const struct stat *st, const struct identity *id)
{
	struct node *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->id = ++all->last_id;
	n->dev = id->dev;
	n->ino = id->ino;
	n->salt = id->salt;
	n->by_upper = id->by_upper;
	n->shown_ino = shown_ino(all, st->st_dev, st->st_ino);
	n->type = st->st_mode & S_IFMT;
	n->fd = -1;
	n->layer = LAYER_UNKNOWN;
	tables_add(&all->tables, n);
	age_list(all, n);
	return n;
}

struct nodes *nodes_new(int root_fd, const int *layers, unsigned layer_count, unsigned fd_limit,
			struct export_budget *budget)
{
	struct nodes *all = calloc(1, sizeof(*all));
	struct stat st;

	if (!all || fstat(root_fd, &st) < 0)
		goto fail;
	pthread_mutex_init(&all->lock, NULL);
	all->layers = layers;
	all->layer_count = layer_count;
	all->fd_limit = fd_limit;
	all->budget = budget;
	if (!tables_open(&all->tables) ||
	    !(all->root = node_make(all, &st, &(struct identity){.dev = st.st_dev, .ino = st.st_ino})))
		goto fail;
	all->root->fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
	if (all->root->fd < 0)
		goto fail;
	fd_list(all, all->root);
	return all;
fail:
	nodes_free(all);
	return NULL;
}

void nodes_free(struct nodes *all)
{
	if (!all)
		return;
	for (struct node *n = all->oldest, *next; n; n = next) {
		next = n->newer;
		if (n->fd >= 0)
			close(n->fd);
		for (struct dentry *dentry = n->dentries, *other; dentry; dentry = other) {
			other = dentry->other;
			free(dentry);
		}
		free(n);
	}
	tables_close(&all->tables);
	pthread_mutex_destroy(&all->lock);
	free(all);
}

size_t nodes_count(struct nodes *all)
{
	pthread_mutex_lock(&all->lock);
	size_t count = all->tables.count;
	pthread_mutex_unlock(&all->lock);
	return count;
}

struct node *node_get(struct nodes *all, uint64_t id)
{
	pthread_mutex_lock(&all->lock);
	struct node *n = find_id(&all->tables, id);

	if (n)
		n->pins++;
	pthread_mutex_unlock(&all->lock);
	return n;
}

void node_put(struct nodes *all, struct node *node)
{
	if (!node)
		return;
	pthread_mutex_lock(&all->lock);
	/* An open descriptor would make overlayfs remember the file by the name that is gone. */
	if (!--node->pins && node->outlived && node->dentries) {
		node->outlived = false;
		fd_close(all, node);
	}
	node_release(all, node);
	fd_trim(all);
	pthread_mutex_unlock(&all->lock);
}

struct node *node_enter(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer,
			bool pin)
{
	const struct identity id = identity_of(all, parent, name, st, layer);

	budget_met(all->budget);
	pthread_mutex_lock(&all->lock);
	struct dentry *dentry = find_dentry(&all->tables, parent, name);
	struct node *n = find_identity(&all->tables, id.dev, id.ino, id.salt);

	/* It is known from the time when it had only one name. */
	if (!n && id.by_upper)
		n = find_identity(&all->tables, st->st_dev, st->st_ino, 0);

	/* Somebody replaced the file without us, and its number was used again. */
	if (n && n->type != (st->st_mode & S_IFMT)) {
		identity_remove(&all->tables, n);
		n->salt = ~n->id;
		identity_add(&all->tables, n);
		n = NULL;
	}
	/*
	 * st may be older than a copy-up that was just made. While names of a directory change, the host lets nobody
	 * list it or look up in it. So the file with this dentry is this file.
	 */
	if (!n && dentry && dentry->node->type == (st->st_mode & S_IFMT))
		n = dentry->node;
	if (!n)
		n = node_make(all, st, &id);
	if (n) {
		if (id.by_upper && !n->by_upper)
			node_key_by_upper(all, n, &id, st);
		if (layer != LAYER_UNKNOWN && n->layer != LAYER_UPPER)
			n->layer = layer;
		if (dentry && dentry->node != n) {
			node_release(all, dentry_drop(&all->tables, dentry));
			dentry = NULL;
		}
		if (!dentry && n != all->root)
			dentry_add(&all->tables, n, parent, name);
		n->asked = false;
		n->lookups++;
		n->pins += pin;
	}
	pthread_mutex_unlock(&all->lock);
	return n;
}

struct node *node_at(struct nodes *all, struct node *parent, const char *name)
{
	pthread_mutex_lock(&all->lock);
	struct dentry *dentry = find_dentry(&all->tables, parent, name);

	if (dentry)
		dentry->node->pins++;
	pthread_mutex_unlock(&all->lock);
	return dentry ? dentry->node : NULL;
}

void node_forget(struct nodes *all, uint64_t id, uint64_t lookups)
{
	pthread_mutex_lock(&all->lock);
	struct node *n = find_id(&all->tables, id);

	if (n) {
		n->lookups -= lookups < n->lookups ? lookups : n->lookups;
		node_release(all, n);
	}
	pthread_mutex_unlock(&all->lock);
}

static void unname(struct nodes *all, struct node *node, struct node *parent, const char *name)
{
	struct dentry *dentry = find_dentry(&all->tables, parent, name);

	if (dentry && dentry->node == node)
		node_release(all, dentry_drop(&all->tables, dentry));
}

void node_unnamed(struct nodes *all, struct node *node, struct node *parent, const char *name)
{
	pthread_mutex_lock(&all->lock);
	unname(all, node, parent, name);
	node->outlived = node->dentries;
	pthread_mutex_unlock(&all->lock);
}

void node_moved(struct nodes *all, struct node *node, struct node *from, const char *from_name, struct node *to,
		const char *to_name)
{
	pthread_mutex_lock(&all->lock);
	dentry_add(&all->tables, node, to, to_name);
	unname(all, node, from, from_name);
	pthread_mutex_unlock(&all->lock);
}

size_t nodes_oldest(struct nodes *all, struct node_name *list, size_t room)
{
	size_t count = 0;

	pthread_mutex_lock(&all->lock);
	/* The nodes that it has looked at become the youngest, so that the next call looks at others. */
	for (size_t tries = 4 * room; tries-- && count < room && all->oldest;) {
		struct node *n = all->oldest;

		age_unlist(all, n);
		age_list(all, n);
		if (n->type == S_IFDIR || n->asked || !n->dentries || n->pins ||
		    !(list[count].name = strdup(n->dentries->name)))
			continue;
		n->asked = true;
		list[count++].parent = n->dentries->parent->id;
	}
	pthread_mutex_unlock(&all->lock);
	return count;
}
