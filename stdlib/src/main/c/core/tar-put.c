/* tar-put.c - writes one entry of a layer folder: all that a tar can store of it, and remarks on the rest. */
#include "tar-put.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "copy.h"
#include "exact.h"
#include "flags.h"
#include "remarks.h"
#include "tar-format.h"
#include "tar-holes.h"

#define WHITEOUT ".wh."
#define OPAQUE ".wh..wh..opq"

errint_t tar_put_fail(struct tar_put *put, errint_t code, const char *step, const char *name, const char *note)
{
	cleanup_free char *path = dir_stack_join(&put->stack, name);

	return mica_fail_note(put->err, code, step, path && *path ? path : *name ? name : ".", "%s", note);
}

errint_t tar_put_remark(struct tar_put *put, uint32_t what, const char *path, const char *detail)
{
	errint_t code = remarks_add(put->remarks, what, *path ? path : ".", detail);

	return code < 0 ? mica_fail(put->err, code, "write tar", path) : 0;
}

static errint_t put_headers(struct tar_put *put, const struct tar_entry *entry)
{
	errint_t code = tar_encode(&put->headers, entry);

	if (code < 0)
		return mica_fail(put->err, code, "write tar", entry->path);
	put->entries++;
	return tar_out_put(&put->out, put->headers.bytes, put->headers.len);
}

/* A whiteout or an opaque marker, which consists of its name only. */
static errint_t put_marker(struct tar_put *put, const char *prefix, const char *name)
{
	cleanup_free char *whole = malloc(strlen(prefix) + strlen(name) + 1);
	cleanup_free char *path = NULL;
	struct tar_entry entry = {.type = '0', .meta = {.mode = 0600}};

	if (whole)
		path = dir_stack_join(&put->stack, strcat(strcpy(whole, prefix), name));
	if (!path)
		return tar_put_fail(put, -ENOMEM, "write tar", name, "");
	entry.path = path;
	return put_headers(put, &entry);
}

/* Adds remarks on what a tar cannot store of an entry. An exact tar can store everything. */
static errint_t remark_lost(struct tar_put *put, struct tar_entry *entry, const struct statx *stx)
{
	static const char *const letters[] = {"", "i", "a", "ai"};
	const char *path = entry->path;
	const struct xattr_view *xattrs = entry->xattrs;
	errint_t code = 0;

	entry->exact = put->exact;
	entry->flags |= flags_of(stx);
	if (!*path)
		entry->flags = 0; /* those of the root belong to the place where it lies */
	if (*path && stx->stx_attributes & STATX_ATTR_MOUNT_ROOT && !(put->names && !S_ISDIR(stx->stx_mode)))
		return mica_fail_note(put->err, -EOPNOTSUPP, "write tar", path,
				      put->names ? "something is mounted here"
						 : "something is mounted here, inside a layer; unmount it "
						   "first");
	if (put->exact)
		return 0;
	if (entry->flags)
		code = tar_put_remark(put, MICA_REMARK_FLAGS, path, letters[entry->flags]);
	for (size_t i = 0; code == 0 && i < xattrs->count; i++) {
		if (!tar_holds_xattr(xattrs->list[i].name))
			code = tar_put_remark(put, MICA_REMARK_XATTR, path, xattrs->list[i].name);
		else if (!xattrs->list[i].len)
			code = tar_put_remark(put, MICA_REMARK_EMPTY, path, xattrs->list[i].name);
	}
	return code;
}

/* Reads the attributes as they are stored, for an exact copy. */
static errint_t read_exact(struct tar_put *put, int dirfd, const char *name, const char *shown,
			   struct xattr_view *xattrs, uint8_t *flags)
{
	cleanup_xattr_names struct xattr_names names;
	const char *why = "";
	errint_t code;

	names.heap = NULL; /* as below */
	code = xattr_list(dirfd, name, &names);
	if (code == 0)
		code = exact_xattrs(dirfd, name, put->upper.space, &names, xattrs, flags, &why);
	return code < 0 ? tar_put_fail(put, code, "read attributes", shown, why) : 0;
}

/* Reads the attributes of name in dirfd (as in xattr.h): those that the tree shows, and overlay's own. */
static errint_t read_xattrs(struct tar_put *put, int dirfd, const char *name, const char *shown,
			    struct xattr_view *xattrs, uint32_t *overlay_xattrs, uint8_t *flags)
{
	cleanup_xattr_names struct xattr_names names;
	errint_t code;

