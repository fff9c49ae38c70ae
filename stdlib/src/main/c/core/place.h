/*
 * place.h - directories of layers, open or parked. Private to core/.
 *
 * A place is one real directory in one layer: its parent and its name there. It is opened when somebody
 * pins it and may be closed again when nobody does, so that a tree of any depth needs few descriptors;
 * a parked place is opened again from its nearest open ancestor. Safe from any thread.
 */
#ifndef MICA_PLACE_H
#define MICA_PLACE_H

#include "base.h"

#include <pthread.h>

struct place {
	struct place *parent;	     /* NULL: the folder of a layer, which stays open */
	struct place *newer, *older; /* among the open ones that nobody pins */
	uint64_t ino;		     /* as seen when it was found; 0: not known */
	uint64_t dev;		     /* of a root */
	uint32_t refs;
	uint32_t pins;
	int fd;
	bool was_open;
	bool listed; /* since it was opened */
	char name[]; /* one component */
};

struct places {
	pthread_mutex_t lock;
	struct place *newest, *oldest;
	size_t open, cap; /* descriptors kept for places that nobody pins */
	bool atime;	  /* O_NOATIME was refused */
	bool xattrs;	  /* something had an extended attribute */
};
errint_t places_init(struct places *places);
void places_free(struct places *places);

/* Opens the folder at path; symbolic links in path are followed, this once. */
errint_t place_root(const char *path, struct place **out);
/* A directory below parent, not opened. */
errint_t place_child(struct place *parent, const char *name, size_t len, uint64_t ino, struct place **out);
/* Parks fd, by which a new child was opened to look at it. */
void place_adopt(struct places *places, struct place *place, int fd);
/* Whether what is parked now stays open for a while. */
bool places_have_room(const struct places *places);
struct place *place_ref(struct place *place);
void place_unref(struct places *places, struct place *place);

/* Opens it if need be (O_RDONLY, never following) and keeps it open until unpinned. -ESTALE: it was moved away. */
errint_t place_pin(struct places *places, struct place *place, int *fd);
void place_unpin(struct places *places, struct place *place);
/* The same for one that is not expected to be pinned again. */
void place_leave(struct places *places, struct place *place);

/* Sets the descriptor of a pinned place to the beginning, unless it has not been read from. */
errint_t place_rewind(struct place *place);

/* Closes a parked descriptor: after EMFILE. False if there is none. */
bool places_make_room(struct places *places);

/* openat that makes room on EMFILE, and does without O_NOATIME where that is refused. */
errint_t place_openat(struct places *places, int dirfd, const char *name, int flags, int *fd);

/* mica_fail for name in place, by its path from the layer's folder. note may be NULL. */
errint_t place_fail(struct mica_error *err, errint_t code, const char *step, const struct place *place,
		    const char *name, const char *note);

#endif
