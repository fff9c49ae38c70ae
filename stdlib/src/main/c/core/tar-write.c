/* tar-write.c - a layer folder as a tar, to a file or a descriptor. */
#include <fcntl.h>

#include "pack.h"
#include "tar-pack.h"
#include "tar-walk.h"

static errint_t write_file(struct tar_walk *w, const char *layer, const char *only, const char *to, uint32_t flags,
			   struct mica_tar *tar)
{
	cleanup_fd int parent = -1, fd = -1;
	cleanup_free char *name = NULL;
	errint_t code = open_parent(to, &parent, &name, w->put.err);

	if (code < 0)
		return code;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return mica_fail(w->put.err, -errno, "create", to);
	code = tar_walk_write(w, layer, only, fd, tar);
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
	cleanup_free struct tar_walk *w = calloc(1, sizeof(*w));
	errint_t code;

	mica_error_clear(err);
	*tar = (struct mica_tar){0};
	if (!w)
		return mica_fail(err, -ENOMEM, "write tar", layer);
	if (compression > MICA_TAR_ZSTD)
		return mica_fail_note(err, -EINVAL, "write tar", layer, "no such compression: %u", compression);
	if (compression && flags & MICA_LAYER_EXACT)
		return mica_fail_note(err, -EINVAL, "write tar", layer, "an exact copy is not compressed");
	tar_walk_start(w, flags, job, err);
	w->put.names = only;
	w->put.remarks = remarks;
	w->put.out.packing = tar_packing(compression);
	w->put.out.ahead = to && flags & MICA_SYNC;
	code = to ? write_file(w, layer, only, to, flags, tar) : tar_walk_write(w, layer, only, fd, tar);
	if (code == 0 && !to && flags & MICA_SYNC && fsync(fd) < 0 && errno != EINVAL && errno != EROFS)
		code = mica_fail(err, -errno, "sync", "");
	tar_walk_end(w);
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
