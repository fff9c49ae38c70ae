/*
 * tar-write.c - a layer folder as the tar of an OCI image's layer.
 *
 * The walk goes through each directory twice: its whiteouts come before its other entries, so that who unpacks in
 * order removes before he adds.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "names.h"
#include "tar-format.h"
#include "tar-put.h"

#define WHITEOUT ".wh."

/* A directory that the walk is in. */
struct level {
	struct names names;
	size_t next;
	bool entries; /* the whiteouts are through */
	char opaque;  /* the letter of its overlay.opaque */
};

struct writer {
	struct tar_put put;
	struct level *levels; /* one for each of the stack's */
	size_t levels_room;
};

static struct level *top(struct writer *w)
{
	return &w->levels[w->put.stack.depth - 1];
}

/* Directories. */

static errint_t reserve_level(struct writer *w)
{
	size_t room = w->levels_room ? w->levels_room * 2 : 32;
	struct level *levels;

	if (w->put.stack.depth < w->levels_room)
		return 0;
	levels = reallocarray(w->levels, room, sizeof(*levels));
	if (!levels)
		return -ENOMEM;
	w->levels = levels;
	w->levels_room = room;
	return 0;
}

/* Takes fd. Its path is "" for the root. */
static errint_t enter(struct writer *w, int fd, const char *name)
{
	errint_t code = reserve_level(w);

	if (code < 0) {
		close(fd);
		return tar_put_fail(&w->put, code, "open", name, "");
	}
	w->levels[w->put.stack.depth] = (struct level){0};
	code = dir_stack_push(&w->put.stack, fd, name);
	return code < 0 ? mica_fail(w->put.err, code, "open", name) : 0;
}

/* The directory that was just entered: its own entry, and what is in it. */
static errint_t begin_directory(struct writer *w)
{
	struct level *level = top(w);
	errint_t code = tar_put_directory(&w->put, &level->opaque);

	if (code == 0 && (code = names_read(dir_stack_fd(&w->put.stack), &level->names)) < 0)
		tar_put_fail(&w->put, code, "read", "", "");
	return code;
}

