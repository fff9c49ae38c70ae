#include "monitor/ring.h"

void ring_put(struct ring *ring, const void *bytes, size_t size)
{
	size_t at = ring->head % RING, first = size < RING - at ? size : RING - at;

	memcpy(ring->bytes + at, bytes, first);
	memcpy(ring->bytes, (const uint8_t *)bytes + first, size - first);
	ring->head += size;
}

void ring_put_frame(struct ring *ring, const struct stream_frame *frame)
{
	uint8_t header[STREAM_HEADER];

	stream_header(header, frame->type, frame->size);
	ring_put(ring, header, sizeof(header));
	ring_put(ring, frame->payload, frame->size);
}

int ring_at(const struct ring *ring, uint64_t at, size_t size, struct iovec pieces[2])
{
	size_t begin = at % RING, first = size < RING - begin ? size : RING - begin;

	pieces[0] = (struct iovec){(void *)(ring->bytes + begin), first};
	pieces[1] = (struct iovec){(void *)ring->bytes, size - first};
	return first < size ? 2 : 1;
}

size_t ring_frame(const struct ring *ring, uint64_t at)
{
	uint8_t header[STREAM_HEADER];

	for (size_t i = 0; i < sizeof(header); i++)
		header[i] = ring->bytes[(at + i) % RING];
	return STREAM_HEADER + stream_read_number(header + 4);
}
