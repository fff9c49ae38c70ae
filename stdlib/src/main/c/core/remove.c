#include "remove.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "dir-stack.h"
#include "flags.h"

/* If others keep filling a directory, it is given up after so many passes. */
enum { PASSES = 3 };

struct removal {
	struct dir_stack stack;
	struct statx root; /* shows which mount must not be left */
	const char *shown;
	bool protected_too;
	struct mica_job *job;
	struct mica_error *err;
};

static errint_t fail(struct removal *r, errint_t code, const char *step, const char *name)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s%s%s%s%s", r->shown, *r->stack.path ? "/" : "", r->stack.path, *name ? "/" : "", name) <
	    0)
		return mica_fail(r->err, code, step, r->shown);
	if (code == -EBUSY)
		return mica_fail_note(r->err, code, step, path, "something is mounted there: unmount it first");
	return mica_fail(r->err, code, step, path);
}

static bool same_mount(const struct statx *a, const struct statx *b)
{
	if (a->stx_mask & b->stx_mask & STATX_MNT_ID)
		return a->stx_mnt_id == b->stx_mnt_id;
	return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor;
}

static errint_t stat_mount(int fd, struct statx *stx)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_MNT_ID, stx) < 0 ? -errno : 0;
}

/* An owner without privileges may have locked himself out. The mode of what is to be removed may be changed. */
static bool unlock(int dir, const char *name)
{
	cleanup_fd int fd = openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char proc[40];

	if (fd < 0)
		return false;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return chmod(proc, 0700) == 0;
}

static int open_dir(int dir, const char *name)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, how);

	if (fd >= 0 || errno != EACCES)
		return fd < 0 ? -errno : fd;
	if (!unlock(dir, name))
		return -EACCES;
	fd = openat(dir, name, how);
	return fd < 0 ? -errno : fd;
}

