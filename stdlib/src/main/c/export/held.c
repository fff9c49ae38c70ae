/* held.c - a node and its descriptor, for as long as a request needs them. */
#include "ops.h"

#include <stdio.h>

struct held hold(fuse_req_t req, fuse_ino_t id)
{
	struct nodes *all = export_of(req)->nodes;
	struct node *node = node_get(all, id);

	return (struct held){all, node, node ? node_fd(all, node) : -ESTALE};
}

struct fd_path fd_path(int fd)
{
	struct fd_path path;

	snprintf(path.text, sizeof(path.text), "/proc/self/fd/%d", fd);
	return path;
}
