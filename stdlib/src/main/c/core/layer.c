#include "layer-flags.h"

#include <fcntl.h>
#include <sys/stat.h>

errint_t layer_fail(struct layer *layer, errint_t code, const char *step, const char *name, const char *note)
{
	cleanup_free char *path = dir_stack_join(&layer->stack, name);

	return mica_fail_note(layer->err, code, step, path && *path ? path : *name ? name : ".", "%s", note);
}

static errint_t remember_flags(struct layer *layer, const char *name, const struct ventry *entry)
{
	errint_t code = layer_remember_flags(layer, name, entry);

	return code < 0 ? layer_fail(layer, code, "copy", name, "") : 0;
}

/* Directories. */

static errint_t reserve_level(struct layer *layer)
{
	size_t room = layer->levels_room ? layer->levels_room * 2 : 32;
	struct layer_level *levels;

	if (layer->stack.depth < layer->levels_room)
		return 0;
	levels = reallocarray(layer->levels, room, sizeof(*levels));
	if (!levels)
		return -ENOMEM;
	layer->levels = levels;
	layer->levels_room = room;
	return 0;
}

static void free_level(struct layer_level *level)
{
	vdir_unref(level->dir);
	xattr_view_free(&level->xattrs);
	level->dir = NULL;
}

static struct meta meta_of_entry(const struct ventry *entry)
{
	return (struct meta){.mode = entry->mode | (entry->type == 'd' ? S_IFDIR : 0),
			     .uid = entry->uid,
			     .gid = entry->gid,
			     .mtime = entry->mtime,
			     .mtime_nsec = entry->mtime_nsec};
}

/* Takes ownership of fd. */
static errint_t push(struct layer *layer, int fd, const char *name, struct ventry *entry, bool opaque)
{
	struct layer_level level = {.meta = meta_of_entry(entry), .opaque = opaque ? 'y' : 0};
	errint_t code = ventry_xattrs(entry, &level.xattrs, layer->err);

	if (code == 0)
		code = reserve_level(layer);
	if (code < 0)
		close(fd);
	else
		code = dir_stack_push(&layer->stack, fd, name);
	if (code < 0) {
		free_level(&level);
		return mica_fail(layer->err, code, "make directory", name);
	}
	level.dir = vdir_ref(entry->dir);
	*layer_top(layer) = level;
	return 0;
}

static errint_t enter(struct layer *layer, int fd, const char *name, struct ventry *entry, bool opaque)
{
	errint_t code = remember_flags(layer, name, entry);

	if (code == 0)
		return push(layer, fd, name, entry, opaque);
	close(fd);
	return code;
}

errint_t layer_start(struct layer *layer, int fd, struct ventry *root)
{
	errint_t code = meta_disinherit(fd, ".", layer->err);

	if (code < 0) {
		close(fd);
		return code;
	}
	return push(layer, fd, "", root, false);
}

errint_t layer_enter(struct layer *layer, const char *name, struct ventry *entry, bool opaque)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	bool made = mkdirat(dir_stack_fd(&layer->stack), name, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return layer_fail(layer, -errno, "make directory", name, "");
	fd = openat(dir_stack_fd(&layer->stack), name, how);
	if (fd < 0)
		return layer_fail(layer, -errno, "open", name, "");
	/* When it was left before, it may have got a mode that locks its owner out. */
	if (!made && fchmod(fd, 0700) < 0) {
		close(fd);
		return layer_fail(layer, -errno, "set mode", name, "");
	}
	if (made)
		layer_tell_lost_of_directory(layer, entry, fd);
	return enter(layer, fd, name, entry, opaque);
}

static errint_t set_opaque(struct layer *layer, char value)
{
	char attr[40];
	errint_t code;

	strcpy(stpcpy(attr, xattr_prefix(layer->space)), "opaque");
	code = xattr_set(dir_stack_fd(&layer->stack), "", attr, &value, 1);
	return code < 0 ? layer_fail(layer, code, "set attribute", "", attr) : 0;
}

static errint_t set_directory(struct layer *layer, struct layer_level *level)
{
	const char *path = *layer->stack.path ? layer->stack.path : ".";
	struct meta_target target = {dir_stack_fd(&layer->stack), "", layer->space, path, layer->how.flags & MICA_OWN};
	errint_t code = level->opaque ? set_opaque(layer, level->opaque) : 0;

	return code < 0 ? code : meta_set(&target, &level->meta, &level->xattrs, layer->err);
}

errint_t layer_leave(struct layer *layer)
{
	struct layer_level *level = layer_top(layer);
	errint_t code = set_directory(layer, level);

	free_level(level);
	if (code == 0) {
		code = dir_stack_pop(&layer->stack);
		if (code < 0)
			layer_fail(layer, code, "go up", "", "the directory was moved meanwhile");
	}
	return code;
}

/* Entries. */

struct file_task {
	struct pool_task task;
	struct layer *layer;
	enum xattr_space from_space;
	int from, to;
	char path[];
};

static void fill_file(struct pool_task *task)
{
	struct file_task *file = (struct file_task *)task;
	struct layer *layer = file->layer;
	struct copy_source source = {file->from, "", file->from_space, -1};
	struct meta_target target = {file->to, "", layer->space, file->path, layer->how.flags & MICA_OWN};
	struct mica_error err;

	mica_error_clear(&err);
	if (!failure_code(&layer->failure))
		copy_file(&source, file->from, file->to, &target, &layer->how, &err);
	layer_tell_lost(layer, file->from, file->to);
	failure_note(&layer->failure, &err);
	close(file->from);
	close(file->to);
	free(file);
}

