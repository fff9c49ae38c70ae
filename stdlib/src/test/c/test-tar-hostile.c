/*
 * Tars that mean harm, or that two readers would not read alike: what is refused is refused with its entry and a
 * reason, leaves nothing, and has touched nothing outside; what is not refused gives one tree.
 */
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include "tars.h"

static struct made tar;
static struct mica_error err;
static struct mica_remarks remarks;

static void begin(void)
{
	tar.len = 0;
	mica_remarks_free(&remarks);
	mica_remove("dest", NULL, &err);
}

static errint_t read_it(void)
{
	add_end(&tar);
	return read_made(&tar, "dest", NULL, 0, &remarks, &err);
}

static void refused(errint_t want, const char *path, const char *why, const char *name)
{
	bool good = ok_code(read_it(), want, &err, "%s: refused", name);

	good &= ok(strstr(err.note, why) != NULL, "%s: the reason is told", name);
	good &= ok(!strcmp(err.path, path), "%s: with its path", name);
	good &= ok(!exists("dest"), "%s: nothing is left", name);
	good &= ok(file_is("outside/file", "kept") && !exists("outside/new"), "%s: nothing outside is touched", name);
	if (!good)
		printf("# %s: %s: %s\n", err.step, err.path, err.note);
}

static void taken(const char *name)
{
	ok_code(read_it(), 0, &err, "%s: taken", name);
}

/* One entry that is refused. */
static void refuse_entry(char type, const char *entry, const char *link, const char *path, const char *why)
{
	begin();
	add_entry(&tar, type, entry, link, "");
	refused(-EBADMSG, path, why, entry);
}

static void names(void)
{
	refuse_entry('0', "../outside/new", "", "../outside/new", "\"..\"");
	refuse_entry('0', "a/../../outside/new", "", "a/../../outside/new", "\"..\"");
	refuse_entry('0', "a/b/..", "", "a/b/..", "\"..\"");
	refuse_entry('5', "/../x/", "", "/../x/", "\"..\"");
	refuse_entry('0', "", "", ".", "no name");
	refuse_entry('0', ".", "", ".", "would be the root");
	refuse_entry('2', "./", "/etc", ".", "would be the root");
	refuse_entry('1', "/", "etc", ".", "would be the root");
	refuse_entry('3', "zero", "", "zero", "0:0");
	refuse_entry('0', ".wh.", "", ".wh.", "a whiteout of nothing");
	refuse_entry('0', "a/.wh.", "", "a/.wh.", "a whiteout of nothing");
	refuse_entry('0', ".wh..", "", ".wh..", "a whiteout of nothing");
	refuse_entry('0', ".wh...", "", ".wh...", "a whiteout of nothing");
	refuse_entry('0', "a/.wh.../b", "", "a/.wh.../b", "below a whiteout");
	refuse_entry('0', ".wh.a/b", "", ".wh.a/b", "below a whiteout");
	refuse_entry('0', ".wh..wh..opq/b", "", ".wh..wh..opq/b", "below a whiteout");
	begin();
	add_entry(&tar, '0', "/etc//./a", "", "absolute");
	add_entry(&tar, '0', "./b", "", "relative");
	taken("names from the root");
	ok(file_is("dest/etc/a", "absolute") && file_is("dest/b", "relative"), "are names in the folder");
}

