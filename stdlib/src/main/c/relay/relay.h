/*
 * relay.h - the host's end of a union folder, between the kernel's FUSE and the export in the guest.
 *
 * Several threads read the requests of the kernel. They answer a request themselves if it is about the data of a file
 * whose backing is known, or about a name that a directory made here does not have, and send all other requests to the
 * guest. One thread reads the guest's replies, one delivers notifications, and one watches whether the guest is alive.
 * The guest is not trusted: if anything is wrong, the connection ends, and then every request is answered with EIO.
 *
 * A guest that does not answer in time is away. Then every request is answered with EIO, and none is sent, until the
 * guest has answered all requests that it was sent before. So no old answer can be taken for a new one. The kernel is
 * told to forget what those answers changed, and then the guest serves again. A dead guest never serves again.
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

#define MAX_LAYERS (MICA_MOST_LOWERS + 1) /* the lowers and the upper */
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
	struct pollfd watched[MAX_LAYERS + 1]; /* pidfds of the file servers that the guest needs; then state */
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
	char why[200]; /* why the guest is away or dead */
	struct pending *pending;
	struct files *files;
	struct made *made;
	struct notices *notices;
	pthread_mutex_t send_lock;
	void (*died)(struct relay *r); /* relay_bury, which relay_die calls */
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
/* Counts those milliseconds. The thread that watches calls it at each turn. */
void lived_count(struct relay *r);

/* The state of the guest in one line. */
struct state_line {
	char text[256];
};
struct state_line relay_state(struct relay *r);
/* Notes that the guest is dead, and answers everything that waits with EIO. Only the first call has an effect. */
__attribute__((format(printf, 2, 3))) void relay_die(struct relay *r, const char *why, ...);
/* Notes that the guest does not answer. Only the thread that watches may call it, and only notices_deliver ends that
 * state. */
__attribute__((format(printf, 2, 3))) void relay_away(struct relay *r, const char *why, ...);

/* relay-send.c: sends a frame. False: nothing of it was sent, because the guest is away or dead. */
bool wire_send(struct relay *r, enum frame_kind kind, const void *message, size_t size);
/* The same, but the caller must hold send_lock unless no other thread sends, and the guest need not serve. If it
 * returns false, errno says why. */
bool wire_send_at_once(struct relay *r, enum frame_kind kind, const void *message, size_t size);

/* relay-wire.c: greets the guest, before any thread reads from it. -ETIMEDOUT: the guest does not answer. */
errint_t wire_greet(struct relay *r, struct mica_error *err);
/* Handles the whole frames at data. Returns how many bytes those were, or -1 if the guest breaks the protocol. */
ssize_t wire_feed(struct relay *r, char *data, size_t size);
/* The thread that reads from the guest. */
void *wire_read(void *relay);
/* Answers every request that waits for the dead guest with EIO. */
void relay_bury(struct relay *r);

/* relay-watch.c: the thread that watches whether the guest is alive, and tells its state. */
void *wire_watch(void *relay);
/* From now on the guest counts as dead when the process with the id in the text pid ends. */
errint_t relay_watch(struct relay *r, const char *pid, struct mica_error *err);

/* relay-pending.c: the requests that the guest has not answered yet. */
struct request {
	uint64_t unique, node;
	uint32_t opcode;
	uint32_t room;	  /* the most bytes that its answer may have */
	uint32_t flags;	  /* for an open its flags, for a write the number of bytes */
	int64_t since;	  /* when it was asked, in relay.lived */
	bool interrupted; /* the caller got a signal */
	bool abandoned;	  /* the caller was answered, because the guest took too long */
	struct changed *changed;
};
struct pending *pending_new(void);
/* Adds a request, and returns its number for the guest. Waits while there are too many. 0: the guest is away or
 * dead. */
