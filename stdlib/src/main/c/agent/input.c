/*
 * input.c - input for the process. It is kept until the process reads it; then the host may send more.
 *
 * At the end of the input a pipe is closed. A terminal stays open, and gets the character that ends the input.
 */
#include "input.h"

#include <termios.h>

bool input_take(struct stream *stream, const uint8_t *bytes, size_t len)
{
	if (len > stream->allowed)
		return false;
	stream->allowed -= len;
	if (stream->in < 0) {
		stream->credit += (uint32_t)len;
		return true;
	}
	if (stream->in_from + stream->in_len + len > sizeof(stream->input)) {
		memmove(stream->input, stream->input + stream->in_from, stream->in_len);
		stream->in_from = 0;
	}
	memcpy(stream->input + stream->in_from + stream->in_len, bytes, len);
	stream->in_len += len;
	return true;
}

void input_drop(struct stream *stream)
{
	if (stream->in >= 0)
		close(steal_fd(&stream->in));
	stream->credit += (uint32_t)stream->in_len;
	stream->in_len = 0;
	stream->end_asked = false;
}

/* At the beginning of a line the character ends the input. Within a line it only hands over the line, and a second one
 * ends the input. */
static void type_end(struct stream *stream)
{
	struct termios mode;
	uint8_t ends[2];

	if (tcgetattr(stream->in, &mode) < 0 || !(mode.c_lflag & ICANON))
		return;
	memset(ends, mode.c_cc[VEOF], sizeof(ends));
	(void)!write(stream->in, ends, stream->last && !strchr("\n\r", stream->last) ? 2 : 1);
	stream->last = '\n';
}

void input_end(struct stream *stream)
{
	if (stream->end_asked || stream->in < 0)
		return;
	stream->end_asked = true;
	stream->end_after = stream->in_len;
}

static void end_now(struct stream *stream)
{
	stream->end_asked = false;
	if (stream->tty)
		type_end(stream);
	else
		input_drop(stream);
}

static bool write_some(struct stream *stream)
{
	size_t len = stream->end_asked ? stream->end_after : stream->in_len;
	ssize_t put = len ? write(stream->in, stream->input + stream->in_from, len) : 0;

	if (put < 0 && errno != EAGAIN && errno != EINTR)
		input_drop(stream);
	if (put <= 0)
		return false;
	stream->last = (char)stream->input[stream->in_from + (size_t)put - 1];
	stream->in_from += (size_t)put;
	stream->in_len -= (size_t)put;
	stream->end_after -= stream->end_asked ? (size_t)put : 0;
	stream->credit += (uint32_t)put;
	return true;
}

void input_flush(struct stream *stream)
{
	do {
		while (stream->in >= 0 && write_some(stream))
			;
		if (stream->in < 0 || !stream->end_asked || stream->end_after)
			break;
		end_now(stream);
	} while (stream->in_len);
	if (!stream->in_len)
		stream->in_from = 0;
}
