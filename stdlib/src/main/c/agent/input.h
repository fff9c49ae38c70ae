/* input.h - the input that the host sends for a process, until the process reads it. */
#ifndef MICA_AGENT_INPUT_H
#define MICA_AGENT_INPUT_H

#include "stream.h"

/* Takes the payload of a frame. False: it is more than the host was allowed to send. */
bool input_take(struct stream *stream, const uint8_t *bytes, size_t len);
/* Ends the input after the bytes that were taken so far. */
void input_end(struct stream *stream);
/* Writes as much to the process as it takes without waiting. */
void input_flush(struct stream *stream);
/* Closes the input and drops what was not written, because the process does not read it any more. */
void input_drop(struct stream *stream);

#endif
