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
	/* How the union shows the device of each layer's files: 0 not known yet, LAYER_DEV_NONE no way to tell. */
	_Atomic uint64_t *layer_devs;
	_Atomic uint64_t changes, done; /* requests begun that may copy something up, and those of them that ended */
	struct nodes *nodes;
	struct fuse_session *session;
	struct export_io *io;
};

static inline struct export *export_of(fuse_req_t req)
{
	return fuse_req_userdata(req);
}

/* A node of a request, pinned, with its descriptor, until the end of the block. */
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

/* 0 or the errno a reply wants, for what a system call returned. */
static inline int errno_of(int returned)
{
	return returned < 0 ? errno : 0;
}

/* Be the caller of the request, for what it makes; and be ourselves again. */
void caller_begin(fuse_req_t req);
void caller_end(void);
/* Once in each thread that serves. */
void caller_thread_init(void);

/* What the raw request says and libfuse does not pass on: set-id bits must go. */
extern _Thread_local bool request_kills_setid;

/* The backing that goes with the next reply of this thread; shown: st_ino for the host. */
void tail_set(uint64_t node, uint64_t shown, int layer, uint64_t inode, const char *path);

/* Says where the data of a node are, if they are anywhere to be found. */
void tell_backing(struct export *ex, struct node *node);
/* The directory just made there is the upper's alone: says where it lies. */
void tell_made(struct export *ex, struct node *parent, const char *name, const struct fuse_entry_param *made);

/* After a call that copies up: tells the tables, and the host if it was told of the lower file. */
void copied_up(struct export *ex, struct held *h);
/* Before a change that copies a file up: see there. 0 or an errno. */
int copy_up_setid(struct held *h);
/* Before a change that takes set-id bits away, if this request is one: see there. 0 or an errno. */
int setid_known(struct held *h);

/* Replies with the entry for what is at (parent, name) now. */
void reply_entry(fuse_req_t req, struct held *parent, const char *name, const struct stat *st, int layer);
/* An entry to send; counts one lookup. False without memory. */
bool make_entry(struct export *ex, struct node *parent, const char *name, const struct stat *st, int layer,
		struct fuse_entry_param *entry);

void ops_names(struct fuse_lowlevel_ops *ops);
void ops_attributes(struct fuse_lowlevel_ops *ops);
void ops_directories(struct fuse_lowlevel_ops *ops);
void ops_files(struct fuse_lowlevel_ops *ops);

#endif
