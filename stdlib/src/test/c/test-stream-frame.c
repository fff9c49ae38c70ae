/* The frames of a process's streams: what is one, what is none, and where a session begins. */
#include "tap.h"

#include "stream/frame.h"

#define TOKEN "0123456789ABCDEF"
#define GREETING "H\0\0\0\0\0\0\x10" TOKEN
#define ALL STREAM_FROM_GUEST STREAM_FROM_HOST "HR"

static const struct {
	const char *name, *types, *data;
	size_t size;
	ssize_t want;
} frames[] = {
	{"nothing", ALL, "", 0, 0},
	{"a part of a header", ALL, "O\0\0\0\0\0\0", 7, 0},
	{"a header whose payload is to come", ALL, "O\0\0\0\0\0\0\3ab", 10, 0},
	{"a frame", ALL, "O\0\0\0\0\0\0\3abc", 11, 11},
	{"a frame and more", ALL, "O\0\0\0\0\0\0\3abcdef", 14, 11},
	{"a frame without a payload", ALL, "E\0\0\0\0\0\0\0", 8, 8},
	{"the longest payload, to come", ALL, "I\0\0\0\0\1\0\0", 8, 0},
	{"one byte more than that", ALL, "I\0\0\0\0\1\0\1", 8, -EPROTO},
	{"a length that would overflow", ALL, "I\0\0\0\xff\xff\xff\xff", 8, -EPROTO},
	{"a type that is not known", ALL, "Q\0\0\0\0\0\0\0", 8, -EPROTO},
	{"a type that is zero", ALL, "\0\0\0\0\0\0\0\0", 8, -EPROTO},
	{"a type of the other side", STREAM_FROM_HOST, "O\0\0\0\0\0\0\0", 8, -EPROTO},
	{"a greeting in the session", STREAM_FROM_GUEST, GREETING, 24, -EPROTO},
	{"the first byte that must be zero", ALL, "O\1\0\0\0\0\0\0", 8, -EPROTO},
	{"the second", ALL, "O\0\1\0\0\0\0\0", 8, -EPROTO},
	{"the third", ALL, "O\0\0\1\0\0\0\0", 8, -EPROTO},
	{"a size of a terminal", ALL, "Z\0\0\0\0\0\0\4\0\x18\0\x50", 12, 12},
	{"a size of a terminal, of 5 bytes", ALL, "Z\0\0\0\0\0\0\5\0\x18\0\x50\0", 13, -EPROTO},
	{"a signal of 3 bytes", ALL, "K\0\0\0\0\0\0\3\0\0\1", 11, -EPROTO},
	{"an allowance of none", ALL, "W\0\0\0\0\0\0\0", 8, -EPROTO},
	{"an end with a payload", ALL, "C\0\0\0\0\0\0\1x", 9, -EPROTO},
	{"a text of 129 bytes", ALL, "X\0\0\0\0\0\0\x81", 8, -EPROTO},
	{"a greeting without its token", ALL, "H\0\0\0\0\0\0\0", 8, -EPROTO},
	{"a greeting", ALL, GREETING, 24, 24},
};

static const struct {
	const char *name, *data;
	size_t size, skipped;
	bool greeted;
} sessions[] = {
	{"nothing", "", 0, 0, false},
	{"a greeting", GREETING, 24, 24, true},
	{"all of it but one byte", GREETING, 23, 0, false},
	{"bytes of before", "xyz" GREETING, 27, 27, true},
	{"frames of before", "O\0\0\0\0\0\0\3abc" GREETING "S", 36, 35, true},
	{"half a greeting of before", "H\0\0\0\0\0\0\x10" GREETING, 32, 32, true},
	{"another token, then ours",
	 "H\0\0\0\0\0\0\x10"
	 "0123456789ABCDEf" GREETING,
	 48, 48, true},
	{"another token",
	 "H\0\0\0\0\0\0\x10"
	 "0123456789ABCDEf",
	 24, 1, false},
	{"the first of two", GREETING GREETING, 48, 24, true},
	{"a lot of nothing", "0123456789012345678901234567890123456789", 40, 17, false},
};

static void reads_frames(void)
{
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++) {
		/* Of its own size, so that a sanitizer sees a read beyond. */
		uint8_t *data = malloc(frames[i].size + !frames[i].size);
		struct stream_frame frame = {0};

		memcpy(data, frames[i].data, frames[i].size);
		ssize_t got = stream_parse(data, frames[i].size, frames[i].types, &frame);
		ok(got == frames[i].want && (got <= 0 || (frame.type == *frames[i].data && frame.payload == data + 8 &&
							  frame.size == got - 8u)),
		   "%s: %zd", frames[i].name, got);
		free(data);
	}
}

static void finds_sessions(void)
{
	for (size_t i = 0; i < sizeof(sessions) / sizeof(*sessions); i++) {
		uint8_t *data = malloc(sessions[i].size + !sessions[i].size);
		bool greeted = false;

		memcpy(data, sessions[i].data, sessions[i].size);
		size_t got = stream_skip(data, sessions[i].size, (const uint8_t *)TOKEN, &greeted);
		ok(got == sessions[i].skipped && greeted == sessions[i].greeted, "%s: %zu", sessions[i].name, got);
		free(data);
	}
}

/* Byte by byte, as it may come, nothing of a greeting is thrown away too early. */
static void finds_one_in_pieces(void)
{
	static const char stream[] = "H\0\0\0\0\0\0\x10"
				     "0123456789ABCDHH" GREETING "rest";
	uint8_t kept[sizeof(stream)];
	size_t have = 0, fed = 0;
	bool greeted = false;

	while (!greeted && fed < sizeof(stream) - 1) {
		kept[have++] = (uint8_t)stream[fed++];
		size_t skipped = stream_skip(kept, have, (const uint8_t *)TOKEN, &greeted);
		have -= skipped;
		memmove(kept, kept + skipped, have);
	}
	ok(greeted && have == 0 && !strcmp(stream + fed, "rest"), "a greeting in pieces");
}

static void builds_frames(void)
{
	uint8_t out[STREAM_GREETING];

	stream_header(out, 'O', 0x10000);
	ok(!memcmp(out, "O\0\0\0\0\1\0\0", 8), "the header of the longest frame");
	stream_greeting(out, (const uint8_t *)TOKEN);
	ok(!memcmp(out, GREETING, 24), "a greeting");
	stream_number(out, 'W', 0x12345678);
	ok(!memcmp(out, "W\0\0\0\0\0\0\4\x12\x34\x56\x78", 12), "a number");
	ok(stream_read_number(out + 8) == 0x12345678, "and what it is");
	stream_number(out, 'K', 0xffffffff);
	ok(stream_read_number(out + 8) == 0xffffffff, "the greatest number");
}

static void reads_tokens(void)
{
	uint8_t token[STREAM_TOKEN];

	ok(stream_token("303132333435363738394142434445aF", token) && !memcmp(token, "0123456789ABCDE\xaf", 16),
	   "a token");
	ok(!stream_token("303132333435363738394142434445a", token), "one digit short");
	ok(!stream_token("303132333435363738394142434445aff", token), "one too many");
	ok(!stream_token("303132333435363738394142434445ag", token), "no digit");
}

int main(void)
{
	reads_frames();
	finds_sessions();
	finds_one_in_pieces();
	builds_frames();
	reads_tokens();
	return done();
}
