/*
 * What tar can say, both ways: the same layer gives the same bytes, whatever the compression; forms that others write
 * are understood; what a tar cannot hold is told; and what goes wrong leaves nothing.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <zlib.h>
#include <zstd.h>

#include "tars.h"
#include "trees.h"

static struct made made;
static struct mica_error err;
static struct mica_remarks remarks;

static void begin(void)
{
	made.len = 0;
	mica_remarks_free(&remarks);
	mica_remove("dest", NULL, &err);
}

static bool taken(const char *name)
{
	add_end(&made);
	return ok_code(read_made(&made, "dest", NULL, 0, &remarks, &err), 0, &err, "%s: taken", name);
}

/* Forms of others. */

static void old_forms(void)
{
	char name[300];
	struct stat st;

	begin();
	struct tar_header v7 = new_header('\0', "dir/", "", 0);
	memset(v7.magic, 0, 8);
	add_header(&made, v7);
	v7 = new_header('\0', "dir/file", "", 0);
	memset(v7.magic, 0, 8);
	add_header(&made, v7);
	taken("a tar from before 1988");
	ok(!stat("dest/dir", &st) && S_ISDIR(st.st_mode) && !stat("dest/dir/file", &st) && S_ISREG(st.st_mode),
	   "a slash makes the directory");
	begin();
	memset(name, 'n', 250);
	strcpy(name + 250, "/f");
	memcpy(name, "long/", 5);
	add_entry(&made, 'L', "././@LongLink", "", name);
	add_entry(&made, '0', "cut", "", "text");
	add_entry(&made, 'K', "././@LongLink", "", name);
	add_entry(&made, '2', "link", "cut", "");
	taken("GNU's long names");
	char path[320], target[320] = "";
	snprintf(path, sizeof(path), "dest/%s", name);
	ok(file_is(path, "text"), "are the file's");
	ok(readlink("dest/link", target, sizeof(target) - 1) == 252 && !strcmp(target, name), "and the link's");
	begin();
	struct tar_header prefix = new_header('0', "f", "", 0);
	strcpy(prefix.prefix, "a/b");
	add_header(&made, prefix);
	memcpy(prefix.magic, "ustar  ", 8); /* where GNU has times */
	add_header(&made, prefix);
	taken("a prefix");
	ok(exists("dest/a/b/f") && exists("dest/f"), "counts for ustar, not for GNU's");
}

static void numbers(void)
{
	struct stat st;

	begin();
	struct tar_header header = new_header('0', "f", "", 0);
	memset(header.mtime, 0xff, 12); /* -1 in two's complement */
	memset(header.uid, 0, 8);
	header.uid[0] = (char)0x80;
	header.uid[4] = 1; /* 2^24 */
	add_header(&made, header);
	add_records(&made, 'x', "mtime=-1.25", NULL);
	add_entry(&made, '0', "g", "", "");
	add_records(&made, 'x', "mtime=8589934592.9999999999", NULL);
	add_entry(&made, '0', "h", "", "");
	add_records(&made, 'g', "mtime=12.5000", "comment=nothing", "path=xy", NULL);
	add_entry(&made, '0', "i", "", "");
	taken("numbers of all kinds");
	ok(!stat("dest/f", &st) && st.st_mtime == -1 && st.st_uid == 1 << 24, "binary ones");
	ok(!stat("dest/g", &st) && st.st_mtim.tv_sec == -2 && st.st_mtim.tv_nsec == 750000000, "before 1970");
	ok(!stat("dest/h", &st) && st.st_mtim.tv_sec == 8589934592 && st.st_mtim.tv_nsec == 999999999, "after 2242");
	ok(!stat("dest/i", &st) && st.st_mtim.tv_sec == 12 && st.st_mtim.tv_nsec == 500000000 &&
		   remarked(&remarks, MICA_REMARK_KEY, ".", "path"),
	   "a global header's time counts, and its path is told");
	begin();
	add_records(&made, 'x', "mtime=99999999999999999999", NULL);
	add_entry(&made, '0', "f", "", "");
	add_end(&made);
	ok_code(read_made(&made, "dest", NULL, 0, NULL, &err), -EBADMSG, &err, "a time that is too large");
}

static bool is_sparse_file(const char *path)
{
	char want[10000] = "", got[10001];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	memcpy(want + 4096, "mid", 3);
	memcpy(want + 9998, "z", 1);
	NEED(fd);
	bool good = read(fd, got, sizeof(got)) == 10000 && !memcmp(want, got, 10000) && !fstat(fd, &st) &&
		    st.st_blocks * 512 < 10000;
	close(fd);
	return good;
}

