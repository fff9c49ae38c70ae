/*
 * layer-dir.h - the directories of layers, each opened when it is needed. Private to core/.
 *
 * A layer_dir is one real directory in one layer, known by its parent and its name there. It is opened when
 * somebody pins it. When nobody pins it any more it is parked: it stays open for a while, and may be closed to
 * make room for others. So a tree of any depth needs few descriptors. A directory that was closed is opened
 * again from its nearest open ancestor. All functions may be called from any thread.
 */
#ifndef MICA_LAYER_DIR_H
#define MICA_LAYER_DIR_H

#include "base.h"

#include <pthread.h>

struct layer_dir {
	struct layer_dir *parent;	 /* NULL: this is the root of a layer, which stays open */
	struct layer_dir *newer, *older; /* among the parked ones */
	uint64_t ino;			 /* as seen when it was found; 0: not known */
	uint64_t dev;			 /* of a root */
	uint32_t refs;
	uint32_t pins;
	int fd;
	bool was_open;
	bool listed; /* since it was opened */
	char name[]; /* one component */
};

struct layer_dirs {
	pthread_mutex_t lock;
	struct layer_dir *newest, *oldest;
	size_t open, cap; /* how many are parked, and how many may be */
	bool atime;	  /* O_NOATIME was refused */
	bool xattrs;	  /* something had an extended attribute */
};
errint_t layer_dirs_init(struct layer_dirs *dirs);
void layer_dirs_free(struct layer_dirs *dirs);

/* Opens the folder at path; symbolic links in path are followed, this once. */
errint_t layer_dir_root(const char *path, struct layer_dir **out);
/* A directory below parent, not opened. */
errint_t layer_dir_child(struct layer_dir *parent, const char *name, size_t len, uint64_t ino, struct layer_dir **out);
/* Gives a new child the descriptor by which it was opened to look at it, and parks it. */
void layer_dir_adopt(struct layer_dirs *dirs, struct layer_dir *dir, int fd);
/* Whether a directory that is parked now will stay open for a while. */
bool layer_dirs_have_room(const struct layer_dirs *dirs);
struct layer_dir *layer_dir_ref(struct layer_dir *dir);
void layer_dir_unref(struct layer_dirs *dirs, struct layer_dir *dir);

/* Opens it if need be (O_RDONLY, never following) and keeps it open until unpinned. -ESTALE: it was moved away. */
errint_t layer_dir_pin(struct layer_dirs *dirs, struct layer_dir *dir, int *fd);
void layer_dir_unpin(struct layer_dirs *dirs, struct layer_dir *dir);
/* The same for a directory that is not expected to be pinned again: it is closed, not parked. */
void layer_dir_leave(struct layer_dirs *dirs, struct layer_dir *dir);

/* Sets the descriptor of a pinned directory to the beginning, unless nothing has been read from it. */
errint_t layer_dir_rewind(struct layer_dir *dir);

/* Closes a parked directory, to be called after EMFILE. False if there is none. */
bool layer_dirs_make_room(struct layer_dirs *dirs);

/* openat that makes room on EMFILE, and does without O_NOATIME where that is refused. */
errint_t layer_dir_openat(struct layer_dirs *dirs, int dirfd, const char *name, int flags, int *fd);

/* mica_fail for name in dir, by its path from the layer's folder. note may be NULL. */
errint_t layer_dir_fail(struct mica_error *err, errint_t code, const char *step, const struct layer_dir *dir,
			const char *name, const char *note);

#endif
