/*
 * relay.h - the host's end of a union folder: between the kernel's FUSE and the export in the guest.
 *
 * Threads: workers read requests of the kernel. Requests about the data of a file whose backing is known, or about
 * names that a directory made here does not have, they answer themselves; all others they send to the guest. One thread
 * reads the guest's replies, one delivers notifications, and one watches whether the guest is alive. What comes from
 * the guest is not trusted: anything wrong ends the connection, and from then on every request is answered with EIO.
 *
 * A guest that only does not answer is away: every request is answered with EIO, and none is sent, until the guest has
 * answered everything that it was asked before. Then no old answer is under way that could be taken for a new one, the
 * kernel is told to forget what those answers changed, and the guest serves again. A dead guest stays dead.
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

#define MAX_LAYERS (MICA_MOST_LOWERS + 1) /* the upper is one */
#define WORKERS 6
#define REQUEST_ROOM (FRAME_MAX + 4096)

struct relay {
	const char *name;
	int dev;   /* /dev/fuse */
	int sock;  /* the socket of the guest's port */
	int mount; /* the union's mount point, until it can be used: while it is open it cannot be unmounted */
	int proc;  /* /proc/self/fd, for what an O_PATH descriptor holds; in the end our current folder */
	int layers[MAX_LAYERS]; /* the upper (-1: there is none), then the lowers: O_PATH, lowers read-only mounts if we
				   are root */
	unsigned layer_count;
	struct pollfd watched[MAX_LAYERS + 1]; /* processes without which the guest waits in vain; then state */
	unsigned watched_count;
	int state; /* the socket at which programs get the state of the guest; -1: none */
	int log;
	bool attributes;	/* we may give a file any owner and mode, so we answer for those of the upper */
	unsigned silence;	/* seconds without a sign of the guest until it counts as away */
	unsigned patience;	/* seconds without one answer until a guest that lives counts as away */
	unsigned copy_patience; /* the same if it may have to copy a file up first */
	atomic_bool passthrough;
	bool long_setxattr; /* the kernel says with an ACL whether to remove the set-group-id bit */
	atomic_bool away, dead;
	_Atomic int64_t lived;	/* milliseconds in which we ran; those in which we were stopped do not count */
	_Atomic int64_t turned; /* when the thread that watches counted them last, by monotonic_ms; 0: not yet */
	_Atomic int64_t heard;	/* when the last whole frame of the guest came */
	atomic_uint pings;	/* pings that are not answered yet */
	bool asked_back;	/* a ping was sent since it is away */
	pthread_mutex_t why_lock;
	char why[200]; /* the guest is away or dead */
	struct pending *pending;
	struct files *files;
	struct made *made;
	struct notices *notices;
	pthread_mutex_t send_lock;
	void (*died)(struct relay *r); /* relay_bury */
	char *rest; /* the rest of a frame that was half sent when the guest went away: it is sent first */
	size_t rest_size;
};

static inline bool guest_serves(struct relay *r)
{
	return !r->away && !r->dead;
}

/* relay-guest.c: the state of the guest. */
__attribute__((format(printf, 2, 3))) void relay_log(const struct relay *r, const char *text, ...);
/* The milliseconds in which this process ran, up to now and not only up to the last count. */
int64_t lived_ms(struct relay *r);
/* Counts them; the thread that watches calls it at each turn. */
void lived_count(struct relay *r);

/* The state of the guest in one line. */
struct state_line {
	char text[256];
};
struct state_line relay_state(struct relay *r);
/* The guest is dead: everything that waits is answered with EIO. This happens once; the first reason counts. */
__attribute__((format(printf, 2, 3))) void relay_die(struct relay *r, const char *why, ...);
/* The guest does not answer. Only the thread that watches may find this out, and only notices_deliver ends it. */
__attribute__((format(printf, 2, 3))) void relay_away(struct relay *r, const char *why, ...);

/* relay-send.c: sends a frame. False: nothing of it was sent, because the guest is away or dead. */
bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size);
/* The same with send_lock held, and whether it serves or not; errno says why not. */
bool wire_send_at_once(struct relay *r, enum frame_kind kind, const void *message, size_t size);

/* relay-wire.c */
errint_t wire_greet(struct relay *r, struct mica_error *err);
/* Handles whole frames at data; how many bytes those were, or -1: the guest breaks the protocol. */
ssize_t wire_feed(struct relay *r, char *data, size_t size);
void *wire_read(void *relay);
/* All who wait for a dead guest are answered with EIO. */
void relay_bury(struct relay *r);

/* relay-watch.c */
void *wire_watch(void *relay);
/* The guest counts as dead when that process ends. */
errint_t relay_watch(struct relay *r, const char *pid, struct mica_error *err);

/* relay-pending.c: the requests that the guest has not answered yet. */
struct request {
	uint64_t unique, node;
	uint32_t opcode;
	uint32_t room;	  /* the most bytes that its answer may have */
	uint32_t flags;	  /* the flags of an open; for a write, how much was asked for */
	int64_t since;	  /* when it was asked, in relay.lived */
	bool interrupted; /* the caller got a signal */
	bool abandoned;	  /* the caller was answered, because the guest took too long */
	struct changed *changed;
};
struct pending *pending_new(void);
/* A number for the guest; waits while there are too many. 0: the guest is away or dead. */
uint64_t pending_add(struct relay *r, const struct request *request);
/* Takes the request of that number, and frees the number. False: there is none. The caller must call request_done. */
bool pending_take(struct relay *r, uint64_t number, struct request *request);
/* Takes any request. False: there is none. */
bool pending_take_any(struct relay *r, struct request *request);
void request_done(struct request *request);
/* All who wait are answered with EIO. Their slots stay taken, because the guest may still answer. */
void pending_abandon(struct relay *r);
bool pending_none(struct relay *r);
void pending_wake(struct relay *r);
/* The caller of that request got a signal: it is waited for no longer than PATIENCE_MS, and can be killed then. */
#define PATIENCE_MS 5000
void pending_interrupt(struct relay *r, uint64_t unique);
void pending_give_up(struct relay *r);
/* The seconds without an answer after which a request is overdue, or 0 if none is; *what: its name. */
unsigned pending_overdue(struct relay *r, const char **what);

