/*
 * log.h - the log of a container's output, which is limited in size.
 *
 * A record is `TIME stdout|stderr F|P BYTES` and a newline, as in Kubernetes and podman. A record with F ends a line,
 * and one with P does not.
 */
#ifndef MICA_MONITOR_LOG_H
#define MICA_MONITOR_LOG_H

#include <limits.h>

#include "base.h"

#define LOG_PART 16384u	      /* the most bytes of a line that one record has */
#define LOG_HEAD 40u	      /* the bytes of a record before those */
#define LOG_UNFINISHED_MS 500 /* how long a line without an end is held back */
#define LOG_BATCH (1u << 17)

enum log_source { LOG_STDOUT, LOG_STDERR, LOG_SOURCES };

struct log {
	int dir, fd; /* fd -1: FILE could not be made yet */
	char name[NAME_MAX + 1];
	uint64_t size, limit;
	unsigned files;
	bool made; /* log_open has made the file */
	struct log_line {
		char bytes[LOG_PART];
		size_t size;
		int64_t since; /* when log_flush first saw it, by the monotonic clock; -1: not yet */
	} lines[LOG_SOURCES];
	struct log_loss {
		uint64_t records, bytes;
	} lost;			 /* the losses that no record has reported yet */
	struct log_loss telling; /* the loss that the first record of the batch reports, if it does */
	int why;		 /* the errno of the first loss that is not reported yet */
	time_t second;		 /* the time in stamp */
	char stamp[LOG_HEAD];
	size_t batch_size;
	char batch[LOG_BATCH];
};

/* Opens the file name in the directory dir, which is borrowed, to append to it. When it would grow beyond limit bytes,
 * it becomes NAME.1, that becomes NAME.2, and so on. files is how many are kept, the file itself among them. */
errint_t log_open(struct log *log, int dir, const char *name, uint64_t limit, unsigned files, struct mica_error *err);

/* None of the following functions fails: what cannot be written is counted, and a record reports it once writing works
 * again. This one adds output of the container. */
void log_take(struct log *log, enum log_source source, const uint8_t *data, size_t size);
/* Adds a line of the monitor itself to those of stderr. */
__attribute__((format(printf, 2, 3))) void log_say(struct log *log, const char *text, ...);
/* Writes everything except unfinished lines that are younger than LOG_UNFINISHED_MS. Returns when it must be called
 * again, in milliseconds of the monotonic clock; INT64_MAX: nothing is held back. */
int64_t log_flush(struct log *log, int64_t now_ms);
/* Writes everything, unfinished lines too. */
void log_finish(struct log *log);

#endif
