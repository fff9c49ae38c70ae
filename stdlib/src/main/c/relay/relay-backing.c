/* relay-backing.c - finds the file of a layer that the guest names. The guest is not trusted. */
#include "relay.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

struct fd_name fd_name(int fd)
{
	struct fd_name name;

	snprintf(name.text, sizeof(name.text), "%d", fd);
	return name;
}

int file_reopen(struct relay *r, int path_fd, int flags)
{
	int fd = openat(r->proc, fd_name(path_fd).text, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

bool backing_take(struct relay *r, const char *tail, size_t size, struct backing *b)
{
	if (size <= sizeof(b->is) || size > FRAME_MAX_TAIL)
		return false;
	memcpy(&b->is, tail, sizeof(b->is));
	tail += sizeof(b->is);
	size -= sizeof(b->is);
	memcpy(b->path, tail, size);
	b->path[size] = 0;
	return b->is.layer < r->layer_count && b->is.node && !b->is.reserved && *tail != '/' && !memchr(tail, 0, size);
}

/* Opens the file of the guest's inode number in the layer; never any other file of the host. */
int backing_find(struct relay *r, const struct backing *b, mode_t type)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	cleanup_fd int fd = (int)syscall(SYS_openat2, r->layers[b->is.layer], b->path, &how, sizeof(how));
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_mode & S_IFMT) != type || st.st_ino != b->is.inode)
		return -1;
	return steal_fd(&fd);
}
