/* io.h - sends and receives the frames of the port. */
#ifndef MICA_EXPORT_IO_H
#define MICA_EXPORT_IO_H

#include <sys/uio.h>

#include "base.h"

struct export_io;

/* Returns NULL if there is no memory. port is borrowed. The caller must call io_free, which accepts NULL. */
struct export_io *io_new(int port);
void io_free(struct export_io *io);

/* Waits for the host's greeting and answers it. */
errint_t io_greet(struct export_io *io, struct mica_error *err);
/* Reads the next FUSE request into request, which has FRAME_MAX bytes. Returns its size, or 0 if the host has
 * disconnected or breaks the protocol. Any thread may call it. */
ssize_t io_next(struct export_io *io, char *request);

/* Called by libfuse to send one message, with the tail of this thread if it is a reply. Returns the bytes, or -1 with
 * errno. */
ssize_t io_writev(int port, struct iovec *iov, int count, void *export);
/* libfuse requires this function and never calls it: requests are handed to it. */
ssize_t io_read(int port, void *buf, size_t len, void *export);
/* Drops the tail that tail_set (ops.h) has set for this thread's next reply. */
void tail_clear(void);

/* Sets whether a reply of this thread with EMFILE or ENFILE is withheld from the host. */
void io_withhold(bool such);
/* Whether a reply of this thread was withheld since then. */
bool io_withheld(void);

#endif
