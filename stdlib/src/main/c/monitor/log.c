/*
 * log.c - the records of the log, the rotation of its files, and full disks.
 *
 * Records are collected in a batch and written with one call. Only records end with a newline. If the disk is full, the
 * part of a record that was written is removed again, so that a file has only whole records.
 */
#include "monitor/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

static errint_t open_file(struct log *log)
{
	struct stat st;
	char last;

	/* For reading too, because a monitor that was killed may have left half a record. */
	log->fd = openat(log->dir, log->name, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode)) {
		close(log->fd);
		log->fd = -1;
		return -EINVAL;
	}
	log->size = (uint64_t)st.st_size;
	if (log->size && pread(log->fd, &last, 1, st.st_size - 1) == 1 && last != '\n' && write(log->fd, "\n", 1) == 1)
		log->size++;
	return 0;
}

errint_t log_open(struct log *log, int dir, const char *name, uint64_t limit, unsigned files, struct mica_error *err)
{
	time_t now = time(NULL);
	struct tm tm;
	errint_t failed;

	log->dir = dir;
	log->limit = limit;
	log->files = files;
	if (snprintf(log->name, sizeof(log->name), "%s", name) + 5 >= (int)sizeof(log->name))
		return mica_fail(err, -ENAMETOOLONG, "open the log", name);
	gmtime_r(&now, &tm); /* so that the C library reads its files for this now */
	log->made = faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
	failed = open_file(log);
	return failed ? mica_fail(err, failed, "open the log", name) : 0;
}

/* "FILE" for 0, "FILE.3" for 3. */
static const char *file_name(const struct log *log, unsigned number, char out[NAME_MAX + 1])
{
	size_t length = strlen(log->name);

	memcpy(out, log->name, length + 1);
	if (number)
		snprintf(out + length, NAME_MAX + 1 - length, ".%u", number);
	return out;
}

static errint_t push_down(const struct log *log, unsigned number)
{
	char from[NAME_MAX + 1], to[NAME_MAX + 1];

	file_name(log, number, from);
	if (number + 1 == log->files)
		return unlinkat(log->dir, from, 0) < 0 && errno != ENOENT ? -errno : 0;
	return renameat(log->dir, from, log->dir, file_name(log, number + 1, to)) < 0 && errno != ENOENT ? -errno : 0;
}

/* FILE becomes FILE.1, that becomes FILE.2, and the last one is removed. If this fails, FILE does not grow any more. */
static errint_t rotate(struct log *log)
{
	for (unsigned number = log->files; number-- > 0;) {
		errint_t failed = push_down(log, number);

		if (failed)
			return failed;
	}
	close(log->fd);
	return open_file(log);
}

static void count_lost(struct log *log, uint64_t records, uint64_t bytes, int why)
{
	if (!log->lost.records)
		log->why = why;
	log->lost.records += records;
	log->lost.bytes += bytes;
}

/* Counts whole records that were not written. If the first of them reported an earlier loss, that is not reported now.
 */
static void lose(struct log *log, const char *records, size_t size, int why)
{
	uint64_t count = 0;

	for (const char *at = records; (at = memchr(at, '\n', size - (size_t)(at - records))); at++)
		count++;
	uint64_t heads = count * (LOG_HEAD + 1), bytes = size > heads ? size - heads : 0;
	if (log->telling.records && records == log->batch && size) {
		size_t told = (size_t)((char *)memchr(records, '\n', size) - records) + 1;

		count--;
		bytes -= told - LOG_HEAD - 1;
		count_lost(log, log->telling.records, log->telling.bytes, why);
	}
	if (count)
		count_lost(log, count, bytes, why);
}

/* Writes the batch. Returns the size of the whole records that are in the file; sets *why if not all of them are. */
static size_t append(struct log *log, int *why)
{
	size_t done = 0;
	const char *end;

	while (done < log->batch_size) {
		ssize_t put = write(log->fd, log->batch + done, log->batch_size - done);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0) {
			*why = put < 0 ? errno : ENOSPC;
			break;
		}
		done += (size_t)put;
	}
	if (done == log->batch_size)
		return done;
	end = memrchr(log->batch, '\n', done);
	size_t whole = end ? (size_t)(end - log->batch) + 1 : 0;
	if (done > whole && ftruncate(log->fd, (off_t)(log->size + whole)) < 0)
		return done; /* half a record stays, and the next comes after it */
	return whole;
}

static void write_batch(struct log *log)
{
	int why = 0;
	size_t done = 0;

	if (!log->batch_size)
		return;
	if (log->fd < 0)
		why = -open_file(log);
	if (!why)
		done = append(log, &why);
	log->size += done;
	if (done < log->batch_size)
		lose(log, log->batch + done, log->batch_size - done, why);
	log->telling = (struct log_loss){0};
	log->batch_size = 0;
}

