/* ops.h - what the parts of the export share; each call of the FUSE protocol is one function. */
#ifndef MICA_EXPORT_OPS_H
#define MICA_EXPORT_OPS_H

#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>
#include <stdatomic.h>

#include "node.h"
#include "stat.h"
#include "export.h"
#include "frame.h"
#include "setid.h"

#define VALID_SECONDS ((double)FRAME_VALID_SECONDS)

#define LAYER_DEV_NONE UINT64_MAX

struct export
{
	const struct export_spec *spec;
	int *layers;
	/* The device that the union shows for the files of each layer. 0: it is not known yet; LAYER_DEV_NONE: it
	 * cannot be known. */
	_Atomic uint64_t *layer_devs;
	_Atomic uint64_t changes, done; /* how many requests that may copy a file up have begun, and have ended */
	struct nodes *nodes;
	struct fuse_session *session;
	struct export_io *io;
};

static inline struct export *export_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* A node that a request names, with its descriptor. HELD keeps it pinned until the end of the block. */
struct held {
	struct nodes *all;
	struct node *node;
	int fd; /* or -errno */
};
struct held hold(fuse_req_t req, fuse_ino_t id);
static inline void unhold(struct held *h)
{
	node_put(h->all, h->node);
}
#define HELD __attribute__((cleanup(unhold))) struct held

/* /proc/self/fd/N, for the calls that take no O_PATH descriptor. */
struct fd_path {
	char text[32];
};
struct fd_path fd_path(int fd);

/* Turns what a system call has returned into what a reply needs: 0 or errno. */
static inline int errno_of(int returned)
{
	return returned < 0 ? errno : 0;
}

/* Gives this thread the user, the group and the umask of the request's caller, so that new files belong to the caller;
 * and takes them away again. */
void caller_begin(fuse_req_t req);
void caller_end(void);
/* Must be called once in each thread that serves. */
void caller_thread_init(void);

/* Whether the request says that set-id bits must be removed, which libfuse does not tell. */
extern _Thread_local bool request_kills_setid;

/* Sets the backing that goes with the next reply of this thread; shown is st_ino for the host. */
void tail_set(uint64_t node, uint64_t shown, int layer, uint64_t inode, const char *path);

/* Tells the host, with the next reply of this thread, where the data of a regular file are, if they can be found. */
void tell_backing(struct export *ex, struct node *node);
/* Tells the host, with the next reply of this thread, where in the upper the directory lies that was just made. */
void tell_made(struct export *ex, struct node *parent, const char *name, const struct fuse_entry_param *made);

/* Must be called after a call that copies a file up: tells the nodes, and also the host if it knows where the file was
 * in a lower. */
void copied_up(struct export *ex, struct held *h);
/* Must be called before a change that copies a file up: keeps the set-id bits and the capabilities that overlayfs would
 * lose. Returns 0 or an errno. */
int copy_up_setid(struct held *h);
/* Must be called before a change that may have to remove set-id bits: makes overlayfs know the mode of the file, which
 * the host may have changed. Returns 0 or an errno. */
int setid_known(struct held *h);

/* Replies with the entry for the file that has this name in parent and the attributes st. */
void reply_entry(fuse_req_t req, struct held *parent, const char *name, const struct stat *st, int layer);
/* Makes such an entry, and counts one lookup. False: there is no memory. */
bool make_entry(struct export *ex, struct node *parent, const char *name, const struct stat *st, int layer,
		struct fuse_entry_param *entry);

/* Each sets the functions of its part in ops. */
void ops_names(struct fuse_lowlevel_ops *ops);
void ops_attributes(struct fuse_lowlevel_ops *ops);
void ops_directories(struct fuse_lowlevel_ops *ops);
void ops_files(struct fuse_lowlevel_ops *ops);

#endif
