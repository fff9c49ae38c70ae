/*
 * tar-walk.c - walks through a layer folder that becomes a tar.
 *
 * For an image it goes through each directory twice: the whiteouts come before the other entries, so that a program
 * that unpacks in order removes before it adds. In an exact copy, whiteouts are entries like others.
 */
#include "tar-walk.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "names.h"
#include "tar-format.h"

#define WHITEOUT ".wh."

/* A directory that the walk is in. */
struct tar_level {
	struct names names;
	size_t next;
	bool entries; /* all whiteouts are written */
	char opaque;  /* the value of its overlay.opaque */
};

static struct tar_level *top(struct tar_walk *w)
{
	return &w->levels[w->put.stack.depth - 1];
}

/* Directories. */

static errint_t reserve_level(struct tar_walk *w)
{
	size_t room = w->levels_room ? w->levels_room * 2 : 32;
	struct tar_level *levels;

	if (w->put.stack.depth < w->levels_room)
		return 0;
	levels = reallocarray(w->levels, room, sizeof(*levels));
	if (!levels)
		return -ENOMEM;
	w->levels = levels;
	w->levels_room = room;
	return 0;
}

/* Takes ownership of fd. The path is "" for the root. */
static errint_t enter(struct tar_walk *w, int fd, const char *name)
{
	errint_t code = reserve_level(w);

	if (code < 0) {
		close(fd);
		return tar_put_fail(&w->put, code, "open", name, "");
	}
	w->levels[w->put.stack.depth] = (struct tar_level){.entries = w->put.exact};
	code = dir_stack_push(&w->put.stack, fd, name);
	return code < 0 ? mica_fail(w->put.err, code, "open", name) : 0;
}

/* The directory that was just entered: its own entry, and what is in it. */
static errint_t begin_directory(struct tar_walk *w)
{
	struct tar_level *level = top(w);
	errint_t code = tar_put_directory(&w->put, &level->opaque);

	if (code == 0 && (code = names_read(dir_stack_fd(&w->put.stack), &level->names)) < 0)
		tar_put_fail(&w->put, code, "read", "", "");
	return code;
}

