/* relay-files.h - the table of the files whose data the host has. The caller of each function must hold its lock,
 * except for that of files_new and files_free. */
#ifndef MICA_RELAY_FILES_H
#define MICA_RELAY_FILES_H

#include "relay.h"

#define BUCKETS 8192u

struct file {
	uint64_t node, inode;
	uint64_t shown; /* st_ino for the kernel */
	uint32_t layer;
	int path_fd; /* O_PATH, so that it does not prevent executing the file; -1: the host does not have it */
	int fd;	     /* opened once the data is needed; its number stays while the file is open */
	bool writable;
	unsigned cached, passing;   /* how many open files the kernel caches, and how many it passes through */
	unsigned pins;		    /* requests that use path_fd */
	uint32_t backing_id;	    /* the kernel's id while it passes the file through; 0: none */
	struct timespec changed;    /* its ctime when file_refresh looked last */
	struct file *next;	    /* the next file in the bucket */
	struct file *older, *newer; /* among the idle files */
};

struct files {
	pthread_mutex_t lock;
	struct file *buckets[BUCKETS];
	struct file *oldest, *newest;
	unsigned idle; /* the number of idle files */
};

/* NULL: there is none. */
struct file *files_find(struct files *all, uint64_t node);
/* NULL: there is no memory. If there are too many idle files, the oldest are forgotten. */
struct file *files_find_or_make(struct files *all, uint64_t node);

bool file_is_open(const struct file *f);
/* Whether it is open or pinned. A file that is not must be in the list of idle files. */
bool file_in_use(const struct file *f);
void files_idle_add(struct files *all, struct file *f);
void files_idle_remove(struct files *all, struct file *f);
/* Removes the file, closes its descriptors and frees it. It must be idle. */
void files_destroy(struct files *all, struct file *f);
/* Closes *fd, unless it is -1, and sets it to -1. */
void file_close_fd(int *fd);

#endif