/* If there are no descriptors, those of directories higher up are closed first; then it waits for copies to end. */
static int create_file(struct layer *layer, const char *name, struct layer_dirs *layer_dirs)
{
	bool drained = false;

	for (;;) {
		int fd = openat(dir_stack_fd(&layer->stack), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				0600);

		if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
			return fd < 0 ? -errno : fd;
		if (layer_dirs_make_room(layer_dirs))
			continue;
		if (drained)
			return -EMFILE;
		pool_drain(layer->pool);
		drained = true;
	}
}

/* The metadata of a metacopy is in another inode than its bytes. Its directory is pinned only now, so this cannot be a
 * task. */
static errint_t fill_metacopy(struct layer *layer, const struct ventry *entry, const struct file_task *file)
{
	struct copy_source source = {entry->layer_dir->fd, entry->name, file->from_space, file->from};
	struct meta_target target = {file->to, "", layer->space, file->path, layer->how.flags & MICA_OWN};

	return copy_file(&source, file->from, file->to, &target, &layer->how, layer->err);
}

static errint_t open_both(struct layer *layer, const char *name, const struct ventry *entry, struct file_task *file)
{
	errint_t code = ventry_open(entry, &file->from, layer->err);

	if (code == -EMFILE || code == -ENFILE) {
		pool_drain(layer->pool);
		mica_error_clear(layer->err);
		code = ventry_open(entry, &file->from, layer->err);
	}
	if (code < 0)
		return code;
	file->to = create_file(layer, name, entry->view->layer_dirs);
	if (file->to >= 0)
		return 0;
	close(file->from);
	return mica_fail(layer->err, file->to, "create", file->path);
}

static errint_t put_file(struct layer *layer, const char *name, const struct ventry *entry)
{
	cleanup_free char *path = dir_stack_join(&layer->stack, name);
	struct file_task *file = path ? malloc(sizeof(*file) + strlen(path) + 1) : NULL;
	errint_t code;

	if (!file)
		return layer_fail(layer, -ENOMEM, "copy", name, "");
	*file = (struct file_task){.task = {.run = fill_file}, .layer = layer, .from_space = entry->view->space};
	strcpy(file->path, path);
	code = open_both(layer, name, entry, file);
	if (code < 0) {
		free(file);
		return code;
	}
	if (!entry->metacopy) {
		pool_submit(layer->pool, &file->task);
		return 0;
	}
	code = fill_metacopy(layer, entry, file);
	close(file->from);
	close(file->to);
	free(file);
	return code;
}

errint_t layer_put(struct layer *layer, const char *name, const struct ventry *entry)
{
	cleanup_free char *path = NULL;
	struct copy_source source = {entry->layer_dir->fd, entry->name, entry->view->space, -1};
	struct meta_target target = {dir_stack_fd(&layer->stack), name, layer->space, NULL,
				     layer->how.flags & MICA_OWN};

	errint_t code = remember_flags(layer, name, entry);

	if (code < 0)
		return code;
	if (entry->type == 'f')
		return put_file(layer, name, entry);
	if (entry->type == 'c' && entry->rdev == 0)
		return layer_fail(layer, -EOPNOTSUPP, "capture", name,
				  "a character device 0:0 means deleted in a layer, so no layer can hold one");
	target.path = path = dir_stack_join(&layer->stack, name);
	if (!path)
		return layer_fail(layer, -ENOMEM, "copy", name, "");
	return copy_entry(&source, &target, &layer->how, layer->err);
}

errint_t layer_link(struct layer *layer, const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	cleanup_fd int dir = -1;
	errint_t code = open_below(layer->stack.levels[0].fd, path, slash ? (size_t)(slash - path) : 0, O_PATH, &dir);

	if (code == 0 && linkat(dir, slash ? slash + 1 : path, dir_stack_fd(&layer->stack), name, 0) < 0)
		code = -errno;
	return code < 0 ? layer_fail(layer, code, "link", name, path) : 0;
}

static errint_t mark_whiteout(struct layer *layer, const char *name)
{
	char attr[40];
	errint_t code;

	strcpy(stpcpy(attr, xattr_prefix(layer->space)), "whiteout");
	layer_top(layer)->opaque = 'x';
	code = xattr_set(dir_stack_fd(&layer->stack), name, attr, "y", 1);
	return code < 0 ? layer_fail(layer, code, "set attribute", name, attr) : 0;
}

errint_t layer_whiteout(struct layer *layer, const char *name)
{
	/* To set an attribute in user.* takes write access, and to see it takes read access. */
	mode_t mode = layer->space == XATTR_USER ? S_IFREG | 0644 : S_IFCHR;

	if (mknodat(dir_stack_fd(&layer->stack), name, mode, 0) < 0)
		return layer_fail(layer, -errno, "make whiteout", name, "");
	return layer->space == XATTR_USER ? mark_whiteout(layer, name) : 0;
}

/* The end. */

errint_t layer_finish(struct layer *layer)
{
	errint_t code = 0;

	while (code == 0 && layer->stack.depth > 1)
		code = layer_leave(layer);
	if (code == 0)
		code = set_directory(layer, layer_top(layer));
	pool_drain(layer->pool);
	if (code == 0 && failure_code(&layer->failure)) {
		code = failure_code(&layer->failure);
		if (layer->err)
			*layer->err = layer->failure.err;
	}
	return code ? code : layer_set_flags(layer);
}

void layer_end(struct layer *layer)
{
	pool_stop(layer->pool);
	for (size_t i = 0; layer->levels && i < layer->stack.depth; i++)
		free_level(&layer->levels[i]);
	dir_stack_close(&layer->stack);
	free(layer->levels);
	layer_forget_flags(layer);
}
