/* relay-reply.c - checks the guest's answers and passes them on to the kernel. */
#include "relay.h"

#include <fcntl.h>

/* Whether a successful answer to the request may have size bytes. */
static bool size_fits(const struct request *q, size_t size)
{
	switch (q->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
		return size == sizeof(struct fuse_entry_out);
	case FUSE_CREATE:
		return size == sizeof(struct fuse_entry_out) + sizeof(struct fuse_open_out);
	case FUSE_GETATTR:
	case FUSE_SETATTR:
		return size == sizeof(struct fuse_attr_out);
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		return size == sizeof(struct fuse_open_out);
	case FUSE_WRITE:
	case FUSE_COPY_FILE_RANGE:
		return size == sizeof(struct fuse_write_out);
	case FUSE_LSEEK:
		return size == sizeof(struct fuse_lseek_out);
	case FUSE_STATFS:
		return size == sizeof(struct fuse_statfs_out);
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		return q->room ? size <= q->room : size == sizeof(struct fuse_getxattr_out);
	case FUSE_READ:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_READLINK:
		return size <= q->room;
	default:
		return !size;
	}
}

/* Answers an open. If the kernel does not get the answer, the file is closed again. */
static void reply_open(struct relay *r, const struct request *q, struct fuse_open_out *out, uint64_t node,
		       char *message, size_t size)
{
	int failed = file_open(r, node, q->flags, out);

	if (failed)
		reply_error(r, q->unique, failed);
	else if (!reply_data(r, q->unique, message, size))
		file_close(r, node, out->fh);
}

static void reply_opened(struct relay *r, const struct request *q)
{
	struct fuse_open_out out;

	reply_open(r, q, &out, q->node, (char *)&out, sizeof(out));
}

static bool reply_created(struct relay *r, const struct request *q, const char *body)
{
	struct {
		struct fuse_entry_out entry;
		struct fuse_open_out open;
	} out;

	memcpy(&out, body, sizeof(out));
	/* The kernel refuses an answer without a node, and would then not release the file. */
	if (!out.entry.nodeid || out.entry.nodeid == FUSE_ROOT_ID)
		return false;
	reply_open(r, q, &out.open, out.entry.nodeid, (char *)&out, sizeof(out));
	return true;
}

/* The handle of a listing is the guest's own. The guest also says how the kernel may cache it, by flags that we know.
 */
static void reply_listing(struct relay *r, const struct request *q, const char *body)
{
	struct fuse_open_out out;

	memcpy(&out, body, sizeof(out));
	out.open_flags &= FOPEN_KEEP_CACHE | FOPEN_CACHE_DIR;
	open_out_set_backing(&out, 0);
	reply_data(r, q->unique, &out, sizeof(out));
}

/* If the guest said that it wrote more than was asked, the kernel would assume a wrong size. */
static bool counted_fits(const struct request *q, const char *body)
{
	struct fuse_write_out out;

	if (q->opcode != FUSE_WRITE && q->opcode != FUSE_COPY_FILE_RANGE)
		return true;
	memcpy(&out, body, sizeof(out));
	return out.size <= q->flags;
}

/* Called before the answer, when nobody can ask for anything in the directory yet. The guest may have said where it
 * lies in the upper. */
static bool directory_made(struct relay *r, const char *body, const struct backing *backing)
{
	struct fuse_entry_out entry;
	int fd = -1;

	memcpy(&entry, body, sizeof(entry));
	/* The kernel would refuse such an answer. */
	if (!entry.nodeid || entry.nodeid == FUSE_ROOT_ID)
		return false;
	if (backing && (backing->is.node != entry.nodeid || backing->is.layer))
		return false;
	if (backing && r->attributes)
		fd = backing_find(r, backing, S_IFDIR);
	made_add(r, entry.nodeid, backing ? backing->is.shown : 0, fd);
	return true;
}

static bool reply_success(struct relay *r, const struct request *q, char *body, size_t size,
			  const struct backing *backing)
{
	if (!size_fits(q, size) || !counted_fits(q, body) ||
	    (q->opcode == FUSE_MKDIR && !directory_made(r, body, backing)))
		return false;
	attributes_correct(r, q->opcode, body, size);
	switch (q->opcode) {
	case FUSE_OPEN:
		reply_opened(r, q);
		return true;
	case FUSE_CREATE:
		return reply_created(r, q, body);
	case FUSE_OPENDIR:
		reply_listing(r, q, body);
		return true;
	default:
		reply_data(r, q->unique, body, size);
		return true;
	}
}

bool reply_from_guest(struct relay *r, char *message, size_t size, const char *tail, size_t tail_size)
{
	struct fuse_out_header head;
	struct backing backing;
	struct request q;

	if (size < sizeof(head))
		return false;
	memcpy(&head, message, sizeof(head));
	if (head.len != size)
		return false;
	if (!head.unique)
		return !tail_size && notice_add(r, message, size);
	if (head.error > 0 || head.error <= -512 || (head.error && (size > sizeof(head) || tail_size)))
		return false;
	if (tail_size && !backing_take(r, tail, tail_size, &backing))
		return false;
	if (!pending_take(r, head.unique, &q))
		return false;
	/* Before the answer, because after it the data are read and written where they lie now. */
	if (tail_size && q.opcode != FUSE_MKDIR)
		file_back(r, &backing);
	bool fits = true;
	if (q.abandoned)
		late_answer(r, &q, message + sizeof(head), size - sizeof(head));
	else if (head.error)
		reply_error(r, q.unique, -head.error);
	else if (!(fits = reply_success(r, &q, message + sizeof(head), size - sizeof(head),
					tail_size ? &backing : NULL)))
		reply_error(r, q.unique, EIO);
	request_done(&q);
	return fits;
}
