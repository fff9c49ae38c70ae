/* listen.h - sockets by a path of any length. Private to Mica's programs. */
#ifndef MICA_LISTEN_H
#define MICA_LISTEN_H

#include "base.h"

/* A listening socket, close-on-exec, bound at path; nothing may be there yet. The directory is opened once. */
errint_t mica_listen(const char *path, int backlog, int *out, struct mica_error *err);

/* A socket, close-on-exec, connected to what listens at path. */
errint_t mica_connect(const char *path, int *out, struct mica_error *err);

#endif