static void ways_out(void)
{
	begin();
	add_entry(&tar, '2', "way", "../outside", "");
	add_entry(&tar, '0', "way/new", "", "x");
	refused(-EBADMSG, "way", "symbolic link", "an entry through a symbolic link");
	begin();
	add_entry(&tar, '5', "dir", "", "");
	add_entry(&tar, '2', "dir/way", "../../outside", "");
	add_entry(&tar, '5', "dir/way/new", "", "");
	refused(-EBADMSG, "dir/way", "symbolic link", "a directory through one");
	begin();
	add_entry(&tar, '2', "way", "../outside", "");
	add_entry(&tar, '1', "new", "way/file", "");
	refused(-EBADMSG, "new", "not in this tar", "a hard link through one");
	begin();
	add_entry(&tar, '1', "new", "../outside/file", "");
	refused(-EBADMSG, "new", "\"..\"", "a hard link to outside");
	begin();
	add_entry(&tar, '1', "new", "/etc/passwd", "");
	refused(-EBADMSG, "new", "not in this tar", "a hard link to the host's");
	begin();
	add_entry(&tar, '2', "file", "../outside/file", "");
	add_entry(&tar, '0', "file", "", "new");
	taken("a file in place of a symbolic link");
	ok(file_is("dest/file", "new") && file_is("outside/file", "kept"), "does not write through it");
	begin();
	add_entry(&tar, '2', "way", "../outside", "");
	add_entry(&tar, '5', "way", "", "");
	add_entry(&tar, '0', "way/new", "", "x");
	taken("a directory in place of a symbolic link");
	ok(file_is("dest/way/new", "x") && !exists("outside/new"), "is a directory of its own");
	begin();
	add_entry(&tar, '2', "way", "../outside/file", "");
	add_entry(&tar, '1', "same", "way", "");
	taken("a hard link to a symbolic link");
	struct stat st;
	ok(!lstat("dest/same", &st) && S_ISLNK(st.st_mode) && st.st_nlink == 2, "is the link itself");
	begin();
	add_entry(&tar, '0', "file", "", "x");
	add_entry(&tar, '0', "file/below", "", "x");
	refused(-EBADMSG, "file", "no directory", "an entry below a file");
}

static void links(void)
{
	begin();
	add_entry(&tar, '1', "a", "b", "");
	add_entry(&tar, '0', "b", "", "late");
	refused(-EBADMSG, "a", "not in this tar before it", "a hard link to what comes later");
	begin();
	add_entry(&tar, '0', "a", "", "");
	add_entry(&tar, '1', "a", "a", "");
	refused(-EBADMSG, "a", "to itself", "a hard link to itself");
	begin();
	add_entry(&tar, '5', "a", "", "");
	add_entry(&tar, '1', "b", "a", "");
	refused(-EBADMSG, "b", "directory", "a hard link to a directory");
	begin();
	add_entry(&tar, '0', ".wh.a", "", "");
	add_entry(&tar, '1', "b", "a", "");
	refused(-EBADMSG, "b", "not in this tar", "a hard link to what was deleted");
	begin();
	add_entry(&tar, '5', "d", "", "");
	add_entry(&tar, '0', "d/f", "", "text");
	add_entry(&tar, '1', "b", "./d/f", "");
	add_entry(&tar, '0', "d/f", "", "other");
	taken("a name that another was linked with, again");
	ok(file_is("dest/b", "text") && file_is("dest/d/f", "other"), "is a new file");
	begin();
	add_entry(&tar, '2', "l", "", "");
	refused(-EBADMSG, "l", "link to nothing", "a symbolic link without a target");
}

static bool is_opaque(const char *path)
{
	char letter;

	return lgetxattr(path, "trusted.overlay.opaque", &letter, 1) == 1 && letter == 'y';
}

