#include "io.h"

#include <poll.h>
#include <sys/stat.h>

#include "ops.h"

#define IN_ROOM (2 * FRAME_MAX)
/* The kernel does not say when a port is opened: so often it is tried, and so long after the host has written. */
#define TURN_MS 10
#define OPENED_MS 5000

struct export_io {
	int port;
	bool gone;
	bool is_socket; /* if a socket reads as ended, it has; a port may only have no reader yet */
	pthread_mutex_t in_lock, out_lock;
	char *in, *out;
	size_t in_at, in_end;
};

static _Thread_local struct {
	size_t size;
	union {
		struct frame_backing backing;
		char bytes[FRAME_MAX_TAIL];
	};
} tail;

void tail_clear(void)
{
	tail.size = 0;
}

void tail_set(uint64_t node, uint64_t shown, int layer, uint64_t inode, const char *path)
{
	size_t len = strlen(path);

	if (!len || sizeof(tail.backing) + len > sizeof(tail.bytes))
		return;
	tail.backing = (struct frame_backing){.node = node, .inode = inode, .shown = shown, .layer = (uint32_t)layer};
	memcpy(tail.bytes + sizeof(tail.backing), path, len);
	tail.size = sizeof(tail.backing) + len;
}

struct export_io *io_new(int port)
{
	struct export_io *io = calloc(1, sizeof(*io));
	struct stat st;

	if (!io)
		return NULL;
	io->port = port;
	io->is_socket = !fstat(port, &st) && S_ISSOCK(st.st_mode);
	io->in = malloc(IN_ROOM);
	io->out = malloc(FRAME_MAX + FRAME_MAX_TAIL);
	pthread_mutex_init(&io->in_lock, NULL);
	pthread_mutex_init(&io->out_lock, NULL);
	if (io->in && io->out)
		return io;
	io_free(io);
	return NULL;
}

void io_free(struct export_io *io)
{
	if (!io)
		return;
	pthread_mutex_destroy(&io->in_lock);
	pthread_mutex_destroy(&io->out_lock);
	free(io->in);
	free(io->out);
	free(io);
}

/* Each call fills one buffer of the port's device: a message is one call, or a few calls if it is large. */
static bool write_all(struct export_io *io, const char *data, size_t size)
{
	while (size) {
		ssize_t put = write(io->port, data, size);

		if (put < 0 && errno == EAGAIN) {
			struct pollfd room = {.fd = io->port, .events = POLLOUT};

			/* Without a host, a port would answer EAGAIN for ever. */
			if (poll(&room, 1, -1) > 0 && room.revents & (POLLHUP | POLLERR))
				return false;
		} else if (put < 0 && errno != EINTR)
			return false;
		if (put > 0) {
			data += put;
			size -= (size_t)put;
		}
	}
	return true;
}

static bool send_frame(struct export_io *io, enum frame_kind kind, const struct iovec *iov, int count, size_t tail_size)
{
	size_t size = sizeof(struct frame);

	pthread_mutex_lock(&io->out_lock);
	for (int i = 0; i < count; size += iov[i++].iov_len) {
		if (iov[i].iov_len > FRAME_MAX + FRAME_MAX_TAIL - size) {
			pthread_mutex_unlock(&io->out_lock);
			errno = EMSGSIZE;
			return false;
		}
		memcpy(io->out + size, iov[i].iov_base, iov[i].iov_len);
	}
	*(struct frame *)io->out = (struct frame){(uint32_t)size, (uint16_t)kind, (uint16_t)tail_size};
	bool sent = write_all(io, io->out, size);
	pthread_mutex_unlock(&io->out_lock);
	return sent;
}

static _Thread_local bool withhold, withheld;

void io_withhold(bool such)
{
	withhold = such;
	withheld = false;
}

bool io_withheld(void)
{
	return withheld;
}

ssize_t io_writev(int port, struct iovec *iov, int count, void *export)
{
	struct export *ex = export;
	struct iovec all[count + 1];
	size_t size = 0;

	(void)port;
	for (int i = 0; i < count; i++) {
		all[i] = iov[i];
		size += iov[i].iov_len;
	}
	/* A notification belongs to no request, so it has no tail. */
	const struct fuse_out_message {
		uint32_t len;
		int32_t error;
		uint64_t unique;
	} *head = iov[0].iov_base;
	size_t tail_size = head->unique && !head->error ? tail.size : 0;

	all[count] = (struct iovec){tail.bytes, tail_size};
	if (head->unique)
		tail_clear();
	if (head->unique && withhold && (head->error == -EMFILE || head->error == -ENFILE)) {
		withheld = true;
		return (ssize_t)size;
	}
	return send_frame(ex->io, FRAME_FUSE, all, count + 1, tail_size) ? (ssize_t)size : -1;
}

