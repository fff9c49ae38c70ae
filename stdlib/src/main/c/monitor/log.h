/*
 * log.h - what a container has written, on disk, bounded.
 *
 * A record is `TIME stdout|stderr F|P BYTES` and a newline, as Kubernetes and podman have it: F ends a line, P does
 * not.
 */
#ifndef MICA_MONITOR_LOG_H
#define MICA_MONITOR_LOG_H

#include <limits.h>

#include "base.h"

#define LOG_PART 16384u	      /* bytes of a line that one record holds */
#define LOG_HEAD 40u	      /* the bytes before them */
#define LOG_UNFINISHED_MS 500 /* how long a line without an end is held back */
#define LOG_BATCH (1u << 17)

enum log_source { LOG_STDOUT, LOG_STDERR, LOG_SOURCES };

struct log {
	int dir, fd; /* fd -1: FILE could not be made yet */
	char name[NAME_MAX + 1];
	uint64_t size, limit;
	unsigned files;
	bool made; /* FILE was not there before */
	struct log_line {
		char bytes[LOG_PART];
		size_t size;
		int64_t since; /* when its first byte came, by the monotonic clock */
	} lines[LOG_SOURCES];
	struct log_loss {
		uint64_t records, bytes;
	} lost;			 /* not told yet */
	struct log_loss telling; /* what the first record of the batch tells, if it tells of a loss */
	int why;		 /* the errno of the first loss that is not told yet */
	time_t second;		 /* of stamp */
	char stamp[LOG_HEAD];
	size_t batch_size;
	char batch[LOG_BATCH];
};

/* Opens FILE in the directory dir, which stays the caller's, to append to it. */
errint_t log_open(struct log *log, int dir, const char *name, uint64_t limit, unsigned files, struct mica_error *err);

/* None of these fails: what cannot be written is counted, and told by a record once writing works again. */
void log_take(struct log *log, enum log_source source, const uint8_t *data, size_t size);
/* A line of the monitor's own, among those of stderr. */
__attribute__((format(printf, 2, 3))) void log_say(struct log *log, const char *text, ...);
/* Writes what was taken but for unfinished lines that are young. Returns when to be called again, in milliseconds of
 * the monotonic clock; INT64_MAX: nothing is held back. */
int64_t log_flush(struct log *log, int64_t now_ms);
/* Writes all, unfinished lines too. */
void log_finish(struct log *log);

#endif