	names.heap = NULL; /* the rest need not be zeroed for every file */
	*overlay_xattrs = 0;
	if (put->exact)
		return read_exact(put, dirfd, name, shown, xattrs, flags);
	code = upper_xattrs(&put->upper, dirfd, name, shown, &names, overlay_xattrs);
	if (code < 0)
		return code;
	code = xattr_read_listed(dirfd, name, put->upper.space, &names, xattrs);
	return code < 0 ? tar_put_fail(put, code, "read attributes", shown, "") : 0;
}

/* A name of an inode with several names. *first is its path in the tar if it is there already (to be freed), or NULL.
 */
static errint_t see_link(struct tar_put *put, const char *path, const struct statx *stx, char **first)
{
	uint64_t dev = (uint64_t)stx->stx_dev_major << 32 | stx->stx_dev_minor;
	struct group *link;
	errint_t code = 0;

	*first = NULL;
	if (stx->stx_nlink < 2)
		return 0;
	link = groups_see(&put->links, dev, stx->stx_ino, stx->stx_nlink);
	if (link && link->path)
		code = (*first = strdup(link->path)) ? 0 : -ENOMEM;
	else if (!link || !(link->path = strdup(path)))
		code = -ENOMEM;
	if (link)
		groups_done(&put->links, link);
	return code < 0 ? mica_fail(put->err, code, "write tar", path) : 0;
}

static bool has_holes(int fd, const struct statx *stx)
{
	off_t hole;

	if (!stx->stx_size || stx->stx_blocks * 512 >= stx->stx_size)
		return false;
	hole = lseek(fd, 0, SEEK_HOLE);
	return hole >= 0 && (uint64_t)hole < stx->stx_size;
}

static bool same_time(const struct statx_timestamp *a, const struct statx_timestamp *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static errint_t put_piece(struct tar_put *put, int fd, const char *path, uint64_t at, uint64_t end)
{
	while (at < end) {
		uint8_t *to;
		size_t room;
		ssize_t got;
		errint_t code = tar_out_room(&put->out, &to, &room);

		if (code < 0)
			return code;
		if (room > end - at)
			room = (size_t)(end - at);
		got = pread(fd, to, room, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return mica_fail(put->err, -errno, "read", path);
		if (!got)
			break; /* the caller notices that bytes are missing */
		tar_out_used(&put->out, (size_t)got);
		at += (uint64_t)got;
		job_add(put->job, 0, (uint64_t)got);
		pace_add(put->pace, PACE_FIRST, (uint64_t)got);
	}
	return 0;
}

/* Writes the file's bytes, or with a map those of its pieces. Then it checks that the file has not changed. */
static errint_t put_content(struct tar_put *put, int fd, const char *path, const struct statx *stx,
			    const struct tar_map *map)
{
	struct statx after;
	uint64_t bytes = map ? 0 : stx->stx_size;
	errint_t code = map ? 0 : put_piece(put, fd, path, 0, stx->stx_size);

	for (size_t i = 0; code == 0 && map && i < map->count; i++) {
		const struct tar_map_piece *piece = &map->pieces[i];

		code = put_piece(put, fd, path, piece->offset, piece->offset + piece->len);
		bytes += piece->len;
	}
	if (code < 0)
		return code;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &after) < 0)
		return mica_fail(put->err, -errno, "stat", path);
	if (after.stx_size != stx->stx_size || !same_time(&after.stx_mtime, &stx->stx_mtime))
		return mica_fail_note(put->err, -EBUSY, "read", path, "it was written to meanwhile");
	return tar_out_zeros(&put->out, tar_padding(bytes));
}

/* Headers, map and content of a file that may have holes. */
static errint_t put_sparse(struct tar_put *put, int fd, struct tar_entry *entry, const struct statx *stx)
{
	struct tar_map map = {0};
	struct tar_bytes text = {0};
	uint64_t bytes;
	errint_t code = tar_holes_find(fd, stx->stx_size, entry->path, &map, &entry->sparse, put->err);

	if (code == 0 && entry->sparse) {
		code = tar_holes_text(&map, &text, &bytes);
		if (code < 0)
			mica_fail(put->err, code, "write tar", entry->path);
		entry->real_size = entry->size;
		entry->size = text.len + bytes;
	}
	if (code == 0)
		code = put_headers(put, entry);
	if (code == 0 && entry->sparse)
		code = tar_out_put(&put->out, text.bytes, text.len);
	if (code == 0)
		code = put_content(put, fd, entry->path, stx, entry->sparse ? &map : NULL);
	tar_bytes_free(&text);
	free(map.pieces);
	return code;
}

