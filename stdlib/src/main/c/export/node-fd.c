/* node-fd.c - the nodes that have a descriptor. Descriptors that were not used lately are closed. */
#include "node-internal.h"

static void fd_unlist(struct nodes *all, struct node *n)
{
	*(n->fd_older ? &n->fd_older->fd_newer : &all->fd_oldest) = n->fd_newer;
	*(n->fd_newer ? &n->fd_newer->fd_older : &all->fd_newest) = n->fd_older;
	n->fd_older = n->fd_newer = NULL;
	all->fd_count--;
}

void fd_list(struct nodes *all, struct node *n)
{
	n->fd_newer = NULL;
	n->fd_older = all->fd_newest;
	*(all->fd_newest ? &all->fd_newest->fd_newer : &all->fd_oldest) = n;
	all->fd_newest = n;
	all->fd_count++;
}

void fd_used(struct nodes *all, struct node *n)
{
	if (n->fd >= 0 && all->fd_newest != n) {
		fd_unlist(all, n);
		fd_list(all, n);
	}
}

void fd_close(struct nodes *all, struct node *n)
{
	if (n->fd < 0)
		return;
	fd_unlist(all, n);
	close(n->fd);
	n->fd = -1;
}

/* Closes descriptors that were not used for long. Those in use, or whose files could not be found again, stay open. */
static void close_unused(struct nodes *all, unsigned limit, unsigned tries)
{
	for (struct node *n = all->fd_oldest, *next; n && all->fd_count > limit && tries--; n = next) {
		next = n->fd_newer;
		if (n->pins || !n->dentries)
			continue;
		fd_close(all, n);
	}
}

void fd_trim(struct nodes *all)
{
	unsigned limit = budget_fds(all->budget, all->fd_limit);

	if (all->fd_count > limit)
		close_unused(all, limit, 64);
}

void nodes_let_go(struct nodes *all)
{
	pthread_mutex_lock(&all->lock);
	close_unused(all, 0, UINT_MAX);
	pthread_mutex_unlock(&all->lock);
	budget_spent(all->budget);
}
