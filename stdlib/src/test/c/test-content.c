/* The bytes of a file into another: shared, copied in the kernel, by hand; holes; what cannot be. */
#include "tap.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "content.h"

#define MIB (1 << 20)
static struct mica_error err;

/* 8 MiB: data, hole, data across a hole's edge, a hole at the end. */
static int make_sparse(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	char *block = malloc(MIB);

	NEED(fd);
	for (int i = 0; block && i < MIB; i++)
		block[i] = (char)(i * 7 + i / 251);
	if (!block || pwrite(fd, block, MIB, 0) != MIB || pwrite(fd, block, 12345, 4 * MIB + 4321) != 12345)
		bail(path);
	NEED(ftruncate(fd, 8 * MIB));
	NEED(fsync(fd));
	free(block);
	return fd;
}

static bool same_bytes(int a, int b)
{
	static char from_a[65536], from_b[65536];
	off_t at = 0;

	for (;;) {
		ssize_t got = pread(a, from_a, sizeof(from_a), at);
		if (got < 0 || pread(b, from_b, sizeof(from_b), at) != got || memcmp(from_a, from_b, (size_t)got))
			return false;
		if (!got)
			return true;
		at += got;
	}
}

static bool shares_extents(int fd)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) + 8 * sizeof(struct fiemap_extent)];
	} u = {.map = {.fm_length = FIEMAP_MAX_OFFSET, .fm_extent_count = 8}};

	return !ioctl(fd, FS_IOC_FIEMAP, &u.map) && u.map.fm_mapped_extents &&
	       u.map.fm_extents[0].fe_flags & FIEMAP_EXTENT_SHARED;
}

static void copy(const char *name, const char *from_dir, const char *to_dir, bool shared)
{
	char path[300];
	struct mica_job job = {0};
	struct stat a, b;

	snprintf(path, sizeof(path), "%s/from", from_dir);
	int from = make_sparse(path);
	snprintf(path, sizeof(path), "%s/to", to_dir);
	int to = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	NEED(to);
	memset(&err, 0, sizeof(err));
	ok_code(content_copy(from, to, 8 * MIB, 0, "to", &job, &err), 0, &err, "%s: copy", name);
	ok(same_bytes(from, to), "%s: the same bytes", name);
	NEED(fsync(to));
	NEED(fstat(from, &a));
	NEED(fstat(to, &b));
	ok(b.st_blocks <= a.st_blocks + 16 && b.st_size == 8 * MIB, "%s: holes are kept (%lld and %lld blocks)", name,
	   (long long)a.st_blocks, (long long)b.st_blocks);
	ok(shares_extents(to) == shared, "%s: %s", name, shared ? "shares its bytes" : "has its own bytes");
	ok(job.bytes >= MIB && job.bytes <= 8 * MIB, "%s: bytes are counted (%llu)", name,
	   (unsigned long long)job.bytes);
	NEED(ftruncate(to, 0));
	errint_t only = content_copy(from, to, 8 * MIB, MICA_REFLINK_ONLY, "to", NULL, &err);
	ok(shared ? !only : only < 0 && !strcmp(err.step, "reflink") && err.note[0], "%s: reflink only (%d)", name,
	   only);
	close(from);
	close(to);
}

static void shrunk(void)
{
	int from = make_sparse("from"), to = open("short", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	NEED(to);
	NEED(ftruncate(from, 100));
	ok_code(content_copy(from, to, 8 * MIB, 0, "short", NULL, &err), 0, &err, "a file that lost bytes meanwhile");
	ok(same_bytes(from, to), "no zeros take their place");
	close(from);
	close(to);
}

static void cancelled(void)
{
	struct mica_job job = {.cancel = 1};
	int from = make_sparse("from"), to = open("cancelled", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	ok_code(content_copy(from, to, 8 * MIB, 0, "to", &job, &err), -ECANCELED, &err, "a cancelled copy stops");
	ok(!job.bytes, "before the first bytes");
	close(from);
	close(to);
}

static void full(void)
{
	NEED(mkdir("small", 0755));
	NEED(mount("small", "small", "tmpfs", 0, "size=512k"));
	int from = make_sparse("from"), to = open("small/to", O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	memset(&err, 0, sizeof(err));
	ok_code(content_copy(from, to, 8 * MIB, 0, "small/to", NULL, &err), -ENOSPC, &err, "a full disk");
	ok(!strcmp(err.path, "small/to") && err.step[0], "is said, with the path (%s)", err.step);
	close(from);
	close(to);
}

static bool mount_xfs(const char *image, const char *at)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "truncate -s 320M %s && mkfs.xfs -q %s >mkfs.log 2>&1 && mkdir %s && mount -o loop %s %s", image,
		 image, at, image, at);
	return system(command) == 0;
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("a", 0755));
	NEED(mkdir("b", 0755));
	NEED(mount("b", "b", "tmpfs", 0, NULL));
	copy("tmpfs", "a", "a", false);
	copy("two file systems", "a", "b", false);
	if (mount_xfs("image", "xfs")) {
		copy("xfs", "xfs", "xfs", true);
		copy("from xfs", "xfs", "a", false);
		copy("to xfs", "a", "xfs", false);
	} else {
		skip("xfs", "cannot be made or mounted");
	}
	shrunk();
	cancelled();
	full();
	return done();
}
