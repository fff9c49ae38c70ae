/* The stream protocol's frames, as bytes: docs/stream-protocol.md. */
#include "tap.h"

#include "stream-frame.h"

static const struct {
	const char *name, *bytes;
	size_t len;
	int64_t want;
} frames[] = {
	{"nothing", "", 0, 0},
	{"half a head", "I\0\0\0\0\0\0", 7, 0},
	{"an empty payload", "I\0\0\0\0\0\0\0", 8, 8},
	{"half a payload", "I\0\0\0\0\0\0\3ab", 10, 0},
	{"a payload", "I\0\0\0\0\0\0\3abcI", 12, 11},
	{"the longest payload, not there yet", "I\0\0\0\0\1\0\0", 8, 0},
	{"one byte more", "I\0\0\0\0\1\0\1", 8, -EBADMSG},
	{"a length of four gigabytes", "I\0\0\0\xff\xff\xff\xff", 8, -EBADMSG},
	{"a byte that is not zero", "I\0\1\0\0\0\0\0", 8, -EBADMSG},
	{"an end", "C\0\0\0\0\0\0\0", 8, 8},
	{"an end with a payload", "C\0\0\0\0\0\0\1", 8, -EBADMSG},
	{"a size", "Z\0\0\0\0\0\0\4\0\1\0\2", 12, 12},
	{"a size that is too short", "Z\0\0\0\0\0\0\3", 8, -EBADMSG},
	{"a signal", "K\0\0\0\0\0\0\4\0\0\0\11", 12, 12},
	{"a signal that is too long", "K\0\0\0\0\0\0\5", 8, -EBADMSG},
	{"a second hello", "H\0\0\0\0\0\0\x10", 8, -EBADMSG},
	{"what a guest says", "O\0\0\0\0\0\0\1x", 9, -EBADMSG},
	{"a type there is not", "i\0\0\0\0\0\0\0", 8, -EBADMSG},
};

static void try_frames(void)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		/* Of the exact size, so that a step past its end is seen. */
		uint8_t *bytes = malloc(frames[i].len + 1);
		struct frame frame;

		memcpy(bytes, frames[i].bytes, frames[i].len);
		ok(frame_take(bytes, frames[i].len, &frame) == frames[i].want, "frame: %s", frames[i].name);
		free(bytes);
	}
}

static const uint8_t token[FRAME_TOKEN] = "H\0\0\0 a token  \xff";

static void put_hello(uint8_t *at)
{
	frame_head(at, 'H', FRAME_TOKEN);
	memcpy(at + FRAME_HEAD, token, FRAME_TOKEN);
}

/* Wherever a hello begins, and however much of it is there, it is found, and nothing of it is skipped. */
static void try_hello(void)
{
	enum { HELLO = FRAME_HEAD + FRAME_TOKEN, BEFORE = 40 };
	uint8_t bytes[BEFORE + HELLO];
	bool good = true, found;

	for (size_t before = 0; before <= BEFORE; before++)
		for (size_t there = 0; there <= HELLO; there++) {
			for (size_t i = 0; i < before; i++)
				bytes[i] = (uint8_t) "H\0\0"[i % 3];
			put_hello(bytes + before);
			size_t at = frame_find_hello(bytes, before + there, token, &found);
			good = good && found == (there == HELLO) && at <= before && (!found || at == before);
		}
	ok(good, "a hello is found behind what looks like one");
	put_hello(bytes);
	bytes[HELLO - 1] ^= 1;
	frame_find_hello(bytes, HELLO, token, &found);
	ok(!found, "another token is none");
	ok(frame_find_hello(bytes, HELLO, token, &found) == HELLO, "and is skipped");
}

static void try_tokens(void)
{
	static const char *const bad[] = {"", "0", "000102030405060708090a0b0c0d0e0",
					  "000102030405060708090a0b0c0d0e0g", "000102030405060708090a0b0c0d0e0f0"};
	uint8_t got[FRAME_TOKEN];

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(frame_token(bad[i], got) == -EINVAL, "no token: \"%s\"", bad[i]);
	ok(!frame_token("000102030405060708090a0B0c0d0eFf", got) && got[1] == 1 && got[11] == 11 && got[15] == 255,
	   "a token");
}

int main(void)
{
	uint8_t number[4];

	try_frames();
	try_hello();
	try_tokens();
	frame_put_number(number, 0x01020304);
	ok(!memcmp(number, "\1\2\3\4", 4) && frame_number(number) == 0x01020304, "numbers are big-endian");
	return done();
}
