/*
 * layer-dir.h - the directories of layers, each opened when it is needed. Private to core/.
 *
 * A layer_dir is one real directory in one layer, known by its parent and its name there. It is opened when it is
 * pinned. When it is unpinned it is parked: it stays open for a while, and may be closed to make room for others. So a
 * tree of any depth needs few descriptors. A directory that was closed is opened again from its nearest open ancestor.
 * All functions may be called from any thread.
 */
#ifndef MICA_LAYER_DIR_H
#define MICA_LAYER_DIR_H

#include "base.h"

#include <pthread.h>

struct layer_dir {
	struct layer_dir *parent;	 /* NULL: this is the root of a layer, which stays open */
	struct layer_dir *newer, *older; /* among the parked ones */
	uint64_t ino;			 /* the inode number when it was found; 0: not known */
	uint64_t dev;			 /* only for a root */
	uint32_t refs;
	uint32_t pins;
	int fd;
	bool was_open;
	bool listed; /* names were read from it since it was opened */
	char name[]; /* its name in parent */
};

struct layer_dirs {
	pthread_mutex_t lock;
	struct layer_dir *newest, *oldest;
	size_t open, cap; /* how many are parked, and how many may be */
	bool atime;	  /* O_NOATIME was refused */
	bool xattrs;	  /* an entry had an extended attribute */
};
errint_t layer_dirs_init(struct layer_dirs *dirs);
void layer_dirs_free(struct layer_dirs *dirs);

/* Opens the folder at path; only here symbolic links are followed. The caller must call layer_dir_unref. */
errint_t layer_dir_root(const char *path, struct layer_dir **out);
/* Makes the layer_dir of a directory in parent, without opening it. The caller must call layer_dir_unref. */
errint_t layer_dir_child(struct layer_dir *parent, const char *name, size_t len, uint64_t ino, struct layer_dir **out);
/* Gives a new child its descriptor, which belongs to it from now on, and parks it. */
void layer_dir_adopt(struct layer_dirs *dirs, struct layer_dir *dir, int fd);
/* Whether a directory that is parked now will stay open for a while. */
bool layer_dirs_have_room(const struct layer_dirs *dirs);
struct layer_dir *layer_dir_ref(struct layer_dir *dir);
void layer_dir_unref(struct layer_dirs *dirs, struct layer_dir *dir);

/* Opens the directory if need be (O_RDONLY, following no link) and keeps it open until it is unpinned. *fd is borrowed.
 * -ESTALE: it was moved away. */
errint_t layer_dir_pin(struct layer_dirs *dirs, struct layer_dir *dir, int *fd);
void layer_dir_unpin(struct layer_dirs *dirs, struct layer_dir *dir);
/* Unpins a directory that is not expected to be pinned again: it is closed, and not parked. */
void layer_dir_leave(struct layer_dirs *dirs, struct layer_dir *dir);

/* Sets the descriptor of a pinned directory to the beginning, unless nothing has been read from it. */
errint_t layer_dir_rewind(struct layer_dir *dir);

/* Closes a parked directory. It is called after EMFILE. False: none is parked. */
bool layer_dirs_make_room(struct layer_dirs *dirs);

/* Calls openat, following no link. It makes room after EMFILE, and leaves O_NOATIME out if that is refused. */
errint_t layer_dir_openat(struct layer_dirs *dirs, int dirfd, const char *name, int flags, int *fd);

/* Calls mica_fail_note for name in dir, with its path from the layer's folder. note may be NULL. */
errint_t layer_dir_fail(struct mica_error *err, errint_t code, const char *step, const struct layer_dir *dir,
			const char *name, const char *note);

#endif
