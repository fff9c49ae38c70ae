/*
 * relay.h - the host's end of a union folder: between the kernel's FUSE and the export in the guest.
 *
 * Threads: workers read requests of the kernel; what concerns the data of a file whose backing is
 * known, or names that a directory made here lacks, they answer themselves, the rest they send to the guest. One thread
 * reads the guest's replies, one delivers notifications, and one watches that it is alive. What comes from the
 * guest is not trusted: anything that does not fit ends the connection, and from then on every
 * request is answered EIO.
 *
 * A guest that only does not answer is away: every request is answered EIO, and none is sent, until it has answered all
 * that it was asked before. Then nothing old is on its way that could meet something new, the kernel is told to forget
 * what those answers changed, and the guest serves again. Dead is for good.
 */
#ifndef MICA_RELAY_H
#define MICA_RELAY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base.h"
#include "clock.h"
#include "frame.h"
#include "kernel.h"
#include "setid.h"

#define MAX_LAYERS 501
#define WORKERS 6
#define REQUEST_ROOM (FRAME_MAX + 4096)

struct relay {
	const char *name;
	int dev;   /* /dev/fuse */
	int sock;  /* to the guest's port */
	int mount; /* the union's mount point, until it can be used: who holds it keeps it from being unmounted */
	int proc;  /* /proc/self/fd, for what an O_PATH descriptor holds; in the end our current folder */
	int layers[MAX_LAYERS]; /* the upper (-1: there is none), then the lowers: O_PATH, lowers read-only mounts if we
				   are root */
	unsigned layer_count;
	struct pollfd watched[MAX_LAYERS + 1]; /* processes the guest waits for in vain once they end; then state */
	unsigned watched_count;
	int state; /* the socket where anybody is told how the guest is; -1: there is none */
	int log;
	bool attributes;   /* we may give a file any owner and mode, so those of the upper are ours to answer for */
	unsigned silence;  /* seconds without a sign of the guest until it counts as away */
	unsigned patience; /* seconds without one answer until a guest that lives counts as away */
	unsigned copy_patience; /* the same where it may have to copy a file up first */
	atomic_bool passthrough;
	bool long_setxattr; /* the kernel says with an ACL whether the set-group-id bit goes */
	atomic_bool away, dead;
	_Atomic int64_t lived;	/* milliseconds of our own: those in which we stood still do not count */
	_Atomic int64_t turned; /* when the thread that watches counted them last, by now_ms; 0: not yet */
	_Atomic int64_t heard;	/* when the last whole frame of the guest came */
	atomic_uint pings;	/* not answered yet */
	bool asked_back;	/* one of them was sent since it is away */
	pthread_mutex_t why_lock;
	char why[200]; /* the guest is away or dead */
	struct pending *pending;
	struct files *files;
	struct made *made;
	struct notices *notices;
	pthread_mutex_t send_lock;
	void (*died)(struct relay *r); /* relay_bury */
	char *rest;		       /* of a frame whose beginning was sent when the guest went away: it goes first */
	size_t rest_size;
};

static inline bool guest_serves(struct relay *r)
{
	return !r->away && !r->dead;
}

/* relay-guest.c: how the guest is. */
__attribute__((format(printf, 2, 3))) void relay_log(const struct relay *r, const char *text, ...);
static inline int64_t now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}
/* Milliseconds of our own by now, not only when they were counted last. */
int64_t lived_ms(struct relay *r);
/* At each turn of the thread that watches. */
void lived_count(struct relay *r);

/* How the guest is, a line. */
struct state_line {
	char text[256];
};
struct state_line relay_state(struct relay *r);
/* No more guest: everything waiting is answered EIO. Once; the first reason counts. */
__attribute__((format(printf, 2, 3))) void relay_die(struct relay *r, const char *why, ...);
/* It does not answer. Only the thread that watches may find that; and only notices_deliver, that it is over. */
__attribute__((format(printf, 2, 3))) void relay_away(struct relay *r, const char *why, ...);

