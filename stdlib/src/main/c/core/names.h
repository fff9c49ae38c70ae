/*
 * names.h - the names in one directory, packed and sorted by their bytes. Private to core/.
 */
#ifndef MICA_NAMES_H
#define MICA_NAMES_H

#include "base.h"

/*
 * Each name takes six bytes more than its own: 4 for the offset, 1 for the type and 1 for the NUL. Names are unique.
 * offsets[i] is where the type of name i lies in bytes; the name follows it.
 */
struct names {
	char *bytes;
	size_t used, room;
	uint32_t *offsets;
	size_t count, offsets_room;
};
#define NAMES_EMPTY ((struct names){0})

static inline const char *names_get(const struct names *names, size_t i)
{
	return names->bytes + names->offsets[i] + 1;
}

/* DT_REG, DT_DIR, ..., or DT_UNKNOWN if the file system does not give the type with the name. */
static inline unsigned char names_type(const struct names *names, size_t i)
{
	return (unsigned char)names->bytes[names->offsets[i]];
}

/* Reads all names of the directory, except "." and "..", sorted. It reads from the beginning, whatever was read
 * before. */
errint_t names_read(int dirfd, struct names *names);

/*
 * These do the same in steps, to merge several directories. names_append adds the names of each directory, topmost
 * first, from the current offset of its descriptor. names_finish is called once; it sorts, and of several equal names
 * it keeps the first.
 */
errint_t names_append(int dirfd, struct names *names);
errint_t names_add(struct names *names, const char *name, size_t len, unsigned char type);
errint_t names_finish(struct names *names);

void names_free(struct names *names);
static inline void cleanup_names_p(struct names *names)
{
	names_free(names);
}
#define cleanup_names __attribute__((cleanup(cleanup_names_p)))

#endif
