/* relay-request.c - handles the requests of the kernel. */
#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#define INIT_MS 10000
/* In memory the header of the frame comes before each request, so that both are sent together. */
#define BODY(request) ((request) + sizeof(struct fuse_in_header))

/* The features on which kernel and guest may agree; the rest of FUSE stays switched off. */
#define SHARED_FLAGS                                                                                                   \
	(FUSE_ASYNC_READ | FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_DONT_MASK | FUSE_DO_READDIRPLUS |              \
	 FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS | FUSE_POSIX_ACL | FUSE_CACHE_SYMLINKS | FUSE_EXPLICIT_INVAL_DATA |     \
	 FUSE_MAX_PAGES | FUSE_INIT_EXT)
/* The features that the relay itself provides: the guest's libfuse need not know them. */
#define OWN_FLAGS (FUSE_HANDLE_KILLPRIV_V2 | FUSE_MAX_PAGES | FUSE_BIG_WRITES | FUSE_INIT_EXT | FUSE_SETXATTR_EXT)

static uint32_t room_of(const struct fuse_in_header *head, const char *body)
{
	switch (head->opcode) {
	case FUSE_READ:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		return ((const struct fuse_read_in *)body)->size;
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
		return ((const struct fuse_getxattr_in *)body)->size;
	case FUSE_READLINK:
		return 4096;
	default:
		return 0;
	}
}

/* The flags with which a file is opened, or the largest count that an answer may have. */
static uint32_t flags_of(const struct fuse_in_header *head, const char *body)
{
	uint64_t len;

	if (head->opcode == FUSE_OPEN || head->opcode == FUSE_CREATE) /* both begin with the flags */
		return ((const struct fuse_open_in *)body)->flags;
	if (head->opcode == FUSE_WRITE)
		return ((const struct fuse_write_in *)body)->size;
	if (head->opcode != FUSE_COPY_FILE_RANGE)
		return 0;
	len = ((const struct fuse_copy_file_range_in *)body)->len;
	return len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
}

static void forward(struct relay *r, struct fuse_in_header *head, size_t size)
{
	const struct request q = {
		.unique = head->unique,
		.node = head->nodeid,
		.opcode = head->opcode,
		.room = room_of(head, BODY((char *)head)),
		.flags = flags_of(head, BODY((char *)head)),
		.changed = changed_by(head, BODY((char *)head), size - sizeof(*head)),
	};
	uint64_t number = pending_add(r, &q);
	struct request mine = q;

	if (number) {
		head->unique = number;
		/* If the guest went away meanwhile and did not get the request, we may have to answer it. */
		if (wire_send(r, FRAME_FUSE, head, size) || !pending_take(r, number, &mine))
			return;
	}
	if (!mine.abandoned)
		reply_error(r, mine.unique, EIO);
	request_done(&mine);
}

static void forget_node(struct relay *r, uint64_t node)
{
	file_forget(r, node);
	made_forget(r, node);
}

static void forget(struct relay *r, struct fuse_in_header *head, size_t size)
{
	const char *body = BODY((char *)head);

	if (head->opcode == FUSE_FORGET)
		forget_node(r, head->nodeid);
	else
		for (uint32_t i = 0; i < ((const struct fuse_batch_forget_in *)body)->count; i++)
			forget_node(r, ((const struct fuse_forget_one *)(body + sizeof(struct fuse_batch_forget_in)))[i]
					       .nodeid);
	if (!wire_send(r, FRAME_FUSE, head, size))
		notices_owe(r, head, size);
}

static void open_file(struct relay *r, struct fuse_in_header *head, size_t size)
{
	const struct fuse_open_in *in = (const void *)BODY((char *)head);
	struct fuse_open_out out;
	int failed = FILE_ELSEWHERE;

	if (guest_serves(r) && file_opens_here(r, head->nodeid, in->flags))
		failed = in->flags & O_TRUNC ? file_empty(r, head->nodeid, in) : 0;
	if (failed == FILE_ELSEWHERE) {
		forward(r, head, size);
		return;
	}
	if (!failed)
		failed = file_open(r, head->nodeid, in->flags, &out);
	if (failed)
		reply_error(r, head->unique, failed);
	else if (!reply_data(r, head->unique, &out, sizeof(out)))
		file_close(r, head->nodeid, out.fh);
}

