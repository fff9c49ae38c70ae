#include "hash.h"

#include <sys/stat.h>

enum { BLOCK = 1 << 16 };

static errint_t read_block(int fd, uint8_t *block, size_t len, uint64_t at)
{
	for (size_t have = 0; have < len;) {
		ssize_t got = pread(fd, block + have, len - have, (off_t)(at + have));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBUSY;
		have += (size_t)got;
	}
	return 0;
}

static bool is_zero(const uint8_t *block, size_t len)
{
	return !block[0] && !memcmp(block, block + 1, len - 1);
}

static void put_block(struct hasher *hasher, uint64_t number, const uint8_t *block, size_t len)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(number >> (8 * i));
	hasher_add(hasher, bytes, sizeof(bytes));
	hasher_add(hasher, block, len);
}

/* The block to go on with after zeros that end at at. A file system that does not tell has data everywhere. */
static uint64_t skip_hole(int fd, uint64_t at, uint64_t size)
{
	off_t data;

	if (at >= size)
		return size;
	data = lseek(fd, (off_t)at, SEEK_DATA);
	if (data < 0)
		return errno == ENXIO ? size : at;
	return (uint64_t)data & ~(uint64_t)(BLOCK - 1);
}

static errint_t hash_blocks(int fd, uint64_t size, struct pace *pace, struct mica_job *job, struct hasher *hasher,
			    uint8_t *block)
{
	for (uint64_t at = 0; at < size;) {
		size_t len = size - at < BLOCK ? (size_t)(size - at) : BLOCK;
		errint_t code = job_cancelled(job) ? -ECANCELED : read_block(fd, block, len, at);

		if (code < 0)
			return code;
		job_add(job, 0, len);
		pace_add(pace, PACE_SECOND, len);
		/* Only zeros make it worth asking for a hole: full files are read without. */
		if (is_zero(block, len)) {
			at = skip_hole(fd, at + len, size);
			continue;
		}
		put_block(hasher, at / BLOCK, block, len);
		at += len;
	}
	return 0;
}

errint_t hash_content(int fd, uint64_t size, enum hash hash, struct pace *pace, struct mica_job *job, uint8_t *digest)
{
	cleanup_free uint8_t *block = malloc(BLOCK);
	struct hasher hasher;
	struct stat now;
	errint_t code;

	if (!block)
		return -ENOMEM;
	hasher_begin(&hasher, hash);
	code = hash_blocks(fd, size, pace, job, &hasher, block);
	if (code < 0)
		return code;
	hasher_end(&hasher, digest);
	if (fstat(fd, &now) < 0)
		return -errno;
	return (uint64_t)now.st_size == size ? 0 : -EBUSY;
}
