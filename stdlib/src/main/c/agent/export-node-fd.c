/*
 * export-node-fd.c - the descriptors of the nodes: opened at a node's place once something needs one, and closed again
 * when they were not used lately.
 */
#include "export-node-internal.h"
#include "export-stat.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>

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

void fd_close(struct nodes *all, struct node *n)
{
	if (n->fd < 0)
		return;
	fd_unlist(all, n);
	close(n->fd);
	n->fd = -1;
}

/* Closes what was not used for long. What is in use, or could not be found again, stays open. */
static void close_unused(struct nodes *all, unsigned limit, unsigned tries)
{
	for (struct node *n = all->fd_oldest, *next; n && all->fd_count > limit && tries--; n = next) {
		next = n->fd_newer;
		if (n->pins || !n->places)
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

/*
 * Whether what was opened at the node's place is the node. It is what its name says, whatever became of its number:
 * that of what was copied up is the lower's for as long as the guest remembers that one, and then another.
 */
static bool is_node(struct nodes *all, struct node *n, int fd)
{
	struct stat st;

	if (stat_known(fd, "", &st) < 0 || (st.st_mode & S_IFMT) != n->type)
		return false;
	if (st.st_dev != n->dev || st.st_ino != n->ino)
		node_rekey(all, n, &st);
	return true;
}

static int fd_adopt(struct nodes *all, struct node *n, int fd)
{
	pthread_mutex_lock(&all->lock);
	if (n->fd >= 0) {
		if (fd >= 0)
			close(fd);
		fd = n->fd;
	} else if (fd >= 0 && is_node(all, n, fd)) {
		n->fd = fd;
		fd_list(all, n);
	} else {
		if (fd >= 0)
			close(fd);
		fd = fd < 0 && fd != -ENOENT && fd != -ENOTDIR ? fd : -ESTALE;
	}
	pthread_mutex_unlock(&all->lock);
	return fd;
}

int node_fd(struct nodes *all, struct node *n)
{
	cleanup_free char *name = NULL;
	struct node *parent;

	pthread_mutex_lock(&all->lock);
	int fd = n->fd;

	if (fd >= 0 && all->fd_newest != n) {
		fd_unlist(all, n);
		fd_list(all, n);
	}
	parent = fd < 0 && n->places ? n->places->parent : NULL;
	if (parent) {
		parent->pins++;
		name = strdup(n->places->name);
	}
	pthread_mutex_unlock(&all->lock);
	if (!parent)
		return fd >= 0 ? fd : -ESTALE;
	fd = name ? node_fd(all, parent) : -ENOMEM;
	if (fd >= 0) {
		fd = REFRESHED(all, openat(fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
		fd = fd < 0 ? -errno : fd;
		budget_met(all->budget);
	}
	/* Renamed meanwhile: whoever did that saw to it that there is a descriptor. */
	fd = fd_adopt(all, n, fd);
	node_put(all, parent);
	return fd;
}

void node_lend_fd(struct nodes *all, struct node *n, int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int copy = open(path, O_PATH | O_CLOEXEC);

	pthread_mutex_lock(&all->lock);
	if (n->fd < 0 && copy >= 0) {
		n->fd = copy;
		fd_list(all, n);
		copy = -1;
	}
	pthread_mutex_unlock(&all->lock);
	if (copy >= 0)
		close(copy);
}

bool nodes_refresh(struct nodes *all)
{
	cleanup_fd int union_fs = (int)syscall(SYS_fspick, all->root->fd, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);

	/* Asked to change nothing, it still drops the names that nobody uses. */
	return union_fs >= 0 && !syscall(SYS_fsconfig, union_fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}

void nodes_let_go(struct nodes *all)
{
	pthread_mutex_lock(&all->lock);
	close_unused(all, 0, UINT_MAX);
	pthread_mutex_unlock(&all->lock);
	budget_spent(all->budget);
}
