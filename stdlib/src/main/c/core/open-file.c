/* open-file.c - what can be done with a file that is open, whatever its name leads to by now. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base.h"

/* What one getdents64 may return: even of the shortest names its records all fit in MICA_LIST_ROOM, see pack. */
enum { DIRENTS = 8192, COPY = 1 << 17 };

#define SET_ID (S_ISUID | S_ISGID)

static struct mica_stat stat_of(const struct stat *st)
{
	return (struct mica_stat){
		.size = (uint64_t)st->st_size,
		.atime = st->st_atime,
		.mtime = st->st_mtime,
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.nlink = (uint32_t)st->st_nlink,
	};
}

errint_t mica_file_stat(int fd, struct mica_stat *is, struct mica_error *err)
{
	struct stat st;

	mica_error_clear(err);
	if (fstat(fd, &st) < 0)
		return mica_fail(err, -errno, "stat", "");
	*is = stat_of(&st);
	return 0;
}

/* Linux has no call for a descriptor that is open without access (O_PATH): the link in /proc leads to just that file.
 */
static void link_of(int fd, char link[static 40])
{
	snprintf(link, 40, "/proc/self/fd/%d", fd);
}

static errint_t set_size(int fd, const struct mica_set *set, const struct stat *st, struct mica_error *err)
{
	char link[40];

	if (!S_ISREG(st->st_mode))
		return mica_fail_note(err, -EINVAL, "resize", "", "it is not a regular file");
	if (set->what & MICA_SET_NO_SET_ID && st->st_mode & SET_ID)
		return mica_fail_note(err, -EPERM, "resize", "", "it sets a user or group ID");
	link_of(fd, link);
	return truncate(link, (off_t)set->size) < 0 ? mica_fail(err, -errno, "resize", "") : 0;
}

static errint_t set_mode(int fd, const struct mica_set *set, const struct stat *st, struct mica_error *err)
{
	char link[40];

	if (S_ISLNK(st->st_mode))
		return mica_fail_note(err, -EOPNOTSUPP, "chmod", "", "a symlink has no mode of its own");
	if (set->what & MICA_SET_NO_SET_ID && set->mode & SET_ID && !S_ISDIR(st->st_mode))
		return mica_fail_note(err, -EPERM, "chmod", "", "no file may set a user or group ID");
	link_of(fd, link);
	return chmod(link, set->mode & 07777) < 0 ? mica_fail(err, -errno, "chmod", "") : 0;
}

static errint_t set_times(int fd, const struct mica_set *set, struct mica_error *err)
{
	struct timespec times[2] = {{.tv_sec = set->atime}, {.tv_sec = set->mtime}};

	return utimensat(fd, "", times, AT_EMPTY_PATH) < 0 ? mica_fail(err, -errno, "set the times of", "") : 0;
}

errint_t mica_file_set(int fd, const struct mica_set *set, struct mica_error *err)
{
	struct stat st;
	errint_t code = 0;

	mica_error_clear(err);
	if (fstat(fd, &st) < 0)
		return mica_fail(err, -errno, "stat", "");
	if (set->what & MICA_SET_SIZE)
		code = set_size(fd, set, &st, err);
	if (!code && set->what & MICA_SET_OWNER && fchownat(fd, "", set->uid, set->gid, AT_EMPTY_PATH) < 0)
		code = mica_fail(err, -errno, "chown", "");
	if (!code && set->what & MICA_SET_MODE)
		code = set_mode(fd, set, &st, err);
	if (!code && set->what & MICA_SET_TIMES)
		code = set_times(fd, set, err);
	return code;
}

errint_t mica_file_space(int fd, struct mica_space *space, struct mica_error *err)
{
	struct statvfs st;

	mica_error_clear(err);
	if (fstatvfs(fd, &st) < 0)
		return mica_fail(err, -errno, "ask for the space of", "");
	*space = (struct mica_space){
		.block = st.f_frsize,
		.blocks = st.f_blocks,
		.free = st.f_bfree,
		.available = st.f_bavail,
		.files = st.f_files,
		.files_free = st.f_ffree,
		.id = st.f_fsid,
		.flags = st.f_flag,
		.name_max = st.f_namemax,
	};
	return 0;
}

