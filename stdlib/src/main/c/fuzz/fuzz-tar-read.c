/*
 * Reading a layer, from the descriptor to the folder: what is beside the folder must stay as it is, a failure leave
 * nothing, and what was read be written and read again as the same.
 *
 * Input: a byte of switches, then the bytes, compressed or not. Whatever looks like a header gets the checksum that it
 * should have.
 */
#include "tar-format.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	char home[64], outside[80], file[80], dest[80], copy[80], tar[80];
} place;

static void leave(void)
{
	mica_discard(place.home, NULL, NULL);
}

/* A folder of our own in memory, with what must stay. The fuzzer itself must stay where it is. */
static void enter(void)
{
	strcpy(place.home, "/dev/shm/mica-fuzz-XXXXXX");
	if (!mkdtemp(place.home))
		abort();
	snprintf(place.outside, sizeof(place.outside), "%s/outside", place.home);
	snprintf(place.file, sizeof(place.file), "%s/outside/file", place.home);
	snprintf(place.dest, sizeof(place.dest), "%s/dest", place.home);
	snprintf(place.copy, sizeof(place.copy), "%s/copy", place.home);
	snprintf(place.tar, sizeof(place.tar), "%s/tar", place.home);
	if (mkdir(place.outside, 0700) < 0 || close(creat(place.file, 0600)) < 0)
		abort();
	atexit(leave);
}

static void mend_checksums(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		struct tar_header *header = (struct tar_header *)(bytes + at);

		if (!memcmp(header->magic, "ustar", 5))
			snprintf(header->checksum, sizeof(header->checksum), "%06o", tar_checksum(header));
	}
}

static int as_file(const uint8_t *data, size_t size)
{
	cleanup_free uint8_t *bytes = malloc(size + 1);
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	memcpy(bytes, data, size);
	mend_checksums(bytes, size);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void digest(const char *folder, uint8_t out[32])
{
	const struct mica_tree tree = {&folder, 1, MICA_TREE_PLAIN, 0, 0};
	struct mica_totals totals;

	if (mica_manifest(&tree, out, &totals, NULL, NULL) < 0)
		abort();
}

/* An exact copy of it is just so, or cannot be made. */
static void again_exactly(uint32_t flags)
{
	struct mica_tar is;
	struct mica_error err;
	uint8_t first[32], second[32];

	if (mica_tar_write(place.dest, place.tar, -1, MICA_TAR_PLAIN, flags, &is, NULL, NULL, &err) < 0 ||
	    mica_tar_read(place.tar, -1, place.copy, NULL, flags, &is, NULL, NULL, &err) < 0) {
		fprintf(stderr, "%s: %s: %s\n", err.step, err.path, err.note);
		abort();
	}
	digest(place.dest, first);
	digest(place.copy, second);
	if (memcmp(first, second, 32) != 0)
		abort();
	unlink(place.tar);
	mica_discard(place.copy, NULL, NULL);
}

/* Once more through a tar: what it says of the layer it says again. */
static void again(uint32_t flags)
{
	struct mica_tar first, second;
	struct mica_error err;

	if (mica_tar_write(place.dest, place.tar, -1, MICA_TAR_PLAIN, flags, &first, NULL, NULL, &err) < 0 ||
	    mica_tar_read(place.tar, -1, place.copy, NULL, flags, &second, NULL, NULL, &err) < 0 ||
	    unlink(place.tar) < 0 || memcmp(first.diff_id, second.diff_id, 32) != 0 ||
	    mica_tar_write(place.copy, place.tar, -1, MICA_TAR_PLAIN, flags, &second, NULL, NULL, &err) < 0 ||
	    memcmp(first.diff_id, second.diff_id, 32) != 0) {
		fprintf(stderr, "%s: %s: %s\n", err.step, err.path, err.note);
		abort();
	}
	unlink(place.tar);
	mica_remove(place.copy, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mica_tar_limits limits = {.bytes = 1 << 20, .entries = 200, .path = 5000, .depth = 50};
	struct mica_remarks remarks = {0};
	struct mica_error err;
	struct mica_tar is;
	cleanup_fd int fd = -1;
	uint32_t flags;

	if (!*place.home)
		enter();
	if (!size)
		return 0;
	flags = (data[0] & 1 ? MICA_LAYER_USERXATTR : 0) | (data[0] & 2 ? MICA_OWN : 0) |
		(data[0] & 4 ? MICA_LAYER_EXACT : 0);
	fd = as_file(data + 1, size - 1);
	if (mica_tar_read(NULL, fd, place.dest, &limits, flags, &is, &remarks, NULL, &err) == 0) {
		if (flags & MICA_LAYER_EXACT)
			again_exactly(flags & ~MICA_OWN);
		else
			again(flags & MICA_LAYER_USERXATTR);
		if (mica_discard(place.dest, NULL, &err) < 0)
			abort();
	} else if (!err.code || exists(place.dest)) {
		abort();
	}
	if (!exists(place.file) || rmdir(place.outside) == 0)
		abort();
	mica_remarks_free(&remarks);
	return 0;
}
