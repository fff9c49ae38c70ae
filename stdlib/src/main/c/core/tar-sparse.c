#include "tar-sparse.h"

static errint_t add_pieces(struct tar_map *map, const struct tar_piece *pieces, size_t count)
{
	for (size_t i = 0; i < count && pieces[i].len[0]; i++) {
		int64_t offset, len;
		errint_t code = tar_get_number(pieces[i].offset, sizeof(pieces[i].offset), &offset);

		if (code == 0)
			code = tar_get_number(pieces[i].len, sizeof(pieces[i].len), &len);
		if (code == 0 && (offset < 0 || len < 0))
			code = -EBADMSG;
		if (code == 0)
			code = tar_map_add(map, (uint64_t)offset, (uint64_t)len);
		if (code < 0)
			return code;
	}
	return 0;
}

errint_t tar_sparse_old(struct tar_in *in, const struct tar_header *header, struct tar_map *map, uint64_t *size,
			const char **why)
{
	const struct tar_gnu_sparse *sparse = (const void *)header;
	struct tar_gnu_pieces more = {.more = sparse->more};
	int64_t real;
	errint_t code = tar_get_number(sparse->size, sizeof(sparse->size), &real);

	*why = "its map of a sparse file is damaged";
	if (code < 0 || real < 0)
		return -EBADMSG;
	*size = (uint64_t)real;
	code = add_pieces(map, sparse->pieces, 4);
	while (code == 0 && more.more) {
		code = tar_in_read(in, &more, sizeof(more));
		if (code == 0)
			code = add_pieces(map, more.pieces, 21);
	}
	return code;
}

/* A number and a line's end; *left is what of the content has not been read. */
static errint_t read_number(struct tar_in *in, uint64_t *left, uint64_t *number)
{
	char text[24];
	size_t len = 0;

	for (;; len++) {
		errint_t code = len == sizeof(text) || !*left ? -EBADMSG : tar_in_read(in, text + len, 1);

		if (code < 0)
			return code;
		*left -= 1;
		if (text[len] == '\n')
			break;
	}
	text[len] = '\0';
	return tar_parse_decimal(text, number);
}

errint_t tar_sparse_new(struct tar_in *in, struct tar_map *map, uint64_t *stored, const char **why)
{
	uint64_t left = *stored, count, offset, len, padding;
	errint_t code = read_number(in, &left, &count);

	*why = "its map of a sparse file is damaged";
	for (uint64_t i = 0; code == 0 && i < count; i++) {
		code = read_number(in, &left, &offset);
		if (code == 0)
			code = read_number(in, &left, &len);
		if (code == 0)
			code = tar_map_add(map, offset, len);
	}
	padding = tar_padding(*stored - left);
	if (code == 0 && padding > left)
		code = -EBADMSG;
	if (code == 0)
		code = tar_in_skip(in, padding);
	*stored = left - (code == 0 ? padding : 0);
	return code;
}

errint_t tar_sparse_check(const struct tar_map *map, uint64_t size, uint64_t stored, const char **why)
{
	uint64_t end = 0;

	*why = "its map of a sparse file does not fit its size";
	for (size_t i = 0; i < map->count; i++) {
		const struct tar_map_piece *piece = &map->pieces[i];

		if (piece->offset < end || piece->offset > size || piece->len > size - piece->offset ||
		    piece->len > stored)
			return -EBADMSG;
		end = piece->offset + piece->len;
		stored -= piece->len;
	}
	return stored ? -EBADMSG : 0;
}
