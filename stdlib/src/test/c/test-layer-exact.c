/*
 * Exact copies of layers as tars: what one has that an image cannot have, and what is refused of a stranger's. That
 * random layers come back as they were, lab/run-seeds says.
 */
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "tars.h"
#include "trees.h"

static struct made tar;
static struct mica_error err;

static void begin(void)
{
	tar.len = 0;
	mica_discard("dest", NULL, &err);
	add_entry(&tar, '5', "./", "", "");
}

static errint_t read_it(uint32_t flags)
{
	add_end(&tar);
	return read_made(&tar, "dest", NULL, MICA_LAYER_EXACT | flags, NULL, &err);
}

static void refused(const char *path, const char *why, const char *name)
{
	bool good = ok_code(read_it(0), -EBADMSG, &err, "%s: refused", name);

	good &= ok(strstr(err.note, why) && !strcmp(err.path, path), "%s: with its path and the reason", name);
	good &= ok(!exists("dest"), "%s: nothing is left", name);
	if (!good)
		printf("# %s: %s: %s\n", err.step, err.path, err.note);
}

static void refuse_xattr(const char *record, const char *name)
{
	begin();
	add_records(&tar, 'x', record, NULL);
	add_entry(&tar, '5', "dir/", "", "");
	refused("dir", "no copy of a layer has the attribute", name);
	begin();
	add_records(&tar, 'x', record, NULL);
	add_entry(&tar, '0', "file", "", "text");
	refused("file", "no copy of a layer has the attribute", name);
}

static void strangers_attributes(void)
{
	refuse_xattr("SCHILY.xattr.trusted.overlay.redirect=/etc", "a redirect");
	refuse_xattr("SCHILY.xattr.trusted.overlay.metacopy=", "a metacopy");
	refuse_xattr("SCHILY.xattr.trusted.overlay.origin=x", "an origin");
	refuse_xattr("SCHILY.xattr.trusted.overlay.protattr=i", "a protattr");
	refuse_xattr("SCHILY.xattr.trusted.overlay.nlink=U+1", "an index");
	refuse_xattr("SCHILY.xattr.trusted.overlay.new=1", "what nobody knows");
	begin();
	add_records(&tar, 'x', "SCHILY.xattr.user.overlay.redirect=/etc", NULL);
	add_entry(&tar, '5', "dir/", "", "");
	ok_code(read_it(MICA_LAYER_USERXATTR), -EBADMSG, &err, "a redirect in the namespace that counts");
}

static void twice(const char *name, char first, char second)
{
	begin();
	add_entry(&tar, first, "name", "x", "");
	add_entry(&tar, second, "name", "x", "");
	refused("name", "comes twice", name);
}