/* relay-send.c: frames. False: the guest has nothing of it, for it is away or dead. */
bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size);
/* The same with send_lock held, and whether it serves or not; errno says why not. */
bool wire_send_at_once(struct relay *r, enum frame_kind kind, const void *message, size_t size);

/* relay-wire.c */
errint_t wire_greet(struct relay *r, struct mica_error *err);
/* Handles whole frames at data; how many bytes those were, or -1: the guest breaks the protocol. */
ssize_t wire_feed(struct relay *r, char *data, size_t size);
void *wire_read(void *relay);
/* Whoever waits for a guest that is dead is answered EIO. */
void relay_bury(struct relay *r);

/* relay-watch.c */
void *wire_watch(void *relay);
/* The guest counts as dead when that process ends. */
errint_t relay_watch(struct relay *r, const char *pid, struct mica_error *err);

/* relay-pending.c: requests the guest has. */
struct request {
	uint64_t unique, node;
	uint32_t opcode;
	uint32_t room;	  /* bytes its answer may have */
	uint32_t flags;	  /* of an open; of a write, how much was asked for */
	int64_t since;	  /* when it was asked, in relay.lived */
	bool interrupted; /* the caller got a signal */
	bool abandoned;	  /* the caller was answered, for the guest took too long */
	struct changed *changed;
};
struct pending *pending_new(void);
/* A number for the guest; waits while there are too many. 0: the guest is away or dead. */
uint64_t pending_add(struct relay *r, const struct request *request);
/* Who takes one ends with request_done. */
bool pending_take(struct relay *r, uint64_t number, struct request *request);
/* Any one; false: none left. */
bool pending_take_any(struct relay *r, struct request *request);
void request_done(struct request *request);
/* Everybody who waits is answered EIO. Their slots stay taken: the guest may answer yet. */
void pending_abandon(struct relay *r);
bool pending_none(struct relay *r);
void pending_wake(struct relay *r);
/* The caller of that request got a signal: it is waited for no longer than PATIENCE_MS, and can be killed then. */
#define PATIENCE_MS 5000
void pending_interrupt(struct relay *r, uint64_t unique);
void pending_give_up(struct relay *r);
/* After how many seconds without an answer some request is overdue, or 0; and what that asks for. */
unsigned pending_overdue(struct relay *r, const char **what);

/* relay-kernel.c */
bool reply_error(struct relay *r, uint64_t unique, int error);
bool reply_data(struct relay *r, uint64_t unique, const void *data, size_t size);
/* What the kernel is shown of st. */
struct fuse_attr attributes_shown(const struct stat *st, uint64_t shown);

/* relay-reply.c */
/* One FUSE message of the guest with its tail; false: it breaks the protocol. */
bool reply_from_guest(struct relay *r, char *message, size_t size, const char *tail, size_t tail_size);

/* relay-notice.c: notifications wait for locks that wait for replies, so they have a thread. */
struct notices *notices_new(void);
void notices_free(struct relay *r);
/* A wish of the guest. */
bool notice_add(struct relay *r, const char *message, size_t size);
void *notices_deliver(void *relay);
void notices_forget_names(struct relay *r);
/* The kernel asks for them again: what is in that directory under that name; all that it knows of that node. */
void notices_forget_name(struct relay *r, uint64_t parent, const char *name);
void notices_forget_node(struct relay *r, uint64_t node);
/* When all of these were delivered, the guest is back. */
void notices_come_back(struct relay *r);
/* A message to the guest that it must have, as soon as it serves; without a number, which it is given then. */
void notices_owe(struct relay *r, const void *message, size_t size);

/* relay-late.c: answers that nobody waits for. */
struct changed *changed_by(const struct fuse_in_header *head, const char *body, size_t size);
void late_answer(struct relay *r, const struct request *request, const char *body, size_t size);

/* relay-request.c */
void *requests_serve(void *relay);
/* The kernel's greeting to the guest and back; before any thread. */
errint_t requests_init(struct relay *r, struct mica_error *err);
size_t init_compose(struct relay *r, const struct fuse_init_in *kernel, const struct fuse_init_out *guest,
		    struct fuse_init_out *out);