static void deletions(void)
{
	begin();
	add_entry(&tar, '0', ".wh.a", "", "");
	add_entry(&tar, '0', "a", "", "there");
	add_entry(&tar, '0', "b", "", "there");
	add_entry(&tar, '0', ".wh.b", "", "");
	taken("a file that is deleted and there");
	ok(file_is("dest/a", "there") && file_is("dest/b", "there"), "is there");
	begin();
	add_entry(&tar, '0', ".wh.a", "", "");
	add_entry(&tar, '0', "a/f", "", "there");
	add_entry(&tar, '5', "b", "", "");
	add_entry(&tar, '0', ".wh.b", "", "");
	add_entry(&tar, '0', "c", "", "");
	add_entry(&tar, '0', ".wh.c", "", "");
	add_entry(&tar, '5', "c", "", "");
	add_entry(&tar, '5', "d", "", "");
	taken("a directory that is deleted and there");
	ok(is_opaque("dest/a") && is_opaque("dest/b") && is_opaque("dest/c") && !is_opaque("dest/d"), "is opaque");
	ok(file_is("dest/a/f", "there"), "with what is in it");
	begin();
	add_entry(&tar, '0', "d/.wh.gone", "", "");
	add_entry(&tar, '0', "d/.wh..wh..opq", "", "");
	add_entry(&tar, '0', "d/f", "", "there");
	add_entry(&tar, '0', "e/.wh.gone", "", "");
	add_entry(&tar, '1', "e/.wh.link", "nowhere", "");
	add_entry(&tar, '5', "e/.wh.dir/", "", "");
	taken("an opaque directory, and whiteouts");
	ok(is_opaque("dest/d") && !exists("dest/d/gone") && file_is("dest/d/f", "there"),
	   "in an opaque directory nothing is deleted besides");
	ok(is_whiteout("dest/e/gone") && is_whiteout("dest/e/link") && is_whiteout("dest/e/dir"),
	   "a whiteout is one by its name, of whatever type");
	ok(remarked(&remarks, MICA_REMARK_PARENT, "d", "") && remarked(&remarks, MICA_REMARK_PARENT, ".", ""),
	   "directories without an entry are told");
	begin();
	add_entry(&tar, '0', ".wh..wh..opq", "", "");
	taken("an opaque root");
	ok(is_opaque("dest") && remarked(&remarks, MICA_REMARK_ROOT, ".", ""), "is told");
	begin();
	add_entry(&tar, '5', ".wh..wh.plnk", "", "");
	add_entry(&tar, '0', ".wh..wh.plnk/12.34", "", "x");
	add_entry(&tar, '0', "a/.wh..wh.aufs", "", "");
	taken("what AUFS left");
	ok(!exists("dest/.wh..wh.plnk") && remarked(&remarks, MICA_REMARK_AUFS, ".wh..wh.plnk/12.34", ""),
	   "is left out, and told");
}

static void again(void)
{
	struct stat st;

	begin();
	add_entry(&tar, '5', "a", "", "");
	add_entry(&tar, '0', "a/b/c/f", "", "old");
	add_entry(&tar, '0', "a", "", "file");
	add_entry(&tar, '0', "b", "", "old");
	add_entry(&tar, '0', "b", "", "new");
	add_entry(&tar, '0', "c", "", "old");
	add_entry(&tar, '6', "c", "", "");
	taken("names that come again");
	ok(file_is("dest/a", "file") && file_is("dest/b", "new"), "are what came last");
	ok(!lstat("dest/c", &st) && S_ISFIFO(st.st_mode), "of whatever type");
	begin();
	add_entry(&tar, '5', "a", "", "");
	add_entry(&tar, '0', "a/old", "", "old");
	add_entry(&tar, '0', "a", "", "file");
	add_entry(&tar, '0', "a/new", "", "new");
	refused(-EBADMSG, "a", "no directory", "an entry below what a directory became");
	begin();
	add_entry(&tar, '0', "a/f", "", "text");
	struct tar_header late = new_header('5', "a/", "", 0);
	tar_put_number(late.mode, 8, 01711);
	tar_put_number(late.uid, 8, 77);
	add_header(&tar, late);
	taken("a directory that comes after what is in it");
	ok(!stat("dest/a", &st) && (st.st_mode & 07777) == 01711 && st.st_uid == 77 && st.st_mtime == 1000000000 &&
		   file_is("dest/a/f", "text"),
	   "has its attributes, and what is in it");
	begin();
	add_entry(&tar, '0', "a/f", "", "text");
	taken("a directory that never comes");
	ok(!stat("dest/a", &st) && (st.st_mode & 07777) == 0755 && !st.st_uid && !st.st_mtime, "is 0755, root's");
	ok(!stat("dest", &st) && (st.st_mode & 07777) == 0755 && !st.st_mtime, "and so is the root");
}

static void limit(const struct mica_tar_limits *limits, errint_t want, const char *name)
{
	add_end(&tar);
	ok_code(read_made(&tar, "dest", limits, 0, &remarks, &err), want, &err, "%s", name);
	ok(exists("dest") == !want, "%s: nothing is left", name);
}