static void strangers_forms(void)
{
	twice("a file twice", '0', '0');
	twice("a file, then a device", '0', '6');
	twice("a directory, then a file", '5', '0');
	twice("a directory twice", '5', '5');
	twice("a link, then a directory", '2', '5');
	begin();
	add_entry(&tar, '5', "./", "", "");
	refused(".", "comes twice", "the root twice");
	begin();
	add_entry(&tar, '0', "dir/file", "", "");
	refused("dir", "has not come before", "an entry without its directory");
	begin();
	add_entry(&tar, '2', "link", "../outside", "");
	add_entry(&tar, '0', "link/new", "", "");
	refused("link", "symbolic link", "an entry below a link");
	begin();
	add_records(&tar, 'x', "MICA.flags=x", NULL);
	add_entry(&tar, '0', "file", "", "");
	ok_code(read_it(0), -EBADMSG, &err, "flags that are none");
	begin();
	add_records(&tar, 'x', "MICA.xattr=user.a", NULL);
	add_entry(&tar, '0', "file", "", "");
	ok_code(read_it(0), -EBADMSG, &err, "an attribute without a value");
	begin();
	add_records(&tar, 'x', "MICA.more=1", NULL);
	add_entry(&tar, '0', "file", "", "");
	refused("file", "pax record", "a record that nobody knows");
	begin();
	tar.len = 0;
	add_entry(&tar, '0', "file", "", "");
	refused("", "no root", "a tar without a root");
	begin();
	add_entry(&tar, 's', "socket", "", "");
	add_end(&tar);
	ok_code(read_made(&tar, "dest", NULL, 0, NULL, &err), -EOPNOTSUPP, &err, "an image with a socket");
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	NEED(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

static void make_layer(void)
{
	struct timespec old[2] = {{0, UTIME_OMIT}, {-1, 500000000}};

	NEED(mkdir("layer", 0755));
	NEED(mkdir("layer/dir", 0750));
	put_file("layer/dir/.wh.name", "a user's");
	make_socket("layer/socket");
	NEED(mknod("layer/gone", S_IFCHR, makedev(0, 0)));
	NEED(link("layer/gone", "layer/dir/gone"));
	NEED(lsetxattr("layer/dir", "trusted.overlay.opaque", "y", 1, 0));
	NEED(lsetxattr("layer/dir", "trusted.overlay.impure", "y", 1, 0));
	NEED(lsetxattr("layer", "trusted.overlay.origin", "x", 1, 0));
	NEED(lsetxattr("layer/dir", "trusted.overlay.overlay.redirect", "/user", 5, 0));
	NEED(lsetxattr("layer/dir/.wh.name", "trusted.a=b", "c=d", 3, 0));
	NEED(lsetxattr("layer/dir/.wh.name", "trusted.empty", "", 0, 0));
	put_file("layer/holes", "begin");
	NEED(truncate("layer/holes", 10000000));
	put_file("layer/empty", "");
	NEED(truncate("layer/empty", 3000000));
	NEED(utimensat(AT_FDCWD, "layer/holes", old, 0));
}

static bool has(const char *path, const char *name, const char *value)
{
	char got[64];
	ssize_t len = lgetxattr(path, name, got, sizeof(got));

	return len == (ssize_t)strlen(value) && !memcmp(got, value, (size_t)len);
}

static void comes_back(void)
{
	const char *layers[] = {"layer"}, *copies[] = {"copy"};
	const struct mica_tree layer = {layers, 1, MICA_TREE_LAYER, 0, 0}, copy = {copies, 1, MICA_TREE_PLAIN, 0, 0};
	struct mica_tar wrote, read;
	struct mica_totals totals;
	uint8_t before[32], after[32];
	struct stat st, other;

	make_layer();
	ok_code(mica_tar_write("layer", "file", -1, MICA_TAR_PLAIN, MICA_LAYER_EXACT, &wrote, NULL, NULL, &err), 0,
		&err, "a layer is written");
	ok(wrote.bytes < 100000, "its holes are not");
	ok_code(mica_tar_read("file", -1, "copy", NULL, MICA_LAYER_EXACT, &read, NULL, NULL, &err), 0, &err,
		"and read");
	ok(wrote.entries == read.entries, "as many entries");
	ok(!lstat("copy/socket", &st) && S_ISSOCK(st.st_mode), "a socket");
	ok(!lstat("copy/gone", &st) && S_ISCHR(st.st_mode) && !st.st_rdev && st.st_nlink == 2,
	   "a device 0:0 of two names");
	ok(!lstat("copy/holes", &st) && st.st_size == 10000000 && st.st_blocks < 100, "holes");
	ok(!lstat("copy/empty", &other) && other.st_size == 3000000 && other.st_blocks == 0, "nothing but a hole");
	ok(st.st_mtim.tv_sec == -1 && st.st_mtim.tv_nsec == 500000000, "half a second before 1970");
	ok(file_is("copy/dir/.wh.name", "a user's") && has("copy/dir/.wh.name", "trusted.a=b", "c=d") &&
		   has("copy/dir/.wh.name", "trusted.empty", ""),
	   "a name and attributes that no image can have");
	ok(has("copy/dir", "trusted.overlay.opaque", "y") &&
		   has("copy/dir", "trusted.overlay.overlay.redirect", "/user"),
	   "overlay's attributes as they are stored");
	ok(!has("copy/dir", "trusted.overlay.impure", "y") && !has("copy", "trusted.overlay.origin", "x"),
	   "but not what it noted for itself");
	ok_code(mica_manifest(&layer, before, &totals, NULL, &err), 0, &err, "the digest is known before");
	ok_code(mica_manifest(&copy, after, &totals, NULL, &err), 0, &err, "and after");
	ok(!memcmp(before, after, 32), "and is the same");
	NEED(lsetxattr("layer/dir", "trusted.overlay.redirect", "x", 1, 0));
	ok_code(mica_tar_write("layer", "file2", -1, MICA_TAR_PLAIN, MICA_LAYER_EXACT, &wrote, NULL, NULL, &err),
		-EOPNOTSUPP, &err, "a layer that leads elsewhere is not written");
	ok_code(mica_manifest(&layer, before, &totals, NULL, &err), -EOPNOTSUPP, &err, "nor has it a digest");
	ok_code(mica_tar_write("copy", "file3", -1, MICA_TAR_GZIP, MICA_LAYER_EXACT, &wrote, NULL, NULL, &err), -EINVAL,
		&err, "an exact copy is not compressed");
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("outside", 0755));
	comes_back();
	strangers_attributes();
	strangers_forms();
	ok(!exists("outside/new"), "nothing outside was made");
	return done();
}
