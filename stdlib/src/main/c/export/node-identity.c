/*
 * node-identity.c - which file a node is: what distinguishes it from the others, the inode number that the host sees,
 * and the layer that has it.
 */
#include "node-internal.h"

#include <fcntl.h>

uint64_t shown_ino(struct nodes *all, uint64_t dev, uint64_t ino)
{
	unsigned at = 0;

	while (at < all->device_count && all->devices[at] != dev)
		at++;
	if (at == all->device_count && at < 255)
		all->devices[all->device_count++] = dev;
	return ino ^ (uint64_t)at << 56;
}

uint64_t node_shown_ino(struct nodes *all, struct node *node)
{
	pthread_mutex_lock(&all->lock);
	uint64_t ino = node->shown_ino;
	pthread_mutex_unlock(&all->lock);
	return ino;
}

int layer_of(struct nodes *all, const char *path, struct stat *st)
{
	for (unsigned i = 0; i < all->layer_count; i++) {
		if (all->layers[i] < 0)
			continue; /* there is no upper */
		if (!fstatat(all->layers[i], path, st, AT_SYMLINK_NOFOLLOW))
			return S_ISCHR(st->st_mode) && !st->st_rdev ? -ENOENT : (int)i;
		if (errno != ENOENT && errno != ENOTDIR)
			return -errno;
	}
	return -ENOENT;
}

/* Returns the layer that has that name of the directory, and fills in its attributes there; -errno if it fails. */
static int layer_at(struct nodes *all, struct node *parent, const char *name, struct stat *there)
{
	char path[PATH_MAX];
	errint_t code = node_path_at(all, parent, name, path);

	return code ? code : layer_of(all, path, there);
}

/*
 * What shows that several names are one file. In the upper it is the number there. The number that the union shows can
 * be the lower's by one name and the upper's by another, depending on what the guest remembers of the copy-up.
 */
struct identity identity_of(struct nodes *all, struct node *parent, const char *name, const struct stat *st, int layer)
{
	struct identity id = {st->st_dev, st->st_ino, 0, false};
	struct stat there;

	if (S_ISDIR(st->st_mode) || st->st_nlink < 2)
		return id;
	if (layer <= LAYER_UPPER)
		layer = layer_at(all, parent, name, &there);
	if (layer == LAYER_UPPER)
		id = (struct identity){there.st_dev, there.st_ino, 0, true};
	else if (layer > LAYER_UPPER)
		id.salt = hash_dentry(parent, name) | 1;
	return id;
}

/* From now on the node is found by these numbers, and not by its dentry any more. */
static void key_by(struct nodes *all, struct node *n, uint64_t dev, uint64_t ino, const struct stat *st)
{
	identity_remove(&all->tables, n);
	/* It is separate from the names that it shared a file with in the lower: the host must not take it for them. */
	if (n->salt)
		n->shown_ino = shown_ino(all, st->st_dev, st->st_ino);
	n->dev = dev;
	n->ino = ino;
	n->salt = 0;
	identity_add(&all->tables, n);
}

void node_rekey(struct nodes *all, struct node *n, const struct stat *st)
{
	if (n->by_upper || (n->dev == st->st_dev && n->ino == st->st_ino && !n->salt))
		return;
	key_by(all, n, st->st_dev, st->st_ino, st);
}

void node_key_by_upper(struct nodes *all, struct node *n, const struct identity *id, const struct stat *st)
{
	key_by(all, n, id->dev, id->ino, st);
	n->by_upper = true;
}

void node_copied_up(struct nodes *all, struct node *node, const struct stat *st)
{
	pthread_mutex_lock(&all->lock);
	if ((st->st_mode & S_IFMT) == node->type && node != all->root)
		node_rekey(all, node, st);
	node->layer = LAYER_UPPER;
	pthread_mutex_unlock(&all->lock);
}

void node_lower(struct nodes *all, struct node *node, uint64_t changes)
{
	pthread_mutex_lock(&all->lock);
	node->lower_at = changes + 1;
	pthread_mutex_unlock(&all->lock);
}

bool node_below_lower(struct nodes *all, struct node *node, uint64_t changes)
{
	pthread_mutex_lock(&all->lock);
	bool below = node->dentries && node->dentries->parent->lower_at == changes + 1;
	pthread_mutex_unlock(&all->lock);
	return below;
}