static void piece(struct tar_piece *to, uint64_t offset, uint64_t len)
{
	tar_put_number(to->offset, 12, offset);
	tar_put_number(to->len, 12, len);
}

static void sparse_forms(void)
{
	char content[516] = "2\n4096\n3\n9998\n1\n";

	begin();
	add_records(&made, 'x', "GNU.sparse.size=10000", "GNU.sparse.offset=4096", "GNU.sparse.numbytes=3",
		    "GNU.sparse.offset=9998", "GNU.sparse.numbytes=1", NULL);
	add_entry(&made, '0', "f", "", "midz");
	taken("a sparse file, 0.0");
	ok(is_sparse_file("dest/f"), "is one");
	begin();
	add_records(&made, 'x', "GNU.sparse.size=10000", "GNU.sparse.map=4096,3,9998,1", "GNU.sparse.name=f", NULL);
	add_entry(&made, '0', "GNUSparseFile.1/f", "", "midz");
	taken("a sparse file, 0.1");
	ok(is_sparse_file("dest/f"), "is one");
	begin();
	add_records(&made, 'x', "GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.name=f",
		    "GNU.sparse.realsize=10000", NULL);
	memcpy(content + 512, "midz", 4);
	add_header(&made, new_header('0', "GNUSparseFile.1/f", "", sizeof(content)));
	add_bytes(&made, content, sizeof(content));
	taken("a sparse file, 1.0");
	ok(is_sparse_file("dest/f"), "is one");
	begin();
	struct tar_gnu_sparse old;
	struct tar_gnu_pieces more = {0};
	struct tar_header header = new_header('S', "f", "", 4);
	memcpy(&old, &header, sizeof(old));
	piece(&old.pieces[0], 0, 0);
	piece(&old.pieces[1], 4096, 3);
	piece(&old.pieces[2], 5000, 0);
	piece(&old.pieces[3], 5001, 0);
	old.more = 1;
	tar_put_number(old.size, 12, 10000);
	memcpy(&header, &old, sizeof(old));
	add_header(&made, header);
	piece(&more.pieces[0], 9998, 1);
	add_bytes(&made, &more, sizeof(more));
	add_bytes(&made, "midz", 4);
	taken("a sparse file, the old form");
	ok(is_sparse_file("dest/f"), "is one");
	static const char *const bad[] = {"GNU.sparse.map=4096,3,4097,1", "GNU.sparse.map=4096,3,9998,9",
					  "GNU.sparse.map=4096,2,9998,1", "GNU.sparse.map=4096,3,9",
					  "GNU.sparse.offset=4096"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		begin();
		add_records(&made, 'x', "GNU.sparse.size=10000", bad[i], NULL);
		add_entry(&made, '0', "f", "", "midz");
		add_end(&made);
		ok_code(read_made(&made, "dest", NULL, 0, NULL, &err), -EBADMSG, &err, "a map that is wrong: %zu", i);
	}
}

/* Compression. */

static void write_bytes(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	NEED(fd);
	if (write(fd, bytes, len) != (ssize_t)len)
		bail(path);
	close(fd);
}

static void gzip_bytes(const char *path, const void *bytes, size_t len)
{
	gzFile out = gzopen(path, "ab");

	if (!out || (len && gzwrite(out, bytes, (unsigned int)len) != (int)len) || gzclose(out) != Z_OK)
		bail(path);
}

static void zstd_bytes(const char *path, const void *bytes, size_t len)
{
	static uint8_t out[1 << 20];
	size_t packed = ZSTD_compress(out, sizeof(out), bytes, len, 1);

	if (ZSTD_isError(packed))
		bail(path);
	write_bytes(path, out, packed);
}

static errint_t read_file(const char *path)
{
	struct mica_tar is;

	mica_remove("dest", NULL, &err);
	return mica_tar_read(path, -1, "dest", NULL, 0, &is, NULL, NULL, &err);
}

