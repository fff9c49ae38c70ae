/* listen.h - sockets by a path of any length. Private to Mica's programs. */
#ifndef MICA_LISTEN_H
#define MICA_LISTEN_H

#include "base.h"

#include <sys/types.h>

/* A listening socket, close-on-exec, bound at path; nothing may be there yet. The directory is opened once. */
errint_t mica_listen(const char *path, int backlog, int *out, struct mica_error *err);

/* A socket, close-on-exec, connected to what listens at path. */
errint_t mica_connect(const char *path, int *out, struct mica_error *err);

/* Whether the process of that id is who listens where socket is connected to; path is for the message. A socket that
 * QEMU makes, which hears the guest, lies in a folder where it could put a link to any other: -EACCES then. */
errint_t mica_check_peer(int socket, pid_t peer, const char *path, struct mica_error *err);

#endif
