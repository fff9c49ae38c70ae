/*
 * same-bytes.c - whether two files of one size have the same bytes. It reads as little as possible: only
 * up to the first difference, no range that is a hole in both, and no extents that both share.
 */
#include "same-bytes.h"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#define CHUNK ((size_t)128 << 10)
/* For smaller files, asking for the extents costs more than reading the bytes. */
#define EXTENTS_PAY ((uint64_t)1 << 20)
#define EXTENTS 32
/* Extents with these flags can differ in their bytes although they are at the same place. */
#define EXTENT_UNSURE                                                                                                  \
	(FIEMAP_EXTENT_UNKNOWN | FIEMAP_EXTENT_DELALLOC | FIEMAP_EXTENT_ENCODED | FIEMAP_EXTENT_DATA_ENCRYPTED |       \
	 FIEMAP_EXTENT_NOT_ALIGNED | FIEMAP_EXTENT_DATA_INLINE | FIEMAP_EXTENT_DATA_TAIL | FIEMAP_EXTENT_UNWRITTEN)

struct extents {
	struct fiemap map;
	struct fiemap_extent list[EXTENTS];
};

struct side {
	int fd;
	int opened; /* equal to fd, unless fd is the entry's */
	const struct ventry *entry;
	char *buf;
	size_t got;
	struct extents *extents; /* NULL: not asked for, or the file system does not know */
	uint32_t map_flags;
};

static void cleanup_side_p(struct side *side)
{
	if (side->opened >= 0)
		close(side->opened);
	free(side->extents);
}
#define cleanup_side __attribute__((cleanup(cleanup_side_p)))

static errint_t fail(const struct side *side, errint_t code, const char *step, struct mica_error *err)
{
	const struct ventry *entry = side->entry;

	return entry->data_dir ? layer_dir_fail(err, code, step, entry->data_dir, entry->data_name, NULL)
			       : layer_dir_fail(err, code, step, entry->layer_dir, entry->name, NULL);
}

/* Reads less than asked for only at the end of the file. */
static errint_t fill(struct side *side, uint64_t pos, size_t len, struct mica_error *err)
{
	for (side->got = 0; side->got < len;) {
		ssize_t got = pread(side->fd, side->buf + side->got, len - side->got, (off_t)(pos + side->got));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return fail(side, -errno, "read", err);
		if (got == 0)
			break;
		side->got += (size_t)got;
	}
	return 0;
}

static bool map_from(struct side *side, uint64_t pos)
{
	struct fiemap *map = &side->extents->map;

	*map = (struct fiemap){.fm_start = pos,
			       .fm_length = FIEMAP_MAX_OFFSET - pos,
			       .fm_flags = side->map_flags,
			       .fm_extent_count = EXTENTS};
	if (ioctl(side->fd, FS_IOC_FIEMAP, map) == 0)
		return true;
	free(side->extents);
	side->extents = NULL;
	return false;
}

/* The known extent at pos; NULL if there is none. */
static const struct fiemap_extent *extent_at(struct side *side, uint64_t pos)
{
	for (int tries = 0; side->extents && tries < 2; tries++) {
		const struct fiemap *map = &side->extents->map;
		const struct fiemap_extent *list = side->extents->list;

		for (uint32_t i = 0; i < map->fm_mapped_extents; i++)
			if (pos >= list[i].fe_logical && pos - list[i].fe_logical < list[i].fe_length)
				return list[i].fe_flags & EXTENT_UNSURE ? NULL : &list[i];
		if (map->fm_mapped_extents && pos < list[map->fm_mapped_extents - 1].fe_logical)
			return NULL; /* in a hole between the mapped extents */
		if (tries || !map_from(side, pos))
			return NULL;
	}
	return NULL;
}

/* The number of bytes from pos that both sides have in the same blocks, as far as is known. */
static uint64_t told_shared_at(struct side *a, struct side *b, uint64_t pos)
{
	const struct fiemap_extent *ea = extent_at(a, pos), *eb = ea ? extent_at(b, pos) : NULL;
	uint64_t left_a, left_b;

	if (!eb || ea->fe_physical + (pos - ea->fe_logical) != eb->fe_physical + (pos - eb->fe_logical))
		return 0;
	left_a = ea->fe_length - (pos - ea->fe_logical);
	left_b = eb->fe_length - (pos - eb->fe_logical);
	return left_a < left_b ? left_a : left_b;
}