uint64_t pending_add(struct relay *r, const struct request *request);
/* Takes the request of that number, and frees the number. False: there is none. The caller must call request_done. */
bool pending_take(struct relay *r, uint64_t number, struct request *request);
/* Takes any request. False: there is none. */
bool pending_take_any(struct relay *r, struct request *request);
void request_done(struct request *request);
/* Answers every request that waits with EIO. Their slots stay taken, because the guest may still answer. */
void pending_abandon(struct relay *r);
/* Whether the guest has answered all requests. */
bool pending_none(struct relay *r);
/* Wakes the threads that wait in pending_add. */
void pending_wake(struct relay *r);
/* Notes that the caller of that request got a signal. pending_give_up then answers the request with EINTR if the guest
 * has not answered it for PATIENCE_MS, so that the caller can be killed. */
#define PATIENCE_MS 5000
void pending_interrupt(struct relay *r, uint64_t unique);
void pending_give_up(struct relay *r);
/* If a request has waited too long, returns the limit in seconds that it has exceeded, and its name in *what. 0: none
 * has. */
unsigned pending_overdue(struct relay *r, const char **what);

/* relay-kernel.c: answers a request of the kernel; error is a positive errno. False: the kernel did not take it,
 * because the caller was killed for example. */
bool reply_error(struct relay *r, uint64_t unique, int error);
bool reply_data(struct relay *r, uint64_t unique, const void *data, size_t size);
/* The attributes st in the form for the kernel, with shown as inode number. */
struct fuse_attr attributes_shown(const struct stat *st, uint64_t shown);

/* relay-reply.c: handles one FUSE message of the guest with its tail. False: it breaks the protocol. */
bool reply_from_guest(struct relay *r, char *message, size_t size, const char *tail, size_t tail_size);

/* relay-notice.c: notifications to the kernel. They have a thread of their own, because the kernel may have to wait for
 * locks whose holders wait for replies. */
struct notices *notices_new(void);
void notices_free(struct relay *r);
/* Takes a notification of the guest, which is copied. False: the guest may not send it. */
bool notice_add(struct relay *r, const char *message, size_t size);
/* The thread that delivers notifications. */
void *notices_deliver(void *relay);
/* Makes the kernel look up every name again. */
void notices_forget_names(struct relay *r);
/* Makes the kernel look up a name in a directory again. */
void notices_forget_name(struct relay *r, uint64_t parent, const char *name);
/* Makes the kernel ask again for all that it knows of a node. */
void notices_forget_node(struct relay *r, uint64_t node);
/* Has the guest serve again once all notifications so far were delivered. */
void notices_come_back(struct relay *r);
/* Has a message sent to the guest as soon as it serves. The message is copied, and gets its number only then. */
void notices_owe(struct relay *r, const void *message, size_t size);

/* relay-late.c: answers for which no caller waits any more. changed_by notes what a request may change, before the
 * guest gets it. The result goes into request.changed, which request_done frees; NULL: nothing, or there is no memory.
 * late_answer makes the kernel forget what the request may have changed. */
struct changed *changed_by(const struct fuse_in_header *head, const char *body, size_t size);
void late_answer(struct relay *r, const struct request *request, const char *body, size_t size);

/* relay-request.c: a thread that serves requests of the kernel. */
void *requests_serve(void *relay);
/* Passes the kernel's greeting on to the guest, and the answer back. Must be called before any thread is started. */
errint_t requests_init(struct relay *r, struct mica_error *err);
size_t init_compose(struct relay *r, const struct fuse_init_in *kernel, const struct fuse_init_out *guest,
		    struct fuse_init_out *out);

/* relay-backing.c: the tail of an answer, which names the file of a layer that has a node's data. */
struct backing {
	struct frame_backing is;
	char path[FRAME_MAX_TAIL];
};
/* Reads the tail of an answer. False: it is not well formed. */
bool backing_take(struct relay *r, const char *tail, size_t size, struct backing *backing);
/* Opens that file with O_PATH, if it has this type (S_IFMT). Returns a descriptor, which the caller must close, or
 * -1. */
int backing_find(struct relay *r, const struct backing *backing, mode_t type);
/* Opens the file of an O_PATH descriptor. Returns a descriptor, which the caller must close, or -errno. */
int file_reopen(struct relay *r, int path_fd, int flags);
/* The name of a descriptor in r->proc, for calls that do not take an O_PATH descriptor. */
struct fd_name {
	char text[16];
};
struct fd_name fd_name(int fd);

