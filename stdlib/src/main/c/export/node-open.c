/* node-open.c - opens the descriptor of a node by its dentry, once one is needed. */
#include "node-internal.h"
#include "stat.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/syscall.h>

/*
 * Whether the file that was opened by the node's dentry is the node. The name decides, not the number: the number of a
 * file that was copied up is that of the lower as long as the guest remembers it, and then another.
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

	fd_used(all, n);
	parent = fd < 0 && n->dentries ? n->dentries->parent : NULL;
	if (parent) {
		parent->pins++;
		name = strdup(n->dentries->name);
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
	/* If the node was renamed meanwhile, the rename has made sure that there is a descriptor. */
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

	/* The reconfiguration changes nothing, but it drops the names that nobody uses. */
	return union_fs >= 0 && !syscall(SYS_fsconfig, union_fs, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0);
}
