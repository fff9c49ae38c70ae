/* relay-data.c - requests about data that lie here. */
#include "relay.h"

#include <fcntl.h>

static void read_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body, char *room)
{
	const struct fuse_read_in *in = (const void *)body;
	ssize_t got = in->size > FRAME_MAX_WRITE ? (errno = EINVAL, -1) : pread(fd, room, in->size, (off_t)in->offset);

	if (got < 0)
		reply_error(r, head->unique, errno);
	else
		reply_data(r, head->unique, room, (size_t)got);
}

static void write_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body, size_t size)
{
	const struct fuse_write_in *in = (const void *)body;
	bool drop = in->write_flags & FUSE_WRITE_KILL_SUIDGID;

	if (in->size > size - sizeof(*in)) {
		reply_error(r, head->unique, EINVAL);
		return;
	}
	if (drop)
		setid_drop(true);
	ssize_t put = pwrite(fd, body + sizeof(*in), in->size, (off_t)in->offset);
	int failed = errno;
	if (drop)
		setid_drop(false);
	if (put < 0)
		reply_error(r, head->unique, failed);
	else
		reply_data(r, head->unique, &(struct fuse_write_out){.size = (uint32_t)put},
			   sizeof(struct fuse_write_out));
}

static void sync_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body)
{
	const struct fuse_fsync_in *in = (const void *)body;
	int done = in->fsync_flags & FUSE_FSYNC_FDATASYNC ? fdatasync(fd) : fsync(fd);

	int failed = done < 0 ? errno : 0;

	file_refresh(r, head->nodeid);
	reply_error(r, head->unique, failed);
}

static void seek_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body)
{
	const struct fuse_lseek_in *in = (const void *)body;
	off_t at = lseek(fd, (off_t)in->offset, (int)in->whence);

	if (at < 0)
		reply_error(r, head->unique, errno);
	else
		reply_data(r, head->unique, &(struct fuse_lseek_out){.offset = (uint64_t)at},
			   sizeof(struct fuse_lseek_out));
}

/* These two requests say nothing about set-id bits, so they remove the bits unless root makes them. */
static bool takes_setid(const struct fuse_in_header *head)
{
	return head->uid != 0;
}

static void allocate_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body)
{
	const struct fuse_fallocate_in *in = (const void *)body;

	if (takes_setid(head))
		setid_drop(true);
	int failed = fallocate(fd, (int)in->mode, (off_t)in->offset, (off_t)in->length) < 0 ? errno : 0;
	if (takes_setid(head))
		setid_drop(false);
	reply_error(r, head->unique, failed);
}

/* The kernel copies within the host, and shares the extents if the file system can. */
static bool copy_here(struct relay *r, const struct fuse_in_header *head, int fd, const char *body)
{
	const struct fuse_copy_file_range_in *in = (const void *)body;
	off_t from = (off_t)in->off_in, to = (off_t)in->off_out;
	size_t len = in->len < 1u << 30 ? in->len : 1u << 30;
	int out = file_fd(r, in->nodeid_out, true);

	if (out == FILE_ELSEWHERE)
		return false;
	if (takes_setid(head))
		setid_drop(true);
	ssize_t done = out < 0 ? -1 : copy_file_range(fd, &from, out, &to, len, 0);
	int failed = out < 0 ? -out : errno;
	if (takes_setid(head))
		setid_drop(false);
	if (done < 0)
		reply_error(r, head->unique, failed);
	else
		reply_data(r, head->unique, &(struct fuse_write_out){.size = (uint32_t)done},
			   sizeof(struct fuse_write_out));
	return true;
}

bool data_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room)
{
	bool write = head->opcode == FUSE_WRITE || head->opcode == FUSE_FALLOCATE;
	int fd = file_fd(r, head->nodeid, write);

	if (fd == FILE_ELSEWHERE)
		return false;
	if (fd < 0) {
		reply_error(r, head->unique, -fd);
		return true;
	}
	switch (head->opcode) {
	case FUSE_READ:
		read_here(r, head, fd, body, room);
		return true;
	case FUSE_WRITE:
		write_here(r, head, fd, body, size);
		return true;
	case FUSE_FSYNC:
		sync_here(r, head, fd, body);
		return true;
	case FUSE_LSEEK:
		seek_here(r, head, fd, body);
		return true;
	case FUSE_FALLOCATE:
		allocate_here(r, head, fd, body);
		return true;
	default:
		return copy_here(r, head, fd, body);
	}
}