/* relay-file.c: the files whose data the host serves, by node. */
#define FILE_ELSEWHERE (-100000)
enum open_kind { FH_CACHED = 1, FH_PASSING = 2 };
struct files *files_new(void);
void files_free(struct relay *r);
/* From now on the data of that node, a regular file, are in the file of the backing. If that does not exist, nothing is
 * changed. */
void file_back(struct relay *r, const struct backing *backing);
/* Counts an open file and says how the kernel must treat it. Returns 0 or the errno of the open. */
int file_open(struct relay *r, uint64_t node, uint32_t flags, struct fuse_open_out *out);
/* Whether an open with these flags changes nothing in the guest: then file_open alone answers it. */
bool file_opens_here(struct relay *r, uint64_t node, uint32_t flags);
/* Empties a file for an open with O_TRUNC. Returns 0, FILE_ELSEWHERE, or an errno. */
int file_empty(struct relay *r, uint64_t node, const struct fuse_open_in *in);
/* Counts an open file less; handle is that of fuse_open_out. */
void file_close(struct relay *r, uint64_t node, uint64_t handle);
/* Makes the kernel ask for the attributes again if the file has changed: a mapping may have written to a file that the
 * kernel passes through, which the kernel's FUSE does not see. */
void file_refresh(struct relay *r, uint64_t node);
/* Forgets the file of the node, unless it is in use. */
void file_forget(struct relay *r, uint64_t node);
/* Returns the descriptor for its data, FILE_ELSEWHERE, or -errno. The descriptor is borrowed, and valid until the
 * kernel releases the file. */
int file_fd(struct relay *r, uint64_t node, bool write);

/* Gets the attributes of a file of the upper for the kernel. False: the guest must be asked. */
bool file_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);
/* Returns the O_PATH descriptor of such a file, which is borrowed and stays open until file_unpin. -1: the guest must
 * be asked, and file_unpin must not be called. */
int file_pin(struct relay *r, uint64_t node);
void file_unpin(struct relay *r, uint64_t node);

/* relay-made.c: the directories that were made through the relay: which names they do not have, and their
 * attributes. */
struct made *made_new(void);
void made_free(struct relay *r);
/* Adds a directory; must be called before the kernel knows it. path_fd is its O_PATH descriptor, which is closed here;
 * -1: only its names are known. shown is st_ino for the kernel. */
void made_add(struct relay *r, uint64_t node, uint64_t shown, int path_fd);
void made_forget(struct relay *r, uint64_t node);
/* The size of what comes before the name in the body of a request with a name. */
size_t made_before_name(uint32_t opcode);
/* Called before a request goes to the guest: notes the names that it may make. */
void made_names(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* Answers a LOOKUP for a name that such a directory does not have. False: the guest must be asked. */
bool made_lookup(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size);
/* Gets the attributes of such a directory. False: the guest must be asked. */
bool made_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr);

/* relay-attributes.c: answers a request about the attributes of a file of the upper. False: the guest must be asked.
 * room has FRAME_MAX_WRITE bytes for the answer. */
bool attributes_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);
/* Corrects the attributes of such files in the entries of an answer of the guest. */
void attributes_correct(struct relay *r, uint32_t opcode, char *body, size_t size);

/* relay-data.c: answers a request about data that the host has, as attributes_request does. */
bool data_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room);

/* relay-mount.c: mounts the union at the path at. */
errint_t relay_mount(struct relay *r, const char *at, struct mica_error *err);
/* Detaches the mount at once, even if it is in use. */
void relay_umount(struct relay *r);
/* Sets a larger read-ahead for the mount, if that is allowed. */
void relay_readahead(const struct relay *r);
/* Opens the folder at path as the next layer. The upper, or -1, comes first. */
errint_t relay_layer(struct relay *r, const char *path, bool upper, struct mica_error *err);
/* relay-sandbox.c: gives up the system calls that the relay does not make. A relay of root also gets an empty root and
 * keeps few capabilities. */
errint_t relay_sandbox(struct relay *r, struct mica_error *err);

#endif
