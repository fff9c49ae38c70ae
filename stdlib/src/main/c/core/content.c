#include "content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

/* So many bytes are moved between two looks at the job: well under 100 ms on slow storage. */
enum { STEP = 1 << 20, BUFFER = 1 << 17 };

struct content {
	int from, to;
	bool by_hand; /* the kernel will not copy between these two */
	char *buffer;
	const char *path;
	struct mica_job *job;
	struct mica_error *err;
};

static errint_t fail(struct content *c, const char *step)
{
	return mica_fail(c->err, -errno, step, c->path);
}

static errint_t write_all(struct content *c, const char *bytes, size_t len, off_t at)
{
	while (len) {
		ssize_t put = pwrite(c->to, bytes, len, at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return fail(c, "write");
		bytes += put;
		len -= (size_t)put;
		at += put;
	}
	return 0;
}

/* Returns the number of bytes moved, 0 at the end of from. */
static ssize_t move_by_hand(struct content *c, off_t at, size_t len)
{
	ssize_t got;
	errint_t code;

	if (!c->buffer && !(c->buffer = malloc(BUFFER))) {
		errno = ENOMEM;
		return fail(c, "copy");
	}
	got = pread(c->from, c->buffer, len < BUFFER ? len : BUFFER, at);
	if (got < 0)
		return errno == EINTR ? move_by_hand(c, at, len) : fail(c, "read");
	code = write_all(c, c->buffer, (size_t)got, at);
	return code < 0 ? code : got;
}

/* Errors of copy_file_range after which read and write may still work: other file system, older kernel, odd file. */
static bool kernel_declines(int code)
{
	return code == EXDEV || code == EINVAL || code == ENOSYS || code == EOPNOTSUPP || code == EPERM ||
	       code == EBADF || code == ETXTBSY;
}

static ssize_t move(struct content *c, off_t at, size_t len)
{
	off_t in = at, out = at;
	ssize_t got;

	if (c->by_hand)
		return move_by_hand(c, at, len);
	do
		got = copy_file_range(c->from, &in, c->to, &out, len < STEP ? len : STEP, 0);
	while (got < 0 && errno == EINTR);
	/* Some file systems (similar to proc, and some FUSE servers) return 0 for a file that has bytes. */
	if (got == 0 || (got < 0 && kernel_declines(errno))) {
		c->by_hand = true;
		return move_by_hand(c, at, len);
	}
	return got < 0 ? fail(c, "copy") : got;
}

/* Returns 1 if all was copied, 0 if from ended before that, at *at. */
static int copy_range(struct content *c, off_t *at, off_t end)
{
	while (*at < end) {
		ssize_t got;

		if (job_cancelled(c->job))
			return mica_fail(c->err, -ECANCELED, "copy", c->path);
		got = move(c, *at, (size_t)(end - *at));
		if (got < 0)
			return (int)got;
		if (got == 0)
			return 0;
		job_add(c->job, 0, (uint64_t)got);
		*at += got;
	}
	return 1;
}

/* Finds the next range of data at or after at; false: none. If the file system does not say it, all is data. */
static bool next_data(int fd, off_t at, off_t size, off_t *start, off_t *end)
{
	*start = lseek(fd, at, SEEK_DATA);
	*end = size;
	if (*start < 0 && errno == ENXIO)
		return false;
	if (*start < 0) {
		*start = at;
		return true;
	}
	*end = lseek(fd, *start, SEEK_HOLE);
	if (*end < 0 || *end > size)
		*end = size;
	return *start < size;
}

static errint_t copy_data(struct content *c, off_t size)
{
	off_t start, end, at = 0;
	struct stat now;
	int whole = 1;

	/* Set the size before the bytes: some file systems allocate blocks ahead for a growing file, also in its holes.
	 */
	if (ftruncate(c->to, size) < 0)
		return fail(c, "write");
	while (at < size && whole > 0 && next_data(c->from, at, size, &start, &end)) {
		at = start;
		whole = copy_range(c, &at, end);
	}
	if (whole < 0)
		return whole;
	/* If from has become shorter meanwhile, the copy must not end with zeros. */
	if (fstat(c->from, &now) < 0)
		return fail(c, "stat");
	if (whole)
		at = now.st_size;
	if (at < size && ftruncate(c->to, at) < 0)
		return fail(c, "write");
	return 0;
}

static errint_t reflink(struct content *c, uint64_t size, bool only)
{
	if (ioctl(c->to, FICLONE, c->from) == 0) {
		job_add(c->job, 0, size);
		return 0;
	}
	if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EROFS)
		return fail(c, "reflink");
	if (only)
		return mica_fail_note(c->err, -errno, "reflink", c->path,
				      "the file system cannot share these bytes; allow a copy instead");
	return 1;
}

errint_t content_copy(int from, int to, uint64_t size, uint32_t flags, const char *path, struct mica_job *job,
		      struct mica_error *err)
{
	struct content c = {.from = from, .to = to, .path = path, .job = job, .err = err};
	errint_t code;

	if (size == 0)
		return 0;
	code = reflink(&c, size, flags & MICA_REFLINK_ONLY);
	if (code == 1)
		code = copy_data(&c, (off_t)size);
	free(c.buffer);
	return code;
}