/* The guest's libfuse knows the short form only. What the long form says in addition becomes a flag of ours. */
static void set_xattr(struct relay *r, struct fuse_in_header *head, size_t size)
{
	char *body = BODY((char *)head);
	struct fuse_setxattr_in in;
	size_t more = sizeof(in) - FUSE_COMPAT_SETXATTR_IN_SIZE;

	if (r->long_setxattr) {
		memcpy(&in, body, sizeof(in));
		if (in.setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID)
			in.flags |= FRAME_KILL_SGID;
		memcpy(body, &in, FUSE_COMPAT_SETXATTR_IN_SIZE);
		memmove(body + FUSE_COMPAT_SETXATTR_IN_SIZE, body + sizeof(in), size - sizeof(*head) - sizeof(in));
		size -= more;
		head->len = (uint32_t)size;
	}
	forward(r, head, size);
}

static void handle(struct relay *r, struct fuse_in_header *head, size_t size, char *room)
{
	char *body = BODY((char *)head);

	switch (head->opcode) {
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
		forget(r, head, size);
		return;
	case FUSE_INTERRUPT: /* needs no answer of its own */
		pending_interrupt(r, ((const struct fuse_interrupt_in *)body)->unique);
		return;
	case FUSE_OPEN:
		open_file(r, head, size);
		return;
	case FUSE_FLUSH:
		file_refresh(r, head->nodeid);
		reply_error(r, head->unique, 0);
		return;
	case FUSE_RELEASE:
		file_close(r, head->nodeid, ((const struct fuse_release_in *)body)->fh);
		reply_error(r, head->unique, 0);
		return;
	case FUSE_READ:
	case FUSE_WRITE:
	case FUSE_FSYNC:
	case FUSE_LSEEK:
	case FUSE_FALLOCATE:
	case FUSE_COPY_FILE_RANGE:
		if (!data_request(r, head, body, size - sizeof(*head), room))
			forward(r, head, size);
		return;
	case FUSE_GETATTR:
	case FUSE_SETATTR:
	case FUSE_GETXATTR:
		if (!attributes_request(r, head, body, size - sizeof(*head), room))
			forward(r, head, size);
		return;
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
		if (guest_serves(r) && ((const struct fuse_read_in *)body)->offset == FRAME_LISTING_END)
			reply_data(r, head->unique, "", 0);
		else
			forward(r, head, size);
		return;
	case FUSE_LOOKUP:
		if (!made_lookup(r, head, body, size - sizeof(*head)))
			forward(r, head, size);
		return;
	case FUSE_SYMLINK:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_LINK:
	case FUSE_CREATE:
		made_names(r, head, body, size - sizeof(*head));
		forward(r, head, size);
		return;
	case FUSE_SETXATTR:
		set_xattr(r, head, size);
		return;
	case FUSE_READLINK:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_STATFS:
	case FUSE_LISTXATTR:
	case FUSE_REMOVEXATTR:
	case FUSE_OPENDIR:
	case FUSE_FSYNCDIR:
		forward(r, head, size);
		return;
	case FUSE_RELEASEDIR: /* nobody looks at its answer */
		reply_error(r, head->unique, 0);
		notices_owe(r, head, size);
		return;
	default: /* after ENOSYS the kernel does not ask for it any more */
		reply_error(r, head->unique, ENOSYS);
	}
}

void *requests_serve(void *relay)
{
	struct relay *r = relay;
	char *request = malloc(REQUEST_ROOM), *room = malloc(FRAME_MAX_WRITE);

	while (request && room) {
		ssize_t size = read(r->dev, request, REQUEST_ROOM);

		if (size < 0 && errno == ENODEV) /* unmounted: all is done */
			exit(0);
		/* ENOENT: the request was aborted; EINTR, EAGAIN: read again */
		if (size >= (ssize_t)sizeof(struct fuse_in_header))
			handle(r, (struct fuse_in_header *)request, (size_t)size, room);
		else if (size >= 0 || (errno != ENOENT && errno != EINTR && errno != EAGAIN)) {
			relay_log(r, "read a request: %s", size < 0 ? strerror(errno) : "too short");
			exit(1);
		}
	}
	relay_log(r, "no memory");
	exit(1);
}

size_t init_compose(struct relay *r, const struct fuse_init_in *kernel, const struct fuse_init_out *guest,
		    struct fuse_init_out *out)
{
	uint64_t offered = kernel->flags | (kernel->flags & FUSE_INIT_EXT ? (uint64_t)kernel->flags2 << 32 : 0);
	uint64_t flags = (guest->flags & SHARED_FLAGS) | OWN_FLAGS;

