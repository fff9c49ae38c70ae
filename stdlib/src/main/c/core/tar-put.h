/* tar-put.h - the entries of a layer folder, put into a tar one by one. Private to core/. */
#ifndef MICA_TAR_PUT_H
#define MICA_TAR_PUT_H

#include "dir-stack.h"
#include "groups.h"
#include "pace.h"
#include "tar-encode.h"
#include "tar-out.h"
#include "upper.h"

struct tar_put {
	struct tar_out out;
	struct tar_bytes headers;
	struct dir_stack stack; /* where in the layer: the root is "" */
	struct groups links;	/* path: the first name of an inode */
	struct upper upper;
	uint64_t entries;
	bool exact; /* MICA_LAYER_EXACT */
	bool names; /* it is no layer */
	struct mica_remarks *remarks;
	struct pace *pace; /* it is the first reader of this, or NULL */
	struct mica_job *job;
	struct mica_error *err;
};

/* mica_fail_note for name in the directory at hand. */
errint_t tar_put_fail(struct tar_put *put, errint_t code, const char *step, const char *name, const char *note);
/* path: from the root, "" for that itself. */
errint_t tar_put_remark(struct tar_put *put, uint32_t what, const char *path, const char *detail);

/* The directory at hand, and the letter of its overlay.opaque. */
errint_t tar_put_directory(struct tar_put *put, char *opaque);
/* A whiteout of name in the directory at hand. */
errint_t tar_put_whiteout(struct tar_put *put, const char *name);
/* name in the directory at hand, and its path: a regular file, whose content follows; */
errint_t tar_put_file(struct tar_put *put, const char *name, const char *path);
/* or a symbolic link, a fifo or a device, in an exact copy a socket too. */
struct statx;
errint_t tar_put_node(struct tar_put *put, const char *name, const char *path, const struct statx *stx);

/* Frees what it remembers; out and stack are whose who opened them. */
void tar_put_end(struct tar_put *put);

#endif
