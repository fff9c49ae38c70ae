/* The stream protocol: any bytes from the host's end of a port. The first of them say how they come. */
#include "stream-frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool held)
{
	if (!held)
		abort();
}

/* What is said of bytes does not change with those that come later. */
static void check_prefixes(const uint8_t *bytes, size_t len, const struct frame *whole, int64_t want)
{
	struct frame frame;

	for (size_t part = 0; part < len && part < 24; part++) {
		int64_t got = frame_take(bytes, part, &frame);
		need(got == 0 || got == want);
	}
	need(want <= 0 || (whole->len <= FRAME_MOST && (size_t)want == FRAME_HEAD + whole->len));
}

static size_t take_all(const uint8_t *bytes, size_t len)
{
	struct frame frame = {0};
	size_t at = 0;
	int64_t got;
	uint32_t sum = 0;

	while ((got = frame_take(bytes + at, len - at, &frame)) > 0) {
		check_prefixes(bytes + at, len - at, &frame, got);
		for (uint32_t i = 0; i < frame.len; i++)
			sum += frame.payload[i];
		at += (size_t)got;
	}
	need(got == 0 || got == -EBADMSG);
	return at + (sum & 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 1); /* of the exact size, so that a step past its end is seen */
	bool found = false;
	size_t at;

	need(bytes);
	memcpy(bytes, data, size);
	if (size > FRAME_TOKEN) {
		at = frame_find_hello(bytes + FRAME_TOKEN, size - FRAME_TOKEN, bytes, &found) + FRAME_TOKEN;
		need(at <= size);
		if (found)
			take_all(bytes + at + FRAME_HEAD + FRAME_TOKEN, size - at - FRAME_HEAD - FRAME_TOKEN);
	}
	take_all(bytes, size);
	free(bytes);
	return 0;
}