static errint_t put_directory(struct writer *w, const char *name)
{
	int fd = openat(dir_stack_fd(&w->put.stack), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	errint_t code = fd < 0 ? tar_put_fail(&w->put, -errno, "open", name, "") : enter(w, fd, name);

	return code < 0 ? code : begin_directory(w);
}

/* The walk. */

static bool may_be_whiteout(const struct level *level, unsigned char type)
{
	return type == DT_CHR || type == DT_UNKNOWN || (type == DT_REG && level->opaque == 'x');
}

/* 1: it was. In an opaque directory it says nothing. */
static int put_if_whiteout(struct writer *w, const char *name, const struct statx *stx)
{
	int whiteout =
		w->put.names ? 0
			     : upper_is_whiteout(&w->put.upper, dir_stack_fd(&w->put.stack), name, stx, top(w)->opaque);
	errint_t code = 0;

	if (whiteout > 0 && !top(w)->entries && top(w)->opaque != 'y')
		code = tar_put_whiteout(&w->put, name);
	return code < 0 ? code : whiteout;
}

static errint_t put_entry(struct writer *w, const char *name, const struct statx *stx)
{
	cleanup_free char *path = dir_stack_join(&w->put.stack, name);

	if (!path)
		return tar_put_fail(&w->put, -ENOMEM, "write tar", name, "");
	if (S_ISSOCK(stx->stx_mode))
		return tar_put_remark(&w->put, MICA_REMARK_SOCKET, path, "");
	if (S_ISDIR(stx->stx_mode))
		return put_directory(w, name);
	return S_ISREG(stx->stx_mode) ? tar_put_file(&w->put, name, path) : tar_put_node(&w->put, name, path, stx);
}

static errint_t remark_name(struct writer *w, const char *name)
{
	cleanup_free char *path = dir_stack_join(&w->put.stack, name);

	return path ? tar_put_remark(&w->put, MICA_REMARK_NAME, path, "")
		    : tar_put_fail(&w->put, -ENOMEM, "write tar", name, "");
}

static errint_t visit(struct writer *w, const char *name, unsigned char type)
{
	struct level *level = top(w);
	struct statx stx;
	int whiteout;

	if (!level->entries && !may_be_whiteout(level, type))
		return 0;
	if (!w->put.names && !strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		return level->entries ? remark_name(w, name) : 0;
	if (level->entries)
		job_add(w->put.job, 1, 0);
	if (type == DT_REG && level->entries && level->opaque != 'x')
		return put_entry(w, name, &(struct statx){.stx_mode = S_IFREG}); /* looked at once it is open */
	if (statx(dir_stack_fd(&w->put.stack), name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0)
		return tar_put_fail(&w->put, -errno, "stat", name, "");
	whiteout = put_if_whiteout(w, name, &stx);
	if (whiteout)
		return whiteout < 0 ? whiteout : 0;
	return level->entries ? put_entry(w, name, &stx) : 0;
}

static errint_t leave(struct writer *w)
{
	errint_t code;

	names_free(&top(w)->names);
	code = dir_stack_pop(&w->put.stack);
	return code < 0 ? tar_put_fail(&w->put, code, "go up", "", "the directory was moved meanwhile") : 0;
}

/* One entry of the root, which has none of its own then. */
static errint_t begin_entry(struct writer *w, const char *name)
{
	struct statx stx;

	top(w)->entries = true;
	if (statx(dir_stack_fd(&w->put.stack), name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0)
		return tar_put_fail(&w->put, -errno, "stat", name, "");
	return put_entry(w, name, &stx);
}

/* only: the one entry that is wanted, or NULL. */
static errint_t walk(struct writer *w, const char *only)
{
	errint_t code = only ? begin_entry(w, only) : begin_directory(w);

	while (code == 0) {
		struct level *level = top(w);
		size_t i = level->next;

		if (job_cancelled(w->put.job))
			return tar_put_fail(&w->put, -ECANCELED, "write tar", "", "");
		if (i < level->names.count) {
			level->next++;
			code = visit(w, names_get(&level->names, i), names_type(&level->names, i));
		} else if (!level->entries) {
			level->entries = true;
			level->next = 0;
		} else if (w->put.stack.depth > 1) {
			code = leave(w);
		} else {
			break;
		}
	}
	return code;
}

/* From the beginning to the end. */

static errint_t write_layer(struct writer *w, const char *layer, const char *only, int fd, uint32_t compression,
			    struct mica_tar *tar)
{
	int root = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errint_t code;

	if (root < 0)
		return mica_fail(w->put.err, -errno, "open", layer);
	code = enter(w, root, "");
	if (code == 0)
		code = tar_out_start(&w->put.out, fd, compression, w->put.job, w->put.err);
	if (code == 0)
		code = walk(w, only);
	if (code == 0)
		code = tar_out_zeros(&w->put.out, 2 * TAR_BLOCK);
	if (code == 0)
		code = tar_out_finish(&w->put.out, tar);
	tar->entries = w->put.entries;
	return code;
}

static void release(struct writer *w)
{
	tar_out_end(&w->put.out);
	tar_bytes_free(&w->put.headers);
	for (size_t i = 0; w->levels && i < w->put.stack.depth; i++)
		names_free(&w->levels[i].names);
	dir_stack_close(&w->put.stack);
	groups_free(&w->put.links);
	free(w->levels);
}

static errint_t write_file(struct writer *w, const char *layer, const char *only, const char *to, uint32_t compression,
			   uint32_t flags, struct mica_tar *tar)
{
	cleanup_fd int parent = -1, fd = -1;
	cleanup_free char *name = NULL;
	errint_t code = open_parent(to, &parent, &name, w->put.err);

	if (code < 0)
		return code;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return mica_fail(w->put.err, -errno, "create", to);
	code = write_layer(w, layer, only, fd, compression, tar);
	if (code == 0 && flags & MICA_SYNC && (fsync(fd) < 0 || fsync(parent) < 0))
		code = mica_fail(w->put.err, -errno, "sync", to);
	if (code < 0)
		unlinkat(parent, name, 0);
	return code;
}

static errint_t write_tar(const char *layer, const char *only, const char *to, int fd, uint32_t compression,
			  uint32_t flags, struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			  struct mica_error *err)
{
	cleanup_free struct writer *w = calloc(1, sizeof(*w));
	errint_t code;

	mica_error_clear(err);
	*tar = (struct mica_tar){0};
	if (!w)
		return mica_fail(err, -ENOMEM, "write tar", layer);
	if (compression > MICA_TAR_ZSTD)
		return mica_fail_note(err, -EINVAL, "write tar", layer, "no such compression: %u", compression);
	w->put.names = only;
	w->put.remarks = remarks;
	w->put.job = job;
	w->put.err = err;
	w->put.upper = (struct upper){.step = "write tar", .at = &w->put.stack, .err = err};
	w->put.upper.space = flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	code = to ? write_file(w, layer, only, to, compression, flags, tar)
		  : write_layer(w, layer, only, fd, compression, tar);
	if (code == 0 && !to && flags & MICA_SYNC && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		code = mica_fail(err, -errno, "sync", "");
	release(w);
	return code;
}

errint_t mica_tar_write(const char *layer, const char *to, int fd, uint32_t compression, uint32_t flags,
			struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job,
			struct mica_error *err)
{
	return write_tar(layer, NULL, to, fd, compression, flags, tar, remarks, job, err);
}

errint_t mica_tar_write_entry(const char *dir, const char *name, const char *to, int fd, struct mica_tar *tar,
			      struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err)
{
	return write_tar(dir, name, to, fd, MICA_TAR_PLAIN, 0, tar, remarks, job, err);
}
