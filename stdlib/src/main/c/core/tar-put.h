/* tar-put.h - writes the entries of a layer folder to a tar one by one. Private to core/. */
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
	struct dir_stack stack; /* the current directory of the layer; the root is "" */
	struct groups links;	/* path is the first path of an inode */
	struct upper upper;
	uint64_t entries;
	bool exact; /* MICA_LAYER_EXACT */
	bool names; /* the folder is not a layer */
	struct mica_remarks *remarks;
	struct pace *pace; /* the writer is its first reader; NULL: there is no second */
	struct mica_job *job;
	struct mica_error *err;
};

/* Calls mica_fail_note for name in the current directory. */
errint_t tar_put_fail(struct tar_put *put, errint_t code, const char *step, const char *name, const char *note);
/* Adds a remark. path is from the root, and "" for the root itself. */
errint_t tar_put_remark(struct tar_put *put, uint32_t what, const char *path, const char *detail);

/* Writes the current directory. *opaque gets the letter of its overlay.opaque. */
errint_t tar_put_directory(struct tar_put *put, char *opaque);
/* Writes a whiteout of name in the current directory. */
errint_t tar_put_whiteout(struct tar_put *put, const char *name);
/* Writes a regular file with its content: name in the current directory, whose path from the root is path. */
errint_t tar_put_file(struct tar_put *put, const char *name, const char *path);
/* The same for a symbolic link, a fifo or a device; in an exact copy also for a socket. */
struct statx;
errint_t tar_put_node(struct tar_put *put, const char *name, const char *path, const struct statx *stx);

/* Frees headers and links. The caller must end out and stack itself. */
void tar_put_end(struct tar_put *put);

#endif
