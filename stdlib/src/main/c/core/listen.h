/* listen.h - sockets by a path of any length. Private to Mica's programs. */
#ifndef MICA_LISTEN_H
#define MICA_LISTEN_H

#include "base.h"

#include <sys/types.h>

/* Makes a listening socket, close-on-exec, bound at path, which must not exist. The caller must close *out. */
errint_t mica_listen(const char *path, int backlog, int *out, struct mica_error *err);

/* Connects to the socket that listens at path. *out is close-on-exec, and the caller must close it. */
errint_t mica_connect(const char *path, int *out, struct mica_error *err);

/* Checks that the process peer listens at the other end of the connected socket. -EACCES: another process does. QEMU,
 * which the guest may have taken over, could put a link to any other socket in the place of its own. path is for the
 * error. */
errint_t mica_check_peer(int socket, pid_t peer, const char *path, struct mica_error *err);

#endif