static errint_t put_directory(struct tar_walk *w, const char *name)
{
	int fd = openat(dir_stack_fd(&w->put.stack), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	errint_t code = fd < 0 ? tar_put_fail(&w->put, -errno, "open", name, "") : enter(w, fd, name);

	return code < 0 ? code : begin_directory(w);
}

/* The walk. */

static bool may_be_whiteout(const struct tar_level *level, unsigned char type)
{
	return type == DT_CHR || type == DT_UNKNOWN || (type == DT_REG && level->opaque == 'x');
}

/* Returns 1 if it was a whiteout. In an opaque directory it means nothing. */
static int put_if_whiteout(struct tar_walk *w, const char *name, const struct statx *stx)
{
	int whiteout =
		w->put.names ? 0
			     : upper_is_whiteout(&w->put.upper, dir_stack_fd(&w->put.stack), name, stx, top(w)->opaque);
	errint_t code = 0;

	if (whiteout > 0 && !top(w)->entries && top(w)->opaque != 'y')
		code = tar_put_whiteout(&w->put, name);
	return code < 0 ? code : whiteout;
}

static errint_t put_entry(struct tar_walk *w, const char *name, const struct statx *stx)
{
	cleanup_free char *path = dir_stack_join(&w->put.stack, name);

	if (!path)
		return tar_put_fail(&w->put, -ENOMEM, "write tar", name, "");
	if (S_ISSOCK(stx->stx_mode) && !w->put.exact)
		return tar_put_remark(&w->put, MICA_REMARK_SOCKET, path, "");
	if (S_ISDIR(stx->stx_mode))
		return put_directory(w, name);
	return S_ISREG(stx->stx_mode) ? tar_put_file(&w->put, name, path) : tar_put_node(&w->put, name, path, stx);
}

static errint_t remark_name(struct tar_walk *w, const char *name)
{
	cleanup_free char *path = dir_stack_join(&w->put.stack, name);

	return path ? tar_put_remark(&w->put, MICA_REMARK_NAME, path, "")
		    : tar_put_fail(&w->put, -ENOMEM, "write tar", name, "");
}

static errint_t visit(struct tar_walk *w, const char *name, unsigned char type)
{
	struct tar_level *level = top(w);
	struct statx stx;
	int whiteout;

	if (!level->entries && !may_be_whiteout(level, type))
		return 0;
	if (!w->put.exact && !w->put.names && !strncmp(name, WHITEOUT, strlen(WHITEOUT)))
		return level->entries ? remark_name(w, name) : 0;
	if (level->entries)
		job_add(w->put.job, 1, 0);
	if (type == DT_REG && level->entries && level->opaque != 'x')
		return put_entry(w, name, &(struct statx){.stx_mode = S_IFREG}); /* looked at when open */
	if (statx(dir_stack_fd(&w->put.stack), name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0)
		return tar_put_fail(&w->put, -errno, "stat", name, "");
	whiteout = w->put.exact ? 0 : put_if_whiteout(w, name, &stx);
	if (whiteout)
		return whiteout < 0 ? whiteout : 0;
	return level->entries ? put_entry(w, name, &stx) : 0;
}

static errint_t leave(struct tar_walk *w)
{
	errint_t code;

	names_free(&top(w)->names);
	code = dir_stack_pop(&w->put.stack);
	return code < 0 ? tar_put_fail(&w->put, code, "go up", "", "the directory was moved meanwhile") : 0;
}

/* Walks only one entry of the root. Then the root itself has no entry. */
static errint_t begin_entry(struct tar_walk *w, const char *name)
{
	struct statx stx;

	top(w)->entries = true;
	if (statx(dir_stack_fd(&w->put.stack), name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stx) < 0)
		return tar_put_fail(&w->put, -errno, "stat", name, "");
	return put_entry(w, name, &stx);
}

static errint_t walk(struct tar_walk *w, const char *only)
{
	errint_t code = only ? begin_entry(w, only) : begin_directory(w);

	while (code == 0) {
		struct tar_level *level = top(w);
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

errint_t tar_walk_write(struct tar_walk *w, const char *layer, const char *only, int fd, struct mica_tar *tar)
{
	int root = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	errint_t code;

	if (root < 0)
		return mica_fail(w->put.err, -errno, "open", layer);
	code = enter(w, root, "");
	if (code == 0)
		code = tar_out_start(&w->put.out, fd, w->put.job, w->put.err);
	if (code == 0)
		code = walk(w, only);
	if (code == 0)
		code = tar_out_zeros(&w->put.out, 2 * TAR_BLOCK);
	if (code == 0)
		code = tar_out_finish(&w->put.out, tar);
	if (code < 0)
		tar_out_stop(&w->put.out); /* after this the caller may close fd */
	tar->entries = w->put.entries;
	return code;
}

void tar_walk_end(struct tar_walk *w)
{
	tar_out_end(&w->put.out);
	tar_put_end(&w->put);
	for (size_t i = 0; w->levels && i < w->put.stack.depth; i++)
		names_free(&w->levels[i].names);
	dir_stack_close(&w->put.stack);
	free(w->levels);
}

void tar_walk_start(struct tar_walk *w, uint32_t flags, struct mica_job *job, struct mica_error *err)
{
	w->put.job = job;
	w->put.err = err;
	w->put.exact = flags & MICA_LAYER_EXACT;
	w->put.out.unhashed = w->put.exact;
	w->put.upper = (struct upper){.step = "write tar", .at = &w->put.stack, .err = err};
	w->put.upper.space = flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
}

errint_t tar_walk_exact(const char *layer, int fd, struct pace *pace, struct mica_tar *tar, struct mica_job *job,
			struct mica_error *err)
{
	cleanup_free struct tar_walk *w = calloc(1, sizeof(*w));
	errint_t code;

	mica_error_clear(err);
	*tar = (struct mica_tar){0};
	if (!w)
		return mica_fail(err, -ENOMEM, "write tar", layer);
	tar_walk_start(w, MICA_LAYER_EXACT, job, err);
	w->put.pace = pace;
	code = tar_walk_write(w, layer, NULL, fd, tar);
	tar_walk_end(w);
	return code;
}