static void limits(void)
{
	begin();
	add_entry(&tar, '0', "a/b/c/d", "", "");
	limit(&(struct mica_tar_limits){.depth = 4, .entries = 4}, 0, "as deep and as many as may be");
	begin();
	add_entry(&tar, '0', "a/b/c/d", "", "");
	limit(&(struct mica_tar_limits){.depth = 3}, -ENAMETOOLONG, "too deep");
	begin();
	add_entry(&tar, '0', "a/b/c/d", "", "");
	limit(&(struct mica_tar_limits){.entries = 3}, -E2BIG, "too many, directories counted");
	begin();
	add_entry(&tar, '0', "12345678", "", "");
	limit(&(struct mica_tar_limits){.path = 7}, -ENAMETOOLONG, "a name that is too long");
	begin();
	add_entry(&tar, '2', "l", "12345678", "");
	limit(&(struct mica_tar_limits){.path = 7}, -ENAMETOOLONG, "a target that is too long");
	begin();
	add_entry(&tar, '0', "a", "", "");
	limit(&(struct mica_tar_limits){.bytes = 1024}, -EFBIG, "too many bytes");
	begin();
	add_records(&tar, 'x', "GNU.sparse.size=1000000000000", NULL);
	add_entry(&tar, '0', "a", "", "");
	limit(&(struct mica_tar_limits){.bytes = 1 << 20}, -EFBIG, "a file of holes alone that is too large");
}

static void damaged_at(size_t len, const char *name)
{
	tar.len = len;
	ok_code(read_made(&tar, "dest", NULL, 0, NULL, &err), -EBADMSG, &err, "%s", name);
	ok(*err.note && !exists("dest"), "%s: told, and nothing is left", name);
}

static void damaged(void)
{
	begin();
	damaged_at(0, "nothing");
	add_entry(&tar, '0', "a", "", "text");
	damaged_at(tar.len, "an end without its zeros");
	damaged_at(512 + 2, "cut off in a file");
	damaged_at(300, "cut off in a header");
	begin();
	add_entry(&tar, '0', "a", "", "text");
	add_end(&tar);
	add_bytes(&tar, "more", 4);
	damaged_at(tar.len, "followed by something");
	begin();
	add_entry(&tar, '0', "a", "", "text");
	tar.bytes[0] = 'b';
	damaged_at(tar.len, "a wrong checksum");
	begin();
	add_records(&tar, 'x', "path=a", NULL);
	add_end(&tar);
	damaged_at(tar.len, "a pax header without an entry");
	begin();
	add_records(&tar, 'x', "path=a", NULL);
	add_records(&tar, 'x', "path=b", NULL);
	add_entry(&tar, '0', "c", "", "");
	add_end(&tar);
	damaged_at(tar.len, "two pax headers");
	begin();
	add_pax(&tar, 'x', "99 path=a\n", 10);
	add_entry(&tar, '0', "c", "", "");
	add_end(&tar);
	damaged_at(tar.len, "a record that is longer than its header");
	begin();
	add_pax(&tar, 'x', "12 path=a\0b\n", 12);
	add_entry(&tar, '0', "c", "", "");
	add_end(&tar);
	damaged_at(tar.len, "a NUL in a name");
	begin();
	add_entry(&tar, 'M', "a", "", "");
	ok_code(read_it(), -EOPNOTSUPP, &err, "a type that is not known");
	begin();
	struct tar_header huge = new_header('0', "a", "", 0);
	tar_put_number(huge.uid, 8, 0);
	memset(huge.uid, 0xff, 8);
	add_header(&tar, huge);
	refused(-EBADMSG, "a", "number", "a negative owner");
}