/*
 * For bytes that were just written, the file system may report a shared extent until they are flushed.
 * So the first answer that would save reading is asked for again after a flush. If nothing is shared,
 * nothing is flushed.
 */
static uint64_t shared_at(struct side *a, struct side *b, uint64_t pos)
{
	uint64_t shared = told_shared_at(a, b, pos);

	if (!shared || a->map_flags)
		return shared;
	a->map_flags = b->map_flags = FIEMAP_FLAG_SYNC;
	return map_from(a, pos) && map_from(b, pos) ? told_shared_at(a, b, pos) : 0;
}

static uint64_t next_data(const struct side *side, uint64_t pos, uint64_t size)
{
	off_t data = lseek(side->fd, (off_t)pos, SEEK_DATA);

	return data >= 0 ? (uint64_t)data : errno == ENXIO ? size : pos;
}

/* The number of bytes from pos that are a hole on both sides. */
static uint64_t hole_at(const struct side *a, const struct side *b, uint64_t pos, uint64_t size)
{
	uint64_t data_a = next_data(a, pos, size), data_b = data_a > pos ? next_data(b, pos, size) : pos;
	uint64_t data = data_a < data_b ? data_a : data_b;

	return (data < size ? data : size) - pos;
}

static bool is_sparse(const struct ventry *entry)
{
	return (entry->data_dir ? entry->data_blocks : entry->blocks) * 512 < entry->size;
}

static errint_t open_side(struct side *side, const struct ventry *entry, bool extents, struct mica_error *err)
{
	errint_t ret = entry->fd < 0 ? ventry_open(entry, &side->opened, err) : 0;

	side->entry = entry;
	side->fd = entry->fd < 0 ? side->opened : entry->fd;
	if (!ret && extents)
		side->extents = calloc(1, sizeof(*side->extents)); /* without extents it only reads more */
	return ret;
}

static errint_t compare_chunk(struct side *a, struct side *b, uint64_t pos, size_t len, bool *equal,
			      struct mica_error *err)
{
	errint_t ret = fill(a, pos, len, err);

	if (!ret)
		ret = fill(b, pos, len, err);
	*equal = !ret && a->got == b->got && !memcmp(a->buf, b->buf, a->got);
	return ret;
}

static errint_t compare_sides(const struct same *same, struct side *a, struct side *b, uint64_t size, bool *equal,
			      struct mica_error *err)
{
	bool sparse = is_sparse(a->entry) && is_sparse(b->entry);
	errint_t ret = 0;

	*equal = true;
	for (uint64_t pos = 0; !ret && *equal && pos < size;) {
		uint64_t skip = a->extents && b->extents ? shared_at(a, b, pos) : 0;
		size_t len = size - pos < CHUNK ? (size_t)(size - pos) : CHUNK;

		if (same_stopped(same))
			return fail(b, -ECANCELED, "compare", err);
		if (!skip && sparse)
			skip = hole_at(a, b, pos, size);
		if (!skip) {
			ret = compare_chunk(a, b, pos, len, equal, err);
			job_add(same->job, 0, len);
		}
		pos += skip ? skip : len;
	}
	return ret;
}

void same_buffers_free(struct same_buffers *buffers)
{
	free(buffers->a);
	free(buffers->b);
	*buffers = (struct same_buffers){0};
}

static errint_t make_buffers(struct same_buffers *buffers)
{
	if (!buffers->a)
		buffers->a = malloc(CHUNK);
	if (!buffers->b)
		buffers->b = malloc(CHUNK);
	return buffers->a && buffers->b ? 0 : -ENOMEM;
}

errint_t same_bytes(const struct same *same, const struct ventry *a, const struct ventry *b, bool *equal,
		    struct mica_error *err)
{
	struct side sa cleanup_side = {.opened = -1}, sb cleanup_side = {.opened = -1};
	bool extents = a->size >= EXTENTS_PAY && a->dev == b->dev;
	errint_t ret = make_buffers(same->buffers);

	if (ret)
		return layer_dir_fail(err, ret, "compare", a->layer_dir, a->name, NULL);
	ret = open_side(&sa, a, extents, err);
	if (!ret)
		ret = open_side(&sb, b, extents, err);
	if (ret)
		return ret;
	sa.buf = same->buffers->a;
	sb.buf = same->buffers->b;
	return compare_sides(same, &sa, &sb, a->size, equal, err);
}