static void members(void)
{
	static const uint8_t skipped[] = {0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};

	begin();
	add_entry(&made, '0', "f", "", "text");
	add_end(&made);
	gzip_bytes("two.gz", made.bytes, 600);
	gzip_bytes("two.gz", "", 0);
	gzip_bytes("two.gz", made.bytes + 600, made.len - 600);
	ok_code(read_file("two.gz"), 0, &err, "gzip in three members");
	ok(file_is("dest/f", "text"), "is one tar");
	write_bytes("two.gz", "garbage", 7);
	ok_code(read_file("two.gz"), -EBADMSG, &err, "and something behind them");
	write_bytes("two.zst", skipped, sizeof(skipped));
	zstd_bytes("two.zst", made.bytes, 600);
	zstd_bytes("two.zst", made.bytes + 600, made.len - 600);
	write_bytes("two.zst", skipped, sizeof(skipped));
	ok_code(read_file("two.zst"), 0, &err, "zstd in two frames, and some that are skipped");
	ok(file_is("dest/f", "text"), "is one tar");
	write_bytes("two.zst", "garbage", 7);
	ok_code(read_file("two.zst"), -EBADMSG, &err, "and something behind them");
	for (int i = 0; i < 2; i++) {
		const char *path = i ? "cut.zst" : "cut.gz";
		(i ? zstd_bytes : gzip_bytes)(path, made.bytes, made.len);
		struct stat st;
		NEED(stat(path, &st));
		NEED(truncate(path, st.st_size - 1));
		ok_code(read_file(path), -EBADMSG, &err, "%s without its last byte", path);
		ok(strstr(err.note, "cut off") && !exists("dest"), "%s: is told", path);
		NEED(truncate(path, 7));
		ok_code(read_file(path), -EBADMSG, &err, "%s of 7 bytes", path);
	}
	write_bytes("xz",
		    "\xfd"
		    "7zXZ\0 and more",
		    16);
	ok_code(read_file("xz"), -EOPNOTSUPP, &err, "another compression");
	ok(strstr(err.note, "xz") != NULL, "is named");
}

/* Writing. */

