/* io.h - frames to and from the port. */
#ifndef MICA_EXPORT_IO_H
#define MICA_EXPORT_IO_H

#include <sys/uio.h>

#include "base.h"

struct export_io;

struct export_io *io_new(int port);
void io_free(struct export_io *io);

/* Waits for the host's greeting and answers it. */
errint_t io_greet(struct export_io *io, struct mica_error *err);
/* The next FUSE request, into FRAME_MAX bytes: its size, or 0 when the host is gone or talks nonsense. Any thread. */
ssize_t io_next(struct export_io *io, char *request);

/* libfuse's way out: one message, with the tail of this thread if it is a reply. */
ssize_t io_writev(int port, struct iovec *iov, int count, void *export);
/* libfuse wants one; requests are handed to it. */
ssize_t io_read(int port, void *buf, size_t len, void *export);
void tail_clear(void);

/*
 * From here on a reply of this thread that tells of no descriptor left (EMFILE, ENFILE) is kept from the host, or is
 * not any more.
 */
void io_withhold(bool such);
/* Whether one was kept since. */
bool io_withheld(void);

#endif