/* Makes the head of a record, at log->stamp, with the time of the call. */
static void stamp(struct log *log)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != log->second) {
		log->second = now.tv_sec;
		gmtime_r(&now.tv_sec, &tm);
		strftime(log->stamp, sizeof(log->stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	char nanoseconds[16];
	snprintf(nanoseconds, sizeof(nanoseconds), ".%09ldZ", now.tv_nsec);
	memcpy(log->stamp + 19, nanoseconds, 11);
}

static void put_in_batch(struct log *log, enum log_source source, bool whole, const char *bytes, size_t size)
{
	char *at = log->batch + log->batch_size;

	memcpy(at, log->stamp, 30);
	memcpy(at + 30, source == LOG_STDOUT ? " stdout " : " stderr ", 8);
	memcpy(at + 38, whole ? "F " : "P ", 2);
	memcpy(at + LOG_HEAD, bytes, size);
	at[LOG_HEAD + size] = '\n';
	log->batch_size += LOG_HEAD + size + 1;
}

/* Makes room for a record of that length, in the batch and in the file. */
static errint_t make_room(struct log *log, size_t length)
{
	bool full = log->size + log->batch_size && log->size + log->batch_size + length > log->limit;

	if (full || length > sizeof(log->batch) - log->batch_size)
		write_batch(log);
	return full && log->size && log->size + length > log->limit ? rotate(log) : 0;
}

static void put_record(struct log *log, enum log_source source, bool whole, const char *bytes, size_t size)
{
	errint_t failed = make_room(log, LOG_HEAD + size + 1);

	if (failed)
		count_lost(log, 1, size, -failed);
	else
		put_in_batch(log, source, whole, bytes, size);
}

/* Before any other record, so that a reader sees where something is missing. */
static void tell_loss(struct log *log)
{
	char text[256];
	const struct log_loss lost = log->lost;
	int length;

	if (!lost.records)
		return;
	write_batch(log);
	length = snprintf(text, sizeof(text), "mica-monitor: %llu records with %llu bytes were not written: %s",
			  (unsigned long long)lost.records, (unsigned long long)lost.bytes, strerror(log->why));
	if (make_room(log, LOG_HEAD + (size_t)length + 1))
		return;
	put_in_batch(log, LOG_STDERR, true, text, (size_t)length);
	log->telling = lost;
	log->lost = (struct log_loss){0};
	write_batch(log);
}

static void put_line(struct log *log, enum log_source source, bool whole)
{
	struct log_line *line = &log->lines[source];

	put_record(log, source, whole, line->bytes, line->size);
	line->size = 0;
}

void log_take(struct log *log, enum log_source source, const uint8_t *data, size_t size)
{
	struct log_line *line = &log->lines[source];

	stamp(log);
	tell_loss(log);
	while (size) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t length = newline ? (size_t)(newline - data) : size, room = LOG_PART - line->size;

		if (length && !room) {
			put_line(log, source, false);
			room = LOG_PART;
		}
		length = length < room ? length : room;
		if (!line->size)
			line->since = -1;
		memcpy(line->bytes + line->size, data, length);
		line->size += length;
		data += length;
		size -= length;
		if (newline && data == newline) {
			put_line(log, source, true);
			data++;
			size--;
		}
	}
}

void log_say(struct log *log, const char *text, ...)
{
	char line[512] = "mica-monitor: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, text);
	vsnprintf(line + used, sizeof(line) - used, text, args);
	va_end(args);
	stamp(log);
	tell_loss(log);
	put_record(log, LOG_STDERR, true, line, strlen(line));
}

int64_t log_flush(struct log *log, int64_t now_ms)
{
	int64_t due = INT64_MAX;

	for (enum log_source source = 0; source < LOG_SOURCES; source++) {
		struct log_line *line = &log->lines[source];

		if (!line->size)
			continue;
		if (line->since < 0)
			line->since = now_ms;
		if (now_ms - line->since >= LOG_UNFINISHED_MS) {
			stamp(log);
			put_line(log, source, false);
		} else if (line->since + LOG_UNFINISHED_MS < due)
			due = line->since + LOG_UNFINISHED_MS;
	}
	write_batch(log);
	return due;
}

void log_finish(struct log *log)
{
	stamp(log);
	for (enum log_source source = 0; source < LOG_SOURCES; source++)
		if (log->lines[source].size)
			put_line(log, source, false);
	write_batch(log);
	tell_loss(log);
}