static void lost(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "layer/socket"};
	struct mica_tar is;
	int fd, flags = FS_IMMUTABLE_FL;

	mica_remarks_free(&remarks);
	NEED(mkdir("layer", 0755));
	NEED(fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	NEED(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
	NEED(mkdir("layer/.wh.dir", 0755));
	put_file("layer/.wh.dir/below", "");
	put_file("layer/.wh.file", "");
	put_file("layer/holes", "");
	NEED(truncate("layer/holes", 100000));
	put_file("layer/attributes", "");
	NEED(setxattr("layer/attributes", "trusted.a=b", "x", 1, 0));
	NEED(setxattr("layer/attributes", "trusted.empty", "", 0, 0));
	put_file("layer/fixed", "");
	fd = open("layer/fixed", O_RDONLY | O_CLOEXEC);
	NEED(fd);
	bool fixed = !ioctl(fd, FS_IOC_SETFLAGS, &flags);
	ok_code(mica_tar_write("layer", "lost.tar", -1, 0, 0, &is, &remarks, NULL, &err), 0, &err, "what is lost");
	ok(remarked(&remarks, MICA_REMARK_SOCKET, "socket", "") &&
		   remarked(&remarks, MICA_REMARK_NAME, ".wh.dir", "") &&
		   remarked(&remarks, MICA_REMARK_NAME, ".wh.file", "") &&
		   remarked(&remarks, MICA_REMARK_HOLES, "holes", "") &&
		   remarked(&remarks, MICA_REMARK_XATTR, "attributes", "trusted.a=b") &&
		   remarked(&remarks, MICA_REMARK_EMPTY, "attributes", "trusted.empty") &&
		   (!fixed || remarked(&remarks, MICA_REMARK_FLAGS, "fixed", "i")),
	   "is told, all of it");
	ok(remarks.count == 6u + fixed && is.entries == 4, "and nothing else");
	flags = 0;
	ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	NEED(unlink("layer/socket"));
	NEED(setxattr("layer/fixed", "trusted.overlay.redirect", "x", 1, 0));
	ok_code(mica_tar_write("layer", "no.tar", -1, 0, 0, &is, NULL, NULL, &err), -EOPNOTSUPP, &err,
		"a layer that refers to what is below it");
	ok(!exists("no.tar") && !strcmp(err.path, "fixed"), "leaves no file, and is told where");
	NEED(mkdir("layer/below", 0755));
	NEED(mount("other", "layer/below", "tmpfs", 0, NULL));
	ok_code(mica_tar_write("layer", "no.tar", -1, 0, 0, &is, NULL, NULL, &err), -EOPNOTSUPP, &err,
		"something mounted in a layer");
	ok(!strcmp(err.path, "below"), "is told where");
	NEED(umount("layer/below"));
	ok_code(mica_tar_write("layer", "lost.tar", -1, 0, 0, &is, NULL, NULL, &err), -EEXIST, &err,
		"a file that exists");
	ok(exists("lost.tar"), "stays");
	ok_code(mica_tar_write("nowhere", "no.tar", -1, 0, 0, &is, NULL, NULL, &err), -ENOENT, &err, "no layer");
}

static void failing(void)
{
	struct mica_job cancelled = {.cancel = 1};
	struct mica_tar is;
	int pipes[2];

	make_wide_tree("wide", 10, 60, false);
	make_deep_tree("deep", 1200, "end");
	NEED(mkdir("full", 0755));
	NEED(mount("full", "full", "tmpfs", 0, "size=128k,nr_inodes=400"));
	for (uint32_t how = MICA_TAR_PLAIN; how <= MICA_TAR_ZSTD; how++) {
		ok_code(mica_tar_write("wide", "no.tar", -1, how, 0, &is, NULL, &cancelled, &err), -ECANCELED, &err,
			"cancelled: %u", how);
		ok(!exists("no.tar"), "leaves no file");
	}
	ok_code(mica_tar_write("wide", "full/tar", -1, MICA_TAR_PLAIN, 0, &is, NULL, NULL, &err), -ENOSPC, &err,
		"a full disk");
	ok(!exists("full/tar"), "leaves no file");
	ok_code(mica_tar_write("wide", "wide.tar", -1, MICA_TAR_PLAIN, MICA_SYNC, &is, NULL, NULL, &err), 0, &err,
		"a wide one");
	mica_remove("dest", NULL, &err);
	ok_code(mica_tar_read("wide.tar", -1, "dest", NULL, 0, &is, NULL, &cancelled, &err), -ECANCELED, &err,
		"cancelled: read");
	ok_code(mica_tar_read("wide.tar", -1, "full/dest", NULL, 0, &is, NULL, NULL, &err), -ENOSPC, &err,
		"read to a full disk");
	ok(!exists("dest") && !exists("full/dest"), "leaves no folder");
	NEED(pipe2(pipes, O_CLOEXEC));
	struct mica_job later = {0};
	__atomic_store_n(&later.cancel, 1, __ATOMIC_RELAXED);
	ok_code(mica_tar_read(NULL, pipes[0], "dest", NULL, 0, &is, NULL, &later, &err), -ECANCELED, &err,
		"cancelled while nothing comes");
	close(pipes[0]);
	ok_code(mica_tar_write("wide", NULL, pipes[1], MICA_TAR_GZIP, 0, &is, NULL, NULL, &err), -EPIPE, &err,
		"to a pipe that nobody reads");
	close(pipes[1]);
	ok_code(mica_tar_write("deep", "deep.tar", -1, MICA_TAR_ZSTD, 0, &is, NULL, NULL, &err), 0, &err, "a deep one");
	ok_code(mica_tar_read("deep.tar", -1, "dest", NULL, MICA_SYNC, &is, NULL, NULL, &err), 0, &err, "read again");
	const char *layers[] = {"deep", "dest"};
	struct mica_tree a = plain_tree(&layers[0]), b = plain_tree(&layers[1]);
	uint64_t kinds[4];
	ok_code(count_changes(&a, &b, NULL, kinds, &err), 0, &err, "is the same");
	ok_code(mica_tar_read("wide.tar", -1, "dest", NULL, 0, &is, NULL, NULL, &err), -EEXIST, &err,
		"a folder that exists");
	ok(exists("dest/d"), "stays");
}

/* The walk fails while a thread still writes what it has read before: the file is closed only then. */
static void failing_late(void)
{
	static uint8_t much[4 << 20];
	struct mica_tar is;

	NEED(mkdir("late", 0755));
	write_bytes("late/a", much, sizeof(much));
	put_file("late/z", "");
	NEED(setxattr("late/z", "trusted.overlay.redirect", "x", 1, 0));
	for (int i = 0; i < 10; i++) {
		for (uint32_t how = MICA_TAR_PLAIN; how <= MICA_TAR_ZSTD; how++) {
			ok_code(mica_tar_write("late", "no.tar", -1, how, 0, &is, NULL, NULL, &err), -EOPNOTSUPP, &err,
				"the last of much: %u", how);
			ok(!exists("no.tar"), "leaves no file");
		}
	}
}

int main(void)
{
	enter_sandbox();
	old_forms();
	numbers();
	sparse_forms();
	members();
	lost();
	failing();
	failing_late();
	mica_remarks_free(&remarks);
	return done();
}