static void rights(void)
{
	struct stat st;
	struct tar_header header;

	begin();
	header = new_header('0', "suid", "", 0);
	tar_put_number(header.mode, 8, 06755);
	tar_put_number(header.uid, 8, 1000);
	add_header(&tar, header);
	header = new_header('4', "disk", "", 0);
	tar_put_number(header.major, 8, 8);
	tar_put_number(header.minor, 8, 1);
	add_header(&tar, header);
	taken("setuid and a device");
	ok(!stat("dest/suid", &st) && (st.st_mode & 07777) == 06755 && st.st_uid == 1000,
	   "setuid stays, for its owner");
	ok(!lstat("dest/disk", &st) && S_ISBLK(st.st_mode) && st.st_rdev == makedev(8, 1), "the device is one");
	begin();
	add_records(&tar, 'x', "SCHILY.xattr.nobodys.own=x", NULL);
	add_entry(&tar, '0', "a", "", "");
	add_records(&tar, 'x', "SCHILY.acl.access=user::rw-,x", NULL);
	add_entry(&tar, '0', "b", "", "");
	add_records(&tar, 'x', "SCHILY.xattr.trusted.overlay.opaque=y", NULL);
	add_entry(&tar, '5', "d", "", "");
	taken("attributes");
	ok(remarked(&remarks, MICA_REMARK_XATTR, "a", "nobodys.own"), "one that cannot be given is told");
	ok(remarked(&remarks, MICA_REMARK_KEY, "b", "SCHILY.acl.access"), "a record that is not taken is told");
	ok(!is_opaque("dest/d") && lgetxattr("dest/d", "trusted.overlay.overlay.opaque", NULL, 0) == 1,
	   "overlay's own are escaped: nothing in a tar makes an overlay of it");
}

static bool as_nobody(void)
{
	struct stat st;
	struct tar_header header;

	NEED(chdir("nobodys"));
	NEED(setresgid(65534, 65534, 65534));
	NEED(setresuid(65534, 65534, 65534));
	tar.len = 0;
	mica_remarks_free(&remarks);
	header = new_header('0', "suid", "", 0);
	tar_put_number(header.mode, 8, 06755);
	add_records(&tar, 'x', "SCHILY.xattr.trusted.x=y", NULL);
	add_header(&tar, header);
	header = new_header('3', "null", "", 0);
	tar_put_number(header.major, 8, 1);
	tar_put_number(header.minor, 8, 3);
	add_header(&tar, header);
	add_entry(&tar, '0', ".wh.gone", "", "");
	add_end(&tar);
	if (read_made(&tar, "dest", NULL, MICA_LAYER_USERXATTR, &remarks, &err) != -EPERM || exists("dest"))
		return false;
	mica_remarks_free(&remarks);
	if (read_made(&tar, "dest", NULL, MICA_LAYER_USERXATTR | MICA_OWN, &remarks, &err) < 0)
		return false;
	return !stat("dest/suid", &st) && (st.st_mode & 07777) == 0755 && st.st_uid == 65534 &&
	       remarked(&remarks, MICA_REMARK_XATTR, "suid", "trusted.x") &&
	       remarked(&remarks, MICA_REMARK_DEVICE, "null", "") && !exists("dest/null") &&
	       lgetxattr("dest/gone", "user.overlay.whiteout", NULL, 0) == 1;
}

/* Without privilege, in the form that such callers have. */
static void without_rights(void)
{
	int status;
	pid_t child;

	NEED(mkdir("nobodys", 0700));
	NEED(chown("nobodys", 65534, 65534));
	if (setxattr("nobodys", "user.a", "", 0, 0) < 0) {
		skip("layers of users without privilege", "no user.* attributes on tmpfs");
		return;
	}
	fflush(stdout);
	NEED(child = fork());
	if (!child) {
		bool good = as_nobody();

		if (!good)
			fprintf(stderr, "# %s: %s: %s\n", err.step, err.path, err.note);
		mica_remarks_free(&remarks);
		_exit(!good);
	}
	NEED(waitpid(child, &status, 0));
	ok(status == 0, "what a user may not have is left out where that is wanted, and told");
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("outside", 0755));
	put_file("outside/file", "kept");
	names();
	ways_out();
	links();
	deletions();
	again();
	limits();
	damaged();
	rights();
	without_rights();
	mica_remarks_free(&remarks);
	return done();
}