ssize_t io_read(int port, void *buf, size_t len, void *export)
{
	(void)port;
	(void)buf;
	(void)len;
	(void)export;
	errno = ENOTSUP;
	return -1;
}

/* Reads more bytes; false if the host is gone. A port that nobody has opened reads as ended, so before the greeting it
 * waits. */
static bool fill(struct export_io *io, bool wait)
{
	if (io->in_at) {
		memmove(io->in, io->in + io->in_at, io->in_end - io->in_at);
		io->in_end -= io->in_at;
		io->in_at = 0;
	}
	for (;;) {
		ssize_t got = read(io->port, io->in + io->in_end, IN_ROOM - io->in_end);

		if (got > 0) {
			io->in_end += (size_t)got;
			return true;
		}
		if (got < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = io->port, .events = POLLIN}, 1, -1);
		/* nobody has opened the other end yet, and poll would return at once */
		else if (got == 0 && wait && !io->is_socket)
			poll(NULL, 0, TURN_MS);
		else if (got == 0 || errno != EINTR)
			return false;
	}
}

/* Bytes of the host can arrive before the kernel knows that the host has opened the port. Until then writing fails. */
static bool send_hello(struct export_io *io, struct frame_hello *hello)
{
	const struct iovec iov = {hello, sizeof(*hello)};

	for (int waited = 0;; waited += TURN_MS) {
		if (send_frame(io, FRAME_HELLO, &iov, 1, 0))
			return true;
		if (errno != EAGAIN || io->is_socket || waited >= OPENED_MS)
			return false;
		poll(NULL, 0, TURN_MS);
	}
}

errint_t io_greet(struct export_io *io, struct mica_error *err)
{
	const size_t need = sizeof(struct frame) + sizeof(struct frame_hello);
	char *magic;

	/* Bytes of an older host may come first. */
	for (;;) {
		while (io->in_end - io->in_at < need)
			if (!fill(io, true))
				return mica_fail(err, -ECONNRESET, "wait for the host", "");
		magic = memmem(io->in + io->in_at, io->in_end - io->in_at, FRAME_MAGIC, FRAME_MAGIC_LEN);
		if (magic && (size_t)(magic - io->in) >= sizeof(struct frame) &&
		    (size_t)(io->in + io->in_end - magic) >= sizeof(struct frame_hello))
			break;
		/* Skips all bytes except those at the end that may be the beginning of a greeting. */
		if (!magic)
			io->in_at = io->in_end - (need - 1);
		else if (!fill(io, true))
			return mica_fail(err, -ECONNRESET, "wait for the host", "");
	}
	struct frame_hello hello = *(struct frame_hello *)magic;
	io->in_at = (size_t)(magic - io->in) + sizeof(hello);
	if (hello.version != FRAME_VERSION)
		return mica_fail_note(err, -EPROTO, "greet the host", "", "it speaks version %u, not %u", hello.version,
				      FRAME_VERSION);
	if (!send_hello(io, &hello))
		return mica_fail(err, -errno, "greet the host", "");
	return 0;
}

/* Returns the complete frame that begins at in_at, or NULL at the end. Answers pings meanwhile. */
static const struct frame *next_frame(struct export_io *io)
{
	for (;;) {
		size_t have = io->in_end - io->in_at;
		const struct frame *f = (const struct frame *)(io->in + io->in_at);
		struct frame head;

		if (have >= sizeof(head)) {
			memcpy(&head, f, sizeof(head));
			if (head.size < sizeof(head) || head.size > FRAME_MAX || head.tail)
				return NULL;
			if (have >= head.size && head.kind == FRAME_PING) {
				io->in_at += head.size;
				if (!send_frame(io, FRAME_PONG, NULL, 0, 0))
					return NULL;
				continue;
			}
			if (have >= head.size)
				return head.kind == FRAME_FUSE ? f : NULL;
		}
		if (!fill(io, false))
			return NULL;
	}
}

ssize_t io_next(struct export_io *io, char *request)
{
	ssize_t size = 0;

	pthread_mutex_lock(&io->in_lock);
	const struct frame *f = io->gone ? NULL : next_frame(io);
	if (f) {
		struct frame head;

		memcpy(&head, f, sizeof(head));
		size = (ssize_t)(head.size - sizeof(head));
		memcpy(request, (const char *)f + sizeof(head), (size_t)size);
		io->in_at += head.size;
	}
	/* libfuse cannot handle a message that is shorter than its header. */
	if (size < 40)
		size = 0;
	io->gone = !size;
	pthread_mutex_unlock(&io->in_lock);
	return size;
}
