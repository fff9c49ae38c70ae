#include "tar-holes.h"

#include <stdio.h>

#include "tar-format.h"

/* A reader takes no map of more pieces: the last one of a file with more has all that is left, holes as zeros. */
enum { MOST_PIECES = 1 << 16 };

/* The next piece from at on; false: there is none, or (*code) it cannot be told. */
static bool next_piece(int fd, uint64_t at, uint64_t size, struct tar_map_piece *piece, errint_t *code)
{
	off_t begin = lseek(fd, (off_t)at, SEEK_DATA), end;

	if (begin < 0 && errno == ENXIO)
		return false;
	end = begin < 0 ? -1 : lseek(fd, begin, SEEK_HOLE);
	if (end < 0) {
		*code = -errno;
		return false;
	}
	if ((uint64_t)begin >= size)
		return false;
	*piece = (struct tar_map_piece){(uint64_t)begin,
					((uint64_t)end < size ? (uint64_t)end : size) - (uint64_t)begin};
	return true;
}

errint_t tar_holes_find(int fd, uint64_t size, const char *path, struct tar_map *map, bool *sparse,
			struct mica_error *err)
{
	struct tar_map_piece piece;
	uint64_t at = 0;
	errint_t code = 0;

	while (code == 0 && at < size && next_piece(fd, at, size, &piece, &code)) {
		if (map->count == MOST_PIECES - 1)
			piece.len = size - piece.offset;
		code = tar_map_add(map, piece.offset, piece.len);
		at = piece.offset + piece.len;
	}
	*sparse = size && !(map->count == 1 && !map->pieces[0].offset && map->pieces[0].len == size);
	return code < 0 ? mica_fail(err, code, "find the holes of", path) : 0;
}

static errint_t put(struct tar_bytes *text, uint64_t number)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu\n", (unsigned long long)number);
	void *at = tar_bytes_extend(text, (size_t)len);

	if (!at)
		return -ENOMEM;
	memcpy(at, digits, (size_t)len);
	return 0;
}

errint_t tar_holes_text(const struct tar_map *map, struct tar_bytes *text, uint64_t *bytes)
{
	errint_t code = put(text, map->count);
	size_t padding;
	void *at;

	*bytes = 0;
	for (size_t i = 0; code == 0 && i < map->count; i++) {
		code = put(text, map->pieces[i].offset);
		if (code == 0)
			code = put(text, map->pieces[i].len);
		*bytes += map->pieces[i].len;
	}
	padding = tar_padding(text->len);
	at = code == 0 ? tar_bytes_extend(text, padding) : NULL;
	if (!at)
		return -ENOMEM;
	memset(at, 0, padding);
	return 0;
}
