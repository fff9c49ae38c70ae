/* relay-kernel.c - writes answers to the kernel. */
#include "relay.h"

static bool reply(struct relay *r, uint64_t unique, int error, const void *data, size_t size)
{
	struct fuse_out_header head = {(uint32_t)(sizeof(head) + size), -error, unique};
	struct iovec iov[2] = {{&head, sizeof(head)}, {(void *)(uintptr_t)data, size}};

	/* ENOENT: the caller was killed and does not wait any more. */
	return writev(r->dev, iov, size ? 2 : 1) >= 0;
}

bool reply_error(struct relay *r, uint64_t unique, int error)
{
	return reply(r, unique, error, NULL, 0);
}

bool reply_data(struct relay *r, uint64_t unique, const void *data, size_t size)
{
	return reply(r, unique, 0, data, size);
}

struct fuse_attr attributes_shown(const struct stat *st, uint64_t shown)
{
	return (struct fuse_attr){
		.ino = shown,
		.size = (uint64_t)st->st_size,
		.blocks = (uint64_t)st->st_blocks,
		.atime = (uint64_t)st->st_atim.tv_sec,
		.mtime = (uint64_t)st->st_mtim.tv_sec,
		.ctime = (uint64_t)st->st_ctim.tv_sec,
		.atimensec = (uint32_t)st->st_atim.tv_nsec,
		.mtimensec = (uint32_t)st->st_mtim.tv_nsec,
		.ctimensec = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.blksize = (uint32_t)st->st_blksize,
	};
}
