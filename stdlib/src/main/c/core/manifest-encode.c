#include "manifest-encode.h"

#include <sys/sysmacros.h>

static void put(struct encoding *e, const void *bytes, size_t len)
{
	if (e->len + len > e->room) {
		size_t room = (e->len + len) * 2;
		uint8_t *larger = realloc(e->bytes, room);

		if (!larger) {
			e->short_of_memory = true;
			return;
		}
		e->bytes = larger;
		e->room = room;
	}
	if (len)
		memcpy(e->bytes + e->len, bytes, len);
	e->len += len;
}

static void put_number(struct encoding *e, uint64_t number, int width)
{
	uint8_t bytes[8];

	for (int i = 0; i < width; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	put(e, bytes, (size_t)width);
}

static void put_bytes(struct encoding *e, const void *bytes, size_t len)
{
	put_number(e, len, 4);
	put(e, bytes, len);
}

static void begin(struct encoding *e, size_t depth, const char *name, char type)
{
	e->len = 0;
	put_number(e, depth, 4);
	put_bytes(e, name, strlen(name));
	put_number(e, (uint64_t)type, 1);
}

void encode_link(struct encoding *e, size_t depth, const char *name, uint64_t ordinal)
{
	begin(e, depth, name, 'h');
	put_number(e, ordinal, 8);
}

static void put_flags(struct encoding *e, uint8_t flags)
{
	char value[2];
	size_t len = 0;

	if (flags & FLAG_APPEND)
		value[len++] = 'a';
	if (flags & FLAG_IMMUTABLE)
		value[len++] = 'i';
	put_bytes(e, "flags", strlen("flags"));
	put_bytes(e, value, len);
}

static errint_t put_xattrs(struct encoding *e, struct ventry *entry, struct mica_error *err)
{
	cleanup_xattr_view struct xattr_view xattrs = {0};
	errint_t code = ventry_xattrs(entry, &xattrs, err);

	if (code < 0)
		return code;
	put_number(e, xattrs.count + (entry->flags ? 1 : 0), 4);
	if (entry->flags)
		put_flags(e, entry->flags);
	for (size_t i = 0; i < xattrs.count; i++) {
		put_bytes(e, xattrs.list[i].name, strlen(xattrs.list[i].name));
		put_bytes(e, xattrs.list[i].value, xattrs.list[i].len);
	}
	return 0;
}

static errint_t put_target(struct encoding *e, const struct ventry *entry, struct mica_error *err)
{
	cleanup_free char *target = NULL;
	errint_t code = ventry_readlink(entry, &target, err);

	if (code == 0)
		put_bytes(e, target, strlen(target));
	return code;
}

errint_t encode_entry(struct encoding *e, size_t depth, const char *name, struct ventry *entry, struct mica_error *err)
{
	errint_t code;

	begin(e, depth, name, entry->type);
	put_number(e, entry->mode & 07777, 4);
	put_number(e, entry->uid, 4);
	put_number(e, entry->gid, 4);
	put_number(e, (uint64_t)entry->mtime, 8);
	put_number(e, entry->mtime_nsec, 4);
	code = put_xattrs(e, entry, err);
	if (code < 0)
		return code;
	switch (entry->type) {
	case 'l':
		return put_target(e, entry, err);
	case 'f':
		put_number(e, entry->size, 8);
		return 0;
	case 'b':
	case 'c':
		put_number(e, major(entry->rdev), 4);
		put_number(e, minor(entry->rdev), 4);
	}
	return 0;
}
