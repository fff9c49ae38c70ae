/*
 * line.h - the lines of the agent protocol: parses requests and builds answers. Nothing here keeps a state;
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

/* A request. All its texts are borrowed from the line that it was parsed from. */
struct request {
	const char *id; /* "-" if the line has no valid id */
	const char *verb;
	uint32_t count;
	struct field fields[LINE_MAX_FIELDS];
};

/*
 * Parses the line in place; text has no newline, and a NUL at text[len]. -ENOMSG: the line is empty, and needs no
 * answer. -EBADMSG: the line is not a request; request->id is then still the id for the answer.
 */
errint_t line_parse(char *text, size_t len, struct request *request, struct mica_error *err);

/* The same for a line that only has fields. */
errint_t line_parse_fields(char *text, struct request *request, struct mica_error *err);

/* The value of key, still encoded, or NULL. */
const char *line_value(const struct request *request, const char *key);

/* Decodes len bytes of value, which are percent-encoded, to a string with a NUL. -ENAMETOOLONG: it needs more than room
 * bytes. -EINVAL: it has a NUL in it. */
errint_t line_decode(const char *value, size_t len, char *out, size_t room);

/* The same for any bytes, without a NUL at the end. Returns how many bytes those are, which is never more than len. */
size_t line_decode_bytes(const char *value, size_t len, char *out);

/* Reads the value of key as a whole number. -EINVAL: it is not a number from min to max, or there is no such key. */
errint_t line_number(const struct request *request, const char *key, uint64_t min, uint64_t max, uint64_t *out,
		     struct mica_error *err);
/* Reads the value of key as 0 or 1. If there is no such key, *out stays as it is. */
errint_t line_flag(const struct request *request, const char *key, bool *out, struct mica_error *err);

/* Whether the request says (lost=1) that a file server is gone, so that a process that waits for it in the kernel would
 * wait for ever. */
bool request_lost(const struct request *request);

/* Whether the text is a name: at most LINE_MAX_NAME letters, digits, '.', '_' and '-', and no '.' at the beginning.
 * Such names need no encoding anywhere. */
bool line_is_name(const char *text, size_t len);
/* Reads the value of key as a name, which is borrowed from the request. -EINVAL: it is not a name, or not there. */
errint_t line_name(const struct request *request, const char *key, const char **out, struct mica_error *err);

/* Reads the next item of a list "a,b,c" at *at, which it moves on. The item is still encoded. False: there is none. */
bool line_next_item(const char **at, const char **item, size_t *len);

/*
 * An answer while it is built. If it does not fit into a line, answer_end makes it the answer of a failure.
 */
struct answer {
	size_t len;
	bool overflow;
	char text[LINE_MAX_BYTES];
};
/* Begins an answer; status is "ok" or "error". With the id "*" it is an event, and status is the event's name. */
void answer_begin(struct answer *answer, const char *id, const char *status);
/* Adds a field. The value is encoded where that is needed. */
void answer_put(struct answer *answer, const char *key, const char *value);
void answer_put_bytes(struct answer *answer, const char *key, const void *value, size_t len);
/* Adds a field whose value is encoded already, as that of a request. */
void answer_put_encoded(struct answer *answer, const char *key, const char *value);
void answer_put_number(struct answer *answer, const char *key, uint64_t value);
void answer_put_f(struct answer *answer, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Makes it the answer of a failure: errno=NAME step=.. path=.. note=.. */
void answer_fail(struct answer *answer, const char *id, const struct mica_error *err);
/* Adds text for people, which is not encoded. */
void answer_text(struct answer *answer, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the newline, after which the answer can be sent. */
void answer_end(struct answer *answer, const char *id);

#endif
