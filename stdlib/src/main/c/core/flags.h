/*
 * flags.h - the inode flags that protect an entry: immutable and append-only. Private to core/.
 *
 * In a file system they are flags of the inode. In an overlay's upper they are in overlay.protattr, because overlayfs
 * itself must be able to write there. In a lower the inode's own flags count, and overlay.protattr does not.
 */
#ifndef MICA_FLAGS_H
#define MICA_FLAGS_H

#include "base.h"

enum { FLAG_IMMUTABLE = 1, FLAG_APPEND = 2 };

/* Returns FLAG_* of an inode. */
struct statx;
uint8_t flags_of(const struct statx *stx);
/* Returns FLAG_* for the value of overlay.protattr. */
uint8_t flags_of_text(const char *value);

/* Gets and sets the inode's flags as in ioctl_iflags(2). -EOPNOTSUPP: the file system has no flags. */
errint_t flags_get(int fd, int *raw);
errint_t flags_set(int fd, int raw);

/*
 * Returns the flags that a user may set, except immutable and append-only, that the open file from has and the open
 * file to does not have. 0 also if the flags of one of the two cannot be read.
 */
int flags_lost(int from, int to);

/* Sets the FLAG_* in flags on name in the directory dir, in addition to its own flags. name is a file or directory, and
 * is not followed; "" is dir itself. path is for the error. -EOPNOTSUPP: the file system has no flags. */
errint_t flags_protect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err);

/* Takes these flags away again. 0 also if the file system has no flags. */
errint_t flags_unprotect(int dir, const char *name, uint8_t flags, const char *path, struct mica_error *err);

/*
 * Takes both flags away from name in the directory dir ("" is dir itself). True: *fd is a descriptor of it, which the
 * caller must close, and *raw has its flags as they were. False: it had neither flag, or may not be changed.
 */
bool flags_release(int dir, const char *name, int *fd, int *raw);

#endif