/* relay-kernel.c */
bool reply_error(struct relay *r, uint64_t unique, int error);
bool reply_data(struct relay *r, uint64_t unique, const void *data, size_t size);
/* The attributes that the kernel gets for st. */
struct fuse_attr attributes_shown(const struct stat *st, uint64_t shown);

/* relay-reply.c */
/* One FUSE message of the guest with its tail; false: it breaks the protocol. */
bool reply_from_guest(struct relay *r, char *message, size_t size, const char *tail, size_t tail_size);

/* relay-notice.c: notifications wait for locks that wait for replies, so they have a thread. */
struct notices *notices_new(void);
void notices_free(struct relay *r);
/* A notification of the guest. */
bool notice_add(struct relay *r, const char *message, size_t size);
void *notices_deliver(void *relay);
void notices_forget_names(struct relay *r);
/* Make the kernel ask again: for a name in a directory; for all that it knows of a node. */
void notices_forget_name(struct relay *r, uint64_t parent, const char *name);
void notices_forget_node(struct relay *r, uint64_t node);
/* When all of these were delivered, the guest is back. */
void notices_come_back(struct relay *r);
/* A message that the guest must get as soon as it serves. It has no number yet, and gets one then. */
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

/* relay-backing.c: files of the layers, as the guest names them. */
/* The tail of an answer, which names the file that has a node's data. */
struct backing {
	struct frame_backing is;
	char path[FRAME_MAX_TAIL];
};
/* Reads the tail of an answer. False: it is not well formed. */
bool backing_take(struct relay *r, const char *tail, size_t size, struct backing *backing);
/* An O_PATH descriptor of that file, if it has this type (S_IFMT), for the caller to close; -1 otherwise. */
int backing_find(struct relay *r, const struct backing *backing, mode_t type);
/* Opens the file of an O_PATH descriptor. Returns a descriptor, for the caller to close, or -errno. */
int file_reopen(struct relay *r, int path_fd, int flags);
/* Its name in r->proc, for calls that do not take such a descriptor. */
struct fd_name {
	char text[16];
};
struct fd_name fd_name(int fd);

/* relay-file.c: the files whose data the host serves, by node. */
#define FILE_ELSEWHERE (-100000)
enum open_kind { FH_CACHED = 1, FH_PASSING = 2 };
struct files *files_new(void);
void files_free(struct relay *r);
/* From now on the data of that node, a regular file, are there. It is no error if the file is not there. */
void file_back(struct relay *r, const struct backing *backing);
/* Counts an open file and says how the kernel must treat it. Returns 0 or the errno of the open. */
int file_open(struct relay *r, uint64_t node, uint32_t flags, struct fuse_open_out *out);
/* Whether an open with these flags changes nothing in the guest: then file_open alone answers it. */
bool file_opens_here(struct relay *r, uint64_t node, uint32_t flags);
/* Empties a file that opens here, as its open asks for. 0, FILE_ELSEWHERE, or an errno. */
int file_empty(struct relay *r, uint64_t node, const struct fuse_open_in *in);
void file_close(struct relay *r, uint64_t node, uint64_t handle);
/* A file the kernel passes through may have been written by a mapping, which the kernel's FUSE does not see. */
void file_refresh(struct relay *r, uint64_t node);
void file_forget(struct relay *r, uint64_t node);
/* The descriptor for its data, good until the kernel releases the file; FILE_ELSEWHERE, or -errno. */
int file_fd(struct relay *r, uint64_t node, bool write);

/* The attributes of a file of the upper that is here, for the kernel; false: ask the guest. */
bool file_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);
/* The O_PATH descriptor of such a file, which stays open until file_unpin; -1: ask the guest. */
int file_pin(struct relay *r, uint64_t node);
void file_unpin(struct relay *r, uint64_t node);

/* relay-made.c: the directories that were made through us: what names they lack, and their attributes. */
struct made *made_new(void);
void made_free(struct relay *r);
/* Before the kernel knows it. path_fd becomes ours; -1: only the names. shown: st_ino for the kernel. */
void made_add(struct relay *r, uint64_t node, uint64_t shown, int path_fd);
void made_forget(struct relay *r, uint64_t node);
/* The size of what comes before the name in the body of a request with a name. */
size_t made_before_name(uint32_t opcode);
/* Called before a request goes to the guest: notes the names that it may make. */
void made_names(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* Whether the LOOKUP was for a name that such a directory does not have, and was answered. */
bool made_lookup(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* False: ask the guest. */
bool made_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);

/* relay-attributes.c */
/* Whether the request was about a file of the upper that is here, and was answered. */
bool attributes_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);
/* Corrects the attributes of such files in the entries of the guest's answers. */
void attributes_correct(struct relay *r, uint32_t opcode, char *body, size_t size);

/* relay-data.c: whether the request was about data here, and was answered. */
bool data_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);

/* relay-mount.c, relay-sandbox.c */
errint_t relay_mount(struct relay *r, const char *at, struct mica_error *err);
/* Unmounts it at once, even if it is in use. */
void relay_umount(struct relay *r);
void relay_readahead(const struct relay *r);
errint_t relay_layer(struct relay *r, const char *path, bool upper, struct mica_error *err);
errint_t relay_sandbox(struct relay *r, struct mica_error *err);

#endif