static errint_t unlink_in(int dir, const char *name, int flags)
{
	return unlinkat(dir, name, flags) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Removes what is immutable or append-only. If the file has other names, it gets its flags back. */
static errint_t unlink_released(int dir, const char *name, int flags)
{
	cleanup_fd int fd = -1;
	struct stat left;
	int raw;
	errint_t code;

	if (!flags_release(dir, name, &fd, &raw))
		return -EPERM;
	code = unlink_in(dir, name, flags);
	if (code == -EISDIR)
		return code;
	if (code < 0 || (!fstat(fd, &left) && S_ISREG(left.st_mode) && left.st_nlink))
		flags_set(fd, raw);
	return code;
}

/* It may also be the directory around it that has such a flag. */
static errint_t unlink_protected(int dir, const char *name, int flags)
{
	cleanup_fd int fd = -1;
	int raw;
	errint_t code = flags_release(dir, "", &fd, &raw) ? unlink_in(dir, name, flags) : -EPERM;

	return code == -EPERM ? unlink_released(dir, name, flags) : code;
}

/* For a dir that is to be removed itself: the mode of another one may not be changed. */
static errint_t unlink_inside(const struct removal *r, int dir, const char *name, int flags)
{
	errint_t code = unlink_in(dir, name, flags);

	if (code == -EPERM && r->protected_too)
		return unlink_protected(dir, name, flags);
	return code == -EACCES && unlock(dir, ".") ? unlink_in(dir, name, flags) : code;
}

static errint_t enter(struct removal *r, const char *name, uint32_t passes)
{
	cleanup_fd int fd = open_dir(dir_stack_fd(&r->stack), name);
	struct statx stx;
	errint_t code;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fail(r, fd, "open", name);
	code = stat_mount(fd, &stx);
	if (code < 0)
		return fail(r, code, "stat", name);
	if (!same_mount(&r->root, &stx))
		return fail(r, -EBUSY, "remove", name);
	code = dir_stack_push(&r->stack, steal_fd(&fd), name);
	if (code < 0)
		return fail(r, code, "remove", name);
	dir_stack_top(&r->stack)->passes = passes;
	return 0;
}

static errint_t remove_entry(struct removal *r, const struct dirent *entry)
{
	errint_t code = entry->d_type == DT_DIR ? -EISDIR : unlink_inside(r, dir_stack_fd(&r->stack), entry->d_name, 0);

	job_add(r->job, 1, 0);
	if (code == -EISDIR)
		return enter(r, entry->d_name, 0);
	return code < 0 ? fail(r, code, "remove", entry->d_name) : 0;
}

static errint_t leave(struct removal *r)
{
	uint32_t passes = dir_stack_top(&r->stack)->passes + 1;
	cleanup_free char *name = strdup(dir_stack_name(&r->stack));
	errint_t code = name ? dir_stack_pop(&r->stack) : -ENOMEM;

	if (code < 0)
		return fail(r, code, "remove", "");
	code = unlink_inside(r, dir_stack_fd(&r->stack), name, AT_REMOVEDIR);
	if ((code == -ENOTEMPTY || code == -EEXIST) && passes < PASSES)
		return enter(r, name, passes);
	return code < 0 ? fail(r, code, "remove", name) : 0;
}

static errint_t run(struct removal *r)
{
	for (;;) {
		struct dirent *entry;
		int got = dir_stack_read(&r->stack, &entry);
		errint_t code;

		if (got < 0)
			return fail(r, got, "read", "");
		if (!got && r->stack.depth == 1)
			return 0;
		code = job_cancelled(r->job) ? fail(r, -ECANCELED, "remove", "") : 0;
		if (code == 0)
			code = got ? remove_entry(r, entry) : leave(r);
		if (code < 0)
			return code;
	}
}

/* Takes ownership of dir. */
static errint_t empty(int dir, const char *shown, bool protected_too, struct mica_job *job, struct mica_error *err)
{
	struct removal r = {.shown = shown, .protected_too = protected_too, .job = job, .err = err};
	errint_t code = dir_stack_start(&r.stack, dir);

	if (code == 0)
		code = stat_mount(dir, &r.root);
	code = code < 0 ? mica_fail(err, code, "remove", shown) : run(&r);
	dir_stack_close(&r.stack);
	return code;
}

errint_t remove_below(int dir, const char *shown, struct mica_job *job, struct mica_error *err)
{
	int own = open_dir(dir, ".");

	return own < 0 ? mica_fail(err, own, "open", shown) : empty(own, shown, false, job, err);
}

static errint_t refuse_mount(int parent, int dir, const char *shown, struct mica_error *err)
{
	struct statx above, here;
	errint_t code = stat_mount(parent, &above);

	if (code == 0)
		code = stat_mount(dir, &here);
	if (code < 0)
		return mica_fail(err, code, "stat", shown);
	if (same_mount(&above, &here))
		return 0;
	return mica_fail_note(err, -EBUSY, "remove", shown, "it is a mount point: unmount it first");
}

/* For a name in a directory that stays as it is. */
static errint_t unlink_at(int parent, const char *name, int flags, bool protected_too)
{
	errint_t code = unlink_in(parent, name, flags);

	return code == -EPERM && protected_too ? unlink_released(parent, name, flags) : code;
}

static errint_t remove_all(int parent, const char *name, const char *shown, bool protected_too, struct mica_job *job,
			   struct mica_error *err)
{
	cleanup_fd int dir = -1;
	errint_t code = unlink_at(parent, name, 0, protected_too);

	job_add(job, 1, 0);
	if (code != -EISDIR)
		return code < 0 ? mica_fail(err, code, "remove", shown) : 0;
	dir = open_dir(parent, name);
	if (dir < 0)
		return mica_fail(err, dir, "open", shown);
	code = refuse_mount(parent, dir, shown, err);
	if (code == 0)
		code = empty(steal_fd(&dir), shown, protected_too, job, err);
	if (code < 0)
		return code;
	code = unlink_at(parent, name, AT_REMOVEDIR, protected_too);
	return code < 0 ? mica_fail(err, code, "remove", shown) : 0;
}

errint_t remove_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err)
{
	return remove_all(parent, name, shown, false, job, err);
}

errint_t discard_at(int parent, const char *name, const char *shown, struct mica_job *job, struct mica_error *err)
{
	return remove_all(parent, name, shown, true, job, err);
}

static errint_t remove_path(const char *path, bool protected_too, struct mica_job *job, struct mica_error *err)
{
	cleanup_fd int parent = -1;
	cleanup_free char *name = NULL;
	struct mica_error own; /* so that an absent parent leaves no trace in *err */
	errint_t code;

	mica_error_clear(err);
	mica_error_clear(&own);
	code = open_parent(path, &parent, &name, &own);
	if (code == -ENOENT)
		return 0;
	if (code < 0) {
		if (err)
			*err = own;
		return code;
	}
	return remove_all(parent, name, path, protected_too, job, err);
}

errint_t mica_remove(const char *path, struct mica_job *job, struct mica_error *err)
{
	return remove_path(path, false, job, err);
}

errint_t mica_discard(const char *path, struct mica_job *job, struct mica_error *err)
{
	return remove_path(path, true, job, err);
}
