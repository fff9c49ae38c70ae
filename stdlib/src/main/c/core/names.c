#include "names.h"

#include <sys/syscall.h>

/* On the stack of a worker. It is so large that most directories need one call, and another to see the end. */
#define DENTS_SIZE 32768

struct dirent_raw {
	uint64_t ino;
	int64_t off;
	unsigned short reclen;
	unsigned char type;
	char name[];
};

/* The first eight bytes are compared as one number, which decides nearly every comparison without a cache miss. An
 * entry has twelve bytes, not sixteen: the sort needs the same again, and a directory may have a million names. */
struct sort_key {
	uint32_t high, low;
	uint32_t offset;
};

void names_free(struct names *names)
{
	free(names->bytes);
	free(names->offsets);
	*names = NAMES_EMPTY;
}

static errint_t grow(void **at, size_t *room, size_t needed, size_t unit)
{
	size_t more = *room ? *room : 64;
	void *larger;

	while (more < needed)
		more += more / 2;
	if (more == *room)
		return 0;
	larger = realloc(*at, more * unit);
	if (!larger)
		return -ENOMEM;
	*at = larger;
	*room = more;
	return 0;
}

errint_t names_add(struct names *names, const char *name, size_t len, unsigned char type)
{
	errint_t ret = grow((void **)&names->bytes, &names->room, names->used + len + 2, 1);

	if (!ret)
		ret = grow((void **)&names->offsets, &names->offsets_room, names->count + 1, sizeof(uint32_t));
	if (ret)
		return ret;
	if (names->used + len + 2 > UINT32_MAX)
		return -EOVERFLOW;
	names->offsets[names->count++] = (uint32_t)names->used;
	names->bytes[names->used] = (char)type;
	memcpy(names->bytes + names->used + 1, name, len);
	names->bytes[names->used + 1 + len] = '\0';
	names->used += len + 2;
	return 0;
}

static uint64_t prefix_of(const char *name)
{
	uint64_t prefix = 0;

	for (int shift = 56; shift >= 0 && *name; shift -= 8)
		prefix |= (uint64_t)(unsigned char)*name++ << shift;
	return prefix;
}

static int compare_keys(const void *a, const void *b, void *bytes)
{
	const struct sort_key *ka = a, *kb = b;

	if (ka->high != kb->high)
		return ka->high < kb->high ? -1 : 1;
	if (ka->low != kb->low)
		return ka->low < kb->low ? -1 : 1;
	int order = strcmp((char *)bytes + ka->offset + 1, (char *)bytes + kb->offset + 1);

	return order ? order : ka->offset < kb->offset ? -1 : 1;
}

static bool is_sorted(const struct names *names)
{
	for (size_t i = 1; i < names->count; i++)
		if (strcmp(names_get(names, i - 1), names_get(names, i)) > 0)
			return false;
	return true;
}

static errint_t sort(struct names *names)
{
	cleanup_free struct sort_key *keys = NULL;

	if (is_sorted(names))
		return 0;
	keys = malloc(names->count * sizeof(*keys));
	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < names->count; i++) {
		uint64_t prefix = prefix_of(names_get(names, i));

		keys[i] = (struct sort_key){(uint32_t)(prefix >> 32), (uint32_t)prefix, names->offsets[i]};
	}
	qsort_r(keys, names->count, sizeof(*keys), compare_keys, names->bytes);
	for (size_t i = 0; i < names->count; i++)
		names->offsets[i] = keys[i].offset;
	return 0;
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static errint_t add_dents(struct names *names, const char *buf, size_t len)
{
	for (size_t at = 0; at < len;) {
		const struct dirent_raw *dent = (const void *)(buf + at);
		errint_t ret = is_dots(dent->name) ? 0 : names_add(names, dent->name, strlen(dent->name), dent->type);

		if (ret)
			return ret;
		at += dent->reclen;
	}
	return 0;
}

/* Of several entries with one name, the one added first stays, which is that of the topmost layer. */
static void drop_twins(struct names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->count; i++)
		if (!kept || strcmp(names_get(names, kept - 1), names_get(names, i)))
			names->offsets[kept++] = names->offsets[i];
	names->count = kept;
}

errint_t names_append(int dirfd, struct names *names)
{
	_Alignas(struct dirent_raw) char buf[DENTS_SIZE];

	for (;;) {
		long got = syscall(SYS_getdents64, dirfd, buf, sizeof(buf));
		errint_t ret = got < 0 ? -errno : add_dents(names, buf, (size_t)got);

		if (got == 0 || ret == -ENOENT) /* -ENOENT: it was removed while open, so it is empty now */
			return 0;
		if (ret)
			return ret;
	}
}

errint_t names_finish(struct names *names)
{
	errint_t ret = sort(names);

	if (!ret)
		drop_twins(names);
	return ret;
}

errint_t names_read(int dirfd, struct names *names)
{
	errint_t ret;

	names->count = names->used = 0;
	if (lseek(dirfd, 0, SEEK_SET) < 0)
		return -errno;
	ret = names_append(dirfd, names);
	return ret ? ret : names_finish(names);
}
