/*
 * names.h - the names in one directory, packed and sorted by their bytes. Private to core/.
 */
#ifndef MICA_NAMES_H
#define MICA_NAMES_H

#include "base.h"

/*
 * A million names cost their own bytes plus six each: 4 for the place, 1 for the type, 1 for the NUL.
 * Names are unique. offsets[i] is where name i's type byte lies; the name follows it.
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

/* DT_REG, DT_DIR, ..., or DT_UNKNOWN where the file system does not tell. */
static inline unsigned char names_type(const struct names *names, size_t i)
{
	return (unsigned char)names->bytes[names->offsets[i]];
}

/* Reads the whole directory (from its start, whatever was read before) without "." and "..", sorted. */
errint_t names_read(int dirfd, struct names *names);

/*
 * The same in steps, for what is merged from several directories: append each (from where its descriptor
 * stands), topmost first, then finish once, which sorts and keeps the first of several that have one name.
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
