/* backing.c - tells the host where data lie. The host then reads and writes them there itself. */
#include "ops.h"

#include <sys/stat.h>

void tell_backing(struct export *ex, struct node *node)
{
	char path[PATH_MAX];
	struct stat st;
	int layer;

	if (ex->spec->no_backing || node->type != S_IFREG || node_path(ex->nodes, node, path) < 0)
		return;
	layer = layer_of(ex->nodes, path, &st);
	if (layer < 0 || !S_ISREG(st.st_mode))
		return;
	node->layer = layer;
	node->told = true;
	tail_set(node->id, node_shown_ino(ex->nodes, node), layer, st.st_ino, path);
}

/*
 * The union gives directories its own numbers, so only the upper can say which directory this is. If folders above were
 * renamed meanwhile, the path may lead to another directory. The time when it was made shows that: nobody has changed
 * the new directory yet.
 */
void tell_made(struct export *ex, struct node *parent, const char *name, const struct fuse_entry_param *made)
{
	const struct timespec *since = &made->attr.st_mtim;
	char path[PATH_MAX];
	struct stat st;

	if (!ex->spec->no_backing && !node_path_at(ex->nodes, parent, name, path) && ex->layers[LAYER_UPPER] >= 0 &&
	    !stat_known(ex->layers[LAYER_UPPER], path, &st) && S_ISDIR(st.st_mode) &&
	    st.st_mtim.tv_sec == since->tv_sec && st.st_mtim.tv_nsec == since->tv_nsec)
		tail_set(made->ino, made->attr.st_ino, LAYER_UPPER, st.st_ino, path);
}

void copied_up(struct export *ex, struct held *h)
{
	bool lower_told = h->node->told && h->node->layer > LAYER_UPPER;
	struct stat st;

	if (h->node->layer == LAYER_UPPER || stat_known(h->fd, "", &st) < 0)
		return;
	node_copied_up(ex->nodes, h->node, &st);
	if (lower_told)
		tell_backing(ex, h->node);
}
