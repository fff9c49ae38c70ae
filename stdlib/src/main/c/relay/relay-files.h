/* relay-files.h - the table of the files whose data lie here. Whoever uses it holds its lock. */
#ifndef MICA_RELAY_FILES_H
#define MICA_RELAY_FILES_H

#include "relay.h"

#define BUCKETS 8192u

struct file {
	uint64_t node, inode;
	uint64_t shown; /* st_ino for the kernel */
	uint32_t layer;
	int path_fd; /* O_PATH: keeps the file, and does not prevent executing it; -1: not here */
	int fd;	     /* opened once the data is needed; its number stays while the file is open */
	bool writable;
	unsigned cached, passing;   /* open files of each kind */
	unsigned pins;		    /* requests that use path_fd */
	uint32_t backing_id;	    /* the kernel's id, while passing */
	struct timespec changed;    /* its ctime at the last look */
	struct file *next;	    /* in the bucket */
	struct file *older, *newer; /* list of the idle */
};

struct files {
	pthread_mutex_t lock;
	struct file *buckets[BUCKETS];
	struct file *oldest, *newest;
	unsigned idle;
};

struct file *files_find(struct files *all, uint64_t node);
/* NULL: no memory. The oldest of many idle files are forgotten. */
struct file *files_find_or_make(struct files *all, uint64_t node);

bool file_is_open(const struct file *f);
/* A file that is not in use is in the list of idle files. */
bool file_in_use(const struct file *f);
void files_idle_add(struct files *all, struct file *f);
void files_idle_remove(struct files *all, struct file *f);
/* It must be idle. */
void files_destroy(struct files *all, struct file *f);
void file_close_fd(int *fd);

#endif