int64_t mica_file_link(int fd, char *text, size_t len, struct mica_error *err)
{
	ssize_t got;

	mica_error_clear(err);
	got = readlinkat(fd, "", text, len);
	if (got >= 0)
		return got;
	return errno == ENOENT ? mica_fail_note(err, -EINVAL, "read the link", "", "it is not a symlink")
			       : mica_fail(err, -errno, "read the link", "");
}

int64_t mica_file_read(int fd, void *bytes, size_t len, uint64_t at, struct mica_error *err)
{
	size_t done = 0;

	mica_error_clear(err);
	while (done < len) {
		ssize_t got = pread(fd, (char *)bytes + done, len - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return mica_fail(err, -errno, "read", "");
		if (!got)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

errint_t mica_file_write(int fd, const void *bytes, size_t len, uint64_t at, struct mica_error *err)
{
	size_t done = 0;

	mica_error_clear(err);
	while (done < len) {
		ssize_t put = pwrite(fd, (const char *)bytes + done, len - done, (off_t)(at + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return mica_fail(err, -errno, "write", "");
		done += (size_t)put;
	}
	return 0;
}

errint_t mica_file_sync(int fd, struct mica_error *err)
{
	mica_error_clear(err);
	return fsync(fd) < 0 ? mica_fail(err, -errno, "sync", "") : 0;
}

static int64_t copy_by_hand(int from, uint64_t from_at, int to, uint64_t to_at, size_t len, struct mica_error *err)
{
	size_t part = len < COPY ? len : COPY;
	cleanup_free char *bytes = malloc(part);
	int64_t got = bytes ? mica_file_read(from, bytes, part, from_at, err) : mica_fail(err, -ENOMEM, "copy", "");
	errint_t code = got > 0 ? mica_file_write(to, bytes, (size_t)got, to_at, err) : 0;

	return code ? code : got;
}

/* The kernel does not copy between any two file systems, nor to the end of a file that is only appended to. */
int64_t mica_file_copy(int from, uint64_t from_at, int to, uint64_t to_at, uint64_t len, struct mica_error *err)
{
	off_t in = (off_t)from_at, out = (off_t)to_at;
	size_t part = len < 1 << 30 ? (size_t)len : 1 << 30;
	ssize_t got;

	mica_error_clear(err);
	got = copy_file_range(from, &in, to, &out, part, 0);
	return got >= 0 ? got : copy_by_hand(from, from_at, to, to_at, part, err);
}

struct dirent_packed {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

/*
 * A record takes 48 bytes and its name, rounded up to 8; the kernel's takes 20 and the name, rounded likewise. So each
 * is at most 32 bytes longer, of at most DIRENTS / 24 in all: they fit in 20 KiB.
 */
static size_t pack(int fd, const char *name, uint8_t *to)
{
	struct mica_name *record = (struct mica_name *)to;
	size_t len = strlen(name);
	struct stat st;

	if (!strcmp(name, ".") || !strcmp(name, "..") || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	record->is = stat_of(&st);
	record->name_len = (uint32_t)len;
	record->record_len = (uint32_t)((sizeof(*record) + len + 7) & ~(size_t)7);
	memcpy(record->name, name, len);
	return record->record_len;
}

int64_t mica_file_list(int fd, void *buf, size_t len, struct mica_error *err)
{
	_Alignas(8) char entries[DIRENTS];
	size_t used = 0;

	mica_error_clear(err);
	if (len < MICA_LIST_ROOM)
		return mica_fail(err, -EMSGSIZE, "list", "");
	while (!used) {
		long got = syscall(SYS_getdents64, fd, entries, sizeof(entries));

		if (got < 0)
			return mica_fail(err, -errno, "list", "");
		if (!got)
			break;
		for (long at = 0; at < got;) {
			const struct dirent_packed *entry = (const void *)(entries + at);

			used += pack(fd, entry->name, (uint8_t *)buf + used);
			at += entry->len;
		}
	}
	return (int64_t)used;
}
