/* The stream protocol: any bytes from the host's end of a port. The first of them say how they come. */
#include "stream/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool held)
{
	if (!held)
		abort();
}

/* What is said of bytes does not change with those that come later. */
static void check_prefixes(const uint8_t *bytes, size_t len, const struct stream_frame *whole, int64_t want)
{
	struct stream_frame frame;

	for (size_t part = 0; part < len && part < 24; part++) {
		int64_t got = stream_parse(bytes, part, STREAM_FROM_HOST, &frame);
		need(got == 0 || got == want);
	}
	need(want <= 0 || (whole->size <= STREAM_PAYLOAD && (size_t)want == STREAM_HEADER + whole->size));
}

static size_t take_all(const uint8_t *bytes, size_t len)
{
	struct stream_frame frame = {0};
	size_t at = 0;
	int64_t got;
	uint32_t sum = 0;

	while ((got = stream_parse(bytes + at, len - at, STREAM_FROM_HOST, &frame)) > 0) {
		check_prefixes(bytes + at, len - at, &frame, got);
		for (uint32_t i = 0; i < frame.size; i++)
			sum += frame.payload[i];
		at += (size_t)got;
	}
	need(got == 0 || got == -EPROTO);
	return at + (sum & 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1); /* of the exact size, so that a step past its end is seen */
	bool found = false;
	size_t at;

	need(bytes);
	memcpy(bytes, data, size);
	if (size > STREAM_TOKEN) {
		at = stream_skip(bytes + STREAM_TOKEN, size - STREAM_TOKEN, bytes, &found) + STREAM_TOKEN;
		need(at <= size);
		if (found)
			take_all(bytes + at, size - at);
	}
	take_all(bytes, size);
	free(bytes);
	return 0;
}
