/*
 * line.h - the agent protocol's lines: requests taken apart, answers put together. Pure text, no state;
 * docs/agent-protocol.md is the contract.
 */
#ifndef MICA_AGENT_LINE_H
#define MICA_AGENT_LINE_H

#include "base.h"

#define LINE_MAX_BYTES 65536 /* with its newline */
#define LINE_MAX_FIELDS 16
#define LINE_MAX_ID 32
#define LINE_MAX_NAME 64

struct field {
	const char *key;
	const char *value; /* still percent-encoded, and known to be well-formed */
};

/* Points into the line it was read from. */
struct request {
	const char *id; /* "-" where the line had none that is usable */
	const char *verb;
	uint32_t count;
	struct field fields[LINE_MAX_FIELDS];
};

/*
 * Takes the line apart in place; text ends with a NUL at text[len] and has no newline. An empty line is -ENOMSG:
 * nothing to answer. Anything that is no request is -EBADMSG; then request->id still holds what the answer goes to.
 */
errint_t line_parse(char *text, size_t len, struct request *request, struct mica_error *err);

/* The same for a line that has fields only. */
errint_t line_parse_fields(char *text, struct request *request, struct mica_error *err);

/* The value of key, or NULL. */
const char *line_value(const struct request *request, const char *key);

/* Undoes the percent-encoding of len bytes of value; a string. -ENAMETOOLONG, or -EINVAL for a NUL in it. */
errint_t line_decode(const char *value, size_t len, char *out, size_t room);

/* The same for any bytes: as many as are returned, and never more than value has. */
size_t line_decode_bytes(const char *value, size_t len, char *out);

/* A whole number from min to max. */
errint_t line_number(const struct request *request, const char *key, uint64_t min, uint64_t max, uint64_t *out,
		     struct mica_error *err);
/* 0 or 1; *out stays as it is where the request does not say. */
errint_t line_flag(const struct request *request, const char *key, bool *out, struct mica_error *err);

/* The request says that a file server is gone, for which whoever waits in the kernel would wait for ever. */
bool request_lost(const struct request *request);

/* Shares, unions and ports have names that need no encoding anywhere: letters, digits, '.', '_', '-', no '.' first. */
bool line_is_name(const char *text, size_t len);
errint_t line_name(const struct request *request, const char *key, const char **out, struct mica_error *err);

/* Reads a line's fields "a,b,c" one by one: *at moves on, false at the end. */
bool line_next_item(const char **at, const char **item, size_t *len);

/*
 * An answer under way. What does not fit is not cut off but remembered: answer_end makes it an error answer.
 */
struct answer {
	size_t len;
	bool overflow;
	char text[LINE_MAX_BYTES];
};
void answer_begin(struct answer *answer, const char *id, const char *status); /* "ok", "error"; id "*": an event */
void answer_put(struct answer *answer, const char *key, const char *value);
void answer_put_bytes(struct answer *answer, const char *key, const void *value, size_t len);
/* A request's value as it came, encoded. */
void answer_put_encoded(struct answer *answer, const char *key, const char *value);
void answer_put_number(struct answer *answer, const char *key, uint64_t value);
void answer_put_f(struct answer *answer, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The whole line of a failure: errno=NAME step=.. path=.. note=.. */
void answer_fail(struct answer *answer, const char *id, const struct mica_error *err);
/* A line as it is, for people; with its newline. */
void answer_text(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the newline. */
void answer_end(struct answer *answer, const char *id);

#endif