errint_t tar_put_file(struct tar_put *put, const char *name, const char *path)
{
	cleanup_fd int fd = copy_open(dir_stack_fd(&put->stack), name);
	cleanup_xattr_view struct xattr_view xattrs = {0};
	cleanup_free char *first = NULL;
	struct tar_entry entry = {.path = path, .type = '0', .xattrs = &xattrs};
	struct statx stx;
	uint32_t overlay_xattrs;
	errint_t code;

	if (fd < 0)
		return mica_fail(put->err, fd, "open", path);
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return mica_fail(put->err, -errno, "stat", path);
	if (!S_ISREG(stx.stx_mode))
		return mica_fail_note(put->err, -EBUSY, "write tar", path, "it was replaced meanwhile");
	code = read_xattrs(put, fd, "", name, &xattrs, &overlay_xattrs, &entry.flags);
	if (code == 0)
		code = remark_lost(put, &entry, &stx);
	if (code == 0)
		code = see_link(put, path, &stx, &first);
	if (code < 0)
		return code;
	entry.meta = meta_of(&stx);
	entry.size = first ? 0 : stx.stx_size;
	entry.link = first;
	if (first)
		entry.type = '1';
	else if (has_holes(fd, &stx) && put->exact)
		return put_sparse(put, fd, &entry, &stx);
	else if (has_holes(fd, &stx))
		code = tar_put_remark(put, MICA_REMARK_HOLES, path, "");
	if (code == 0)
		code = put_headers(put, &entry);
	return code < 0 || first ? code : put_content(put, fd, path, &stx, NULL);
}

/* Entries of other types. */
errint_t tar_put_node(struct tar_put *put, const char *name, const char *path, const struct statx *stx)
{
	cleanup_xattr_view struct xattr_view xattrs = {0};
	cleanup_free char *first = NULL;
	char target[PATH_MAX + 1] = ""; /* no link is longer: the kernel does not allow it */
	struct tar_entry entry = {.path = path, .xattrs = &xattrs, .meta = meta_of(stx)};
	uint32_t overlay_xattrs;
	errint_t code = read_xattrs(put, dir_stack_fd(&put->stack), name, name, &xattrs, &overlay_xattrs, &entry.flags);

	if (code == 0)
		code = remark_lost(put, &entry, stx);
	if (code == 0)
		code = see_link(put, path, stx, &first);
	if (code < 0)
		return code;
	if (S_ISLNK(stx->stx_mode) && readlinkat(dir_stack_fd(&put->stack), name, target, PATH_MAX) < 0)
		return mica_fail(put->err, -errno, "read link", path);
	entry.link = first ? first : target;
	entry.type = first		       ? '1'
		     : S_ISSOCK(stx->stx_mode) ? 's'
		     : S_ISLNK(stx->stx_mode)  ? '2'
		     : S_ISCHR(stx->stx_mode)  ? '3'
		     : S_ISBLK(stx->stx_mode)  ? '4'
					       : '6';
	if (entry.type == '3' || entry.type == '4') {
		entry.major = stx->stx_rdev_major;
		entry.minor = stx->stx_rdev_minor;
	}
	return put_headers(put, &entry);
}

errint_t tar_put_whiteout(struct tar_put *put, const char *name)
{
	return put_marker(put, WHITEOUT, name);
}

errint_t tar_put_directory(struct tar_put *put, char *opaque)
{
	cleanup_xattr_view struct xattr_view xattrs = {0};
	struct tar_entry entry = {.path = put->stack.path, .type = '5', .xattrs = &xattrs};
	struct statx stx;
	uint32_t overlay_xattrs;
	int fd = dir_stack_fd(&put->stack);
	errint_t code;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &stx) < 0)
		return tar_put_fail(put, -errno, "stat", "", "");
	entry.meta = meta_of(&stx);
	code = read_xattrs(put, fd, "", "", &xattrs, &overlay_xattrs, &entry.flags);
	if (code == 0)
		code = upper_opaque(&put->upper, fd, "", overlay_xattrs, opaque);
	if (code == 0)
		code = remark_lost(put, &entry, &stx);
	if (code == 0)
		code = put_headers(put, &entry);
	/* No overlay obeys the mark of a root. */
	if (code == 0 && *opaque == 'y' && put->stack.depth > 1)
		code = put_marker(put, OPAQUE, "");
	return code;
}

void tar_put_end(struct tar_put *put)
{
	tar_bytes_free(&put->headers);
	groups_free(&put->links);
}