	if (r->passthrough)
		flags |= FUSE_PASSTHROUGH;
	flags &= offered;
	r->passthrough = (flags & FUSE_PASSTHROUGH) != 0;
	r->long_setxattr = (flags & FUSE_SETXATTR_EXT) != 0;
	*out = (struct fuse_init_out){
		.major = FUSE_KERNEL_VERSION,
		.minor = kernel->minor < 40 ? kernel->minor : 40,
		.max_readahead = kernel->max_readahead,
		.flags = (uint32_t)flags,
		.flags2 = (uint32_t)(flags >> 32),
		.max_background = 64,
		.congestion_threshold = 48,
		.max_write = FRAME_MAX_WRITE,
		.time_gran = 1,
		.max_pages = FRAME_MAX_WRITE / 4096,
	};
	if (r->passthrough)
		init_out_set_stack_depth(out, 1);
	return sizeof(*out);
}

/* Reads one whole frame of the guest into room before the deadline. Returns its size, or 0. */
static size_t frame_by(struct relay *r, char *room, size_t len, int64_t deadline)
{
	struct frame head = {.size = sizeof(head)};
	size_t have = 0;

	while (have < head.size) {
		struct pollfd ready = {.fd = r->sock, .events = POLLIN};
		int64_t left = deadline - monotonic_ms();

		if (left <= 0 || poll(&ready, 1, (int)left) < 0)
			return 0;
		ssize_t got = recv(r->sock, room + have, head.size - have, MSG_DONTWAIT);
		if (got == 0 || (got < 0 && errno != EAGAIN))
			return 0;
		have += got > 0 ? (size_t)got : 0;
		if (have == sizeof(head))
			memcpy(&head, room, sizeof(head));
		if (head.size < sizeof(head) || head.size > len)
			return 0;
	}
	return have;
}

struct init_answer {
	struct frame frame;
	struct fuse_out_header head;
	struct fuse_init_out out;
};

static errint_t guest_init(struct relay *r, const struct fuse_in_header *kernel_head, const struct fuse_init_in *kernel,
			   struct init_answer *answer, struct mica_error *err)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in in;
	} ask = {*kernel_head, *kernel};

	ask.head.len = sizeof(ask);
	ask.in.flags &= SHARED_FLAGS;
	ask.in.flags2 = 0;
	if (!wire_send(r, FRAME_FUSE, &ask, sizeof(ask)))
		return mica_fail(err, -EPIPE, "ask the guest", r->name);
	if (frame_by(r, (char *)answer, sizeof(*answer), monotonic_ms() + INIT_MS) != sizeof(*answer))
		return mica_fail_note(err, -ETIMEDOUT, "ask the guest", r->name, "no answer to FUSE's INIT");
	if (answer->frame.kind != FRAME_FUSE || answer->frame.tail || answer->head.error ||
	    answer->head.unique != kernel_head->unique || answer->out.major != FUSE_KERNEL_VERSION)
		return mica_fail_note(err, -EPROTO, "ask the guest", r->name,
				      "its answer to FUSE's INIT makes no sense");
	return 0;
}

errint_t requests_init(struct relay *r, struct mica_error *err)
{
	cleanup_free char *request = malloc(REQUEST_ROOM);
	struct init_answer answer;
	struct fuse_init_out out;
	struct fuse_init_in in = {0};
	struct fuse_in_header *head = (void *)request;
	ssize_t size = request ? read(r->dev, request, REQUEST_ROOM) : -1;
	errint_t code;

	if (size < (ssize_t)sizeof(*head) || head->opcode != FUSE_INIT)
		return mica_fail(err, size < 0 ? -errno : -EPROTO, "greet the kernel", r->name);
	memcpy(&in, BODY(request),
	       (size_t)size - sizeof(*head) < sizeof(in) ? (size_t)size - sizeof(*head) : sizeof(in));
	if ((code = guest_init(r, head, &in, &answer, err)) < 0)
		return code;
	size_t len = init_compose(r, &in, &answer.out, &out);
	if (!reply_data(r, head->unique, &out, len))
		return mica_fail(err, -errno, "greet the kernel", r->name);
	r->heard = r->lived;
	return 0;
}
