/* input.h - what the host types, on its way to the process. */
#ifndef MICA_AGENT_INPUT_H
#define MICA_AGENT_INPUT_H

#include "stream.h"

/* A frame's payload; false where that is more than was allowed. */
bool input_take(struct stream *stream, const uint8_t *bytes, size_t len);
/* Nothing comes after what is there. */
void input_end(struct stream *stream);
/* Hands the process what it takes, without waiting. */
void input_flush(struct stream *stream);
/* The process reads no more. */
void input_drop(struct stream *stream);

#endif
