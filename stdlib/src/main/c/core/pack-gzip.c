/* pack-gzip.c - gzip in pieces. */
#include "pack.h"

#include <zlib.h>

enum { LEVEL = 6, RAW = -15, MEMORY = 8 };

static errint_t reserve(struct flow_block *block, size_t room)
{
	uint8_t *larger;

	if (room <= block->packed_room)
		return 0;
	larger = realloc(block->packed, room);
	if (!larger)
		return -ENOMEM;
	block->packed = larger;
	block->packed_room = room;
	return 0;
}

errint_t gzip_pack(struct flow_block *block)
{
	z_stream z = {0};
	errint_t code = 0;
	int done;

	if (deflateInit2(&z, LEVEL, Z_DEFLATED, RAW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	/* deflateBound knows of one end; a flush takes some bytes more. */
	code = reserve(block, deflateBound(&z, block->len) + 64);
	if (code == 0 && block->before_len)
		deflateSetDictionary(&z, block->before, (uInt)block->before_len);
	if (code == 0) {
		z.next_in = block->bytes;
		z.avail_in = (uInt)block->len;
		z.next_out = block->packed;
		z.avail_out = (uInt)block->packed_room;
		done = deflate(&z, block->last ? Z_FINISH : Z_SYNC_FLUSH);
		code = done == (block->last ? Z_STREAM_END : Z_OK) && !z.avail_in && z.avail_out ? 0 : -EIO;
		block->packed_len = block->packed_room - z.avail_out;
		block->check = (uint32_t)crc32(0, block->bytes, (uInt)block->len);
	}
	deflateEnd(&z);
	return code;
}

void gzip_header(uint8_t header[GZIP_HEADER])
{
	/* Deflate, no name, no time, of an unknown system: that would differ where nothing does. */
	static const uint8_t fixed[GZIP_HEADER] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff};

	memcpy(header, fixed, GZIP_HEADER);
}

uint32_t gzip_sum(uint32_t sum, const struct flow_block *block)
{
	return (uint32_t)crc32_combine(sum, block->check, (z_off_t)block->len);
}

void gzip_trailer(uint8_t trailer[GZIP_TRAILER], uint32_t sum, uint64_t bytes)
{
	for (int i = 0; i < 4; i++) {
		trailer[i] = (uint8_t)(sum >> (8 * i));
		trailer[4 + i] = (uint8_t)(bytes >> (8 * i));
	}
}