/* relay-file.c: the files whose data the host serves, by node. */
#define FILE_ELSEWHERE (-100000)
enum open_kind { FH_CACHED = 1, FH_PASSING = 2 };
struct files *files_new(void);
void files_free(struct relay *r);
/* The tail of an answer. */
struct backing {
	struct frame_backing is;
	char path[FRAME_MAX_TAIL];
};
/* False: not even well formed. */
bool backing_take(struct relay *r, const char *tail, size_t size, struct backing *backing);
/* What lies there, if it is of this type (S_IFMT): an O_PATH descriptor; -1: it is not there. */
int backing_find(struct relay *r, const struct backing *backing, mode_t type);
/* From here on the data of that node, a regular file, are there. A file that is not there is no error. */
void file_back(struct relay *r, const struct backing *backing);
/* Counts an open file and says how the kernel shall treat it. 0 or the errno of the open. */
int file_open(struct relay *r, uint64_t node, uint32_t flags, struct fuse_open_out *out);
/* Whether an open with these flags changes nothing but ours: then file_open alone answers it. */
bool file_opens_here(struct relay *r, uint64_t node, uint32_t flags);
/* Empties a file that opens here, as its open asks for. 0, FILE_ELSEWHERE, or an errno. */
int file_empty(struct relay *r, uint64_t node, const struct fuse_open_in *in);
void file_close(struct relay *r, uint64_t node, uint64_t handle);
/* A file the kernel passes through may have been written by a mapping, which the kernel's FUSE does not see. */
void file_refresh(struct relay *r, uint64_t node);
void file_forget(struct relay *r, uint64_t node);
/* The descriptor for its data, good until the kernel releases the file; FILE_ELSEWHERE, or -errno. */
int file_fd(struct relay *r, uint64_t node, bool write);

/* Of a file of the upper that is here, what the kernel is to know; false: ask the guest. */
bool file_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);
/* Its O_PATH descriptor, which stays until file_unpin; -1: ask the guest. */
int file_pin(struct relay *r, uint64_t node);
void file_unpin(struct relay *r, uint64_t node);
/* Opens the file of an O_PATH descriptor: a descriptor, or -errno. */
int file_reopen(struct relay *r, int path_fd, int flags);
/* Its name in r->proc, for the calls that take no such descriptor. */
struct fd_name {
	char text[16];
};
struct fd_name fd_name(int fd);

/* relay-made.c: the directories that were made through us: what names they lack, and their attributes. */
struct made *made_new(void);
void made_free(struct relay *r);
/* Before the kernel knows it. path_fd becomes ours; -1: only the names. shown: st_ino for the kernel. */
void made_add(struct relay *r, uint64_t node, uint64_t shown, int path_fd);
void made_forget(struct relay *r, uint64_t node);
/* What comes before the name in the body of a request that has one. */
size_t made_before_name(uint32_t opcode);
/* Before a request goes to the guest: the names that it may make. */
void made_names(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* Whether the LOOKUP was for a name that such a directory lacks, and is answered. */
bool made_lookup(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* False: ask the guest. */
bool made_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);

/* relay-attributes.c */
/* Whether the request was about a file of the upper that is here, and is answered. */
bool attributes_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);
/* Corrects what the guest says of such files in the entries it answers with. */
void attributes_correct(struct relay *r, uint32_t opcode, char *body, size_t size);

/* relay-data.c: whether the request was about data here, and is answered. */
bool data_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);

/* relay-mount.c, relay-sandbox.c */
errint_t relay_mount(struct relay *r, const char *at, struct mica_error *err);
/* Takes it back at once. */
void relay_umount(struct relay *r);
void relay_readahead(const struct relay *r);
errint_t relay_layer(struct relay *r, const char *path, bool upper, struct mica_error *err);
errint_t relay_sandbox(struct relay *r, struct mica_error *err);

#endif
