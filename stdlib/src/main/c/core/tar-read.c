/* tar-read.c - makes a layer folder from the tar of an OCI image's layer. The tar is not trusted. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ahead.h"
#include "dir-stack.h"
#include "remarks.h"
#include "remove.h"
#include "tar-format.h"
#include "tar-path.h"
#include "tar-extract.h"

struct reader {
	struct tar_in in;
	struct tar_members members;
	struct tar_extract extract;
	uint64_t entries;
	bool names; /* it is not a layer, so names are not marks */
	bool flush; /* flush the files at the end */
	struct mica_remarks *remarks;
	struct mica_job *job;
	struct mica_error *err;
};

/* Content. */

static errint_t write_all(int fd, const uint8_t *bytes, size_t len, uint64_t at)
{
	while (len) {
		ssize_t put = pwrite(fd, bytes, len, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return put < 0 ? -errno : -EIO;
		bytes += put;
		len -= (size_t)put;
		at += (uint64_t)put;
	}
	return 0;
}

/* Copies the next len bytes of the tar to the offset `at` of the file. */
static errint_t fill_piece(struct reader *r, const struct tar_member *member, int fd, uint64_t at, uint64_t len)
{
	uint64_t begun = at;

	while (len) {
		const uint8_t *bytes;
		size_t part;
		errint_t code = tar_in_peek(&r->in, &bytes, &part);

		if (code < 0)
			return code;
		if (!part)
			return mica_fail_note(r->err, -EBADMSG, "read tar", member->path,
					      "it ends too early: it is cut off");
		if (part > len)
			part = (size_t)len;
		code = write_all(fd, bytes, part, at);
		if (code < 0)
			return mica_fail(r->err, code, "write", member->path);
		tar_in_take(&r->in, part);
		job_add(r->job, 0, part);
		at += part;
		len -= part;
		if (r->flush)
			write_ahead(fd, &begun, at);
	}
	return 0;
}

static errint_t fill(struct reader *r, const struct tar_member *member, int fd)
{
	const struct tar_map *map = &member->pax.map;
	errint_t code = 0;

	if (!member->sparse)
		code = fill_piece(r, member, fd, 0, member->stored);
	for (size_t i = 0; code == 0 && member->sparse && i < map->count; i++)
		code = fill_piece(r, member, fd, map->pieces[i].offset, map->pieces[i].len);
	if (code == 0 && member->sparse && ftruncate(fd, (off_t)member->size) < 0)
		code = mica_fail(r->err, -errno, "write", member->path);
	return code < 0 ? code : tar_in_skip(&r->in, tar_padding(member->stored));
}

static errint_t put_file(struct reader *r, struct tar_node *parent, const char *name, struct tar_member *member)
{
	cleanup_fd int fd = -1;
	errint_t code = tar_extract_file(&r->extract, parent, name, &fd);

	if (code == 0)
		code = fill(r, member, fd);
	return code < 0 ? code : tar_extract_filled(&r->extract, member, fd);
}

/* One entry. */

static errint_t refuse(struct reader *r, const struct tar_member *member, const char *note)
{
	return mica_fail_note(r->err, -EBADMSG, "read tar", *member->path ? member->path : ".", "%s", note);
}

static errint_t pass_over(struct reader *r, const struct tar_member *member)
{
	return tar_in_skip(&r->in, member->stored + tar_padding(member->stored));
}

/* Whether a component above the last is a mark: 1 if it is AUFS's own, -EBADMSG if it is another. */
static int mark_above(struct reader *r, const struct tar_member *member)
{
	const char *unused;

	for (const char *at = member->path, *slash; (slash = strchr(at, '/')); at = slash + 1) {
		cleanup_free char *part = strndup(at, (size_t)(slash - at));
		enum tar_mark mark = part ? tar_mark_of(part, &unused) : TAR_MARK_NONE;

		if (!part)
			return mica_fail(r->err, -ENOMEM, "read tar", member->path);
		if (mark == TAR_MARK_AUFS)
			return 1;
		if (mark != TAR_MARK_NONE)
			return refuse(r, member, "it is to lie below a whiteout");
	}
	return 0;
}

static errint_t put_member(struct reader *r, struct tar_node *parent, const char *name, struct tar_member *member)
{
	switch (member->type) {
	case '0':
		return *name ? put_file(r, parent, name, member)
			     : refuse(r, member, "it would be the root, which is a directory");
	case '5':
		return tar_extract_directory(&r->extract, parent, name, member);
	case '1':
		return *name ? tar_extract_link(&r->extract, parent, name, member)
			     : refuse(r, member, "it would be the root, which is a directory");
	default:
		return *name ? tar_extract_node(&r->extract, parent, name, member)
			     : refuse(r, member, "it would be the root, which is a directory");
	}
}

/* Handles a mark. Its name says what it means; its type does not matter. */
static errint_t put_mark(struct reader *r, struct tar_node *parent, enum tar_mark mark, const char *of,
			 struct tar_member *member)
{
	errint_t code = mark == TAR_MARK_OPAQUE ? tar_extract_opaque(&r->extract, parent)
						: tar_extract_whiteout(&r->extract, parent, of);

	return code < 0 ? code : pass_over(r, member);
}

static errint_t remark_keys(struct reader *r, const char *path, const struct pax *pax)
{
	errint_t code = 0;

	for (size_t at = 0; code == 0 && at < pax->keys_len; at += strlen(pax->keys + at) + 1)
		code = remarks_add(r->remarks, MICA_REMARK_KEY, *path ? path : ".", pax->keys + at);
	return code < 0 ? mica_fail(r->err, code, "read tar", path) : 0;
}

static errint_t put_aufs(struct reader *r, struct tar_member *member)
{
	errint_t code = remarks_add(r->remarks, MICA_REMARK_AUFS, member->path, "");

	return code < 0 ? mica_fail(r->err, code, "read tar", member->path) : pass_over(r, member);
}

static errint_t put(struct reader *r, struct tar_member *member)
{
	const char *slash = strrchr(member->path, '/'), *name, *of = "";
	bool names = r->names || r->extract.exact; /* then no name is a mark */
	enum tar_mark mark = names ? TAR_MARK_NONE : tar_mark_of(slash ? slash + 1 : member->path, &of);
	int above = names ? 0 : mark_above(r, member);
	struct tar_node *parent;
	errint_t code;

	if (above < 0)
		return above;
	if (above || mark == TAR_MARK_AUFS)
		return put_aufs(r, member);
	if (mark == TAR_MARK_BAD)
		return refuse(r, member, "it is a whiteout of nothing that can be deleted");
	code = tar_extract_parent(&r->extract, member->path, &parent, &name);
	if (code == 0)
		code = mark == TAR_MARK_NONE ? put_member(r, parent, name, member)
					     : put_mark(r, parent, mark, of, member);
	if (code == 0 && r->extract.exact && member->pax.keys_len)
		code = refuse(r, member, "a pax record of it is not one of a copy of a layer");
	return code < 0 ? code : remark_keys(r, member->path, &member->pax);
}

/* From the beginning to the end. */

/* If the part that all entries come through has failed, the current entry is named in the error. */
static void name_failure(struct mica_error *err, const struct tar_member *member)
{
	struct mica_error named = {0};

	if (!err || !err->code || err->path_len || !member->path)
		return;
	mica_fail(&named, err->code, err->step, *member->path ? member->path : ".");
	memcpy(err->path, named.path, sizeof(err->path));
	err->path_len = named.path_len;
}

static errint_t read_members(struct reader *r)
{
	int code;

	do {
		struct tar_member member;

		code = tar_members_next(&r->members, &member);
		if (code > 0) {
			errint_t failed = put(r, &member);

			r->entries++;
			if (failed < 0)
				code = failed;
		}
		if (code < 0)
			name_failure(r->err, &member);
		tar_member_free(&member);
	} while (code > 0);
	return code < 0 ? code : remark_keys(r, "", &r->members.global);
}

static errint_t read_layer(struct reader *r, int fd, int root, const struct mica_tar_limits *limits,
			   struct mica_tar *tar)
{
	errint_t code = tar_extract_start(&r->extract, root);

	if (code == 0)
		code = tar_in_start(&r->in, fd, limits ? limits->bytes : 0, r->job, r->err);
	if (code < 0)
		return code;
	tar_members_start(&r->members, &r->in, limits, r->err);
	r->members.exact = r->extract.exact;
	code = read_members(r);
	if (code == 0)
		code = tar_in_finish(&r->in, tar);
	if (code == 0 && r->extract.exact && !r->extract.tree.root->entry)
		code = mica_fail_note(r->err, -EBADMSG, "read tar", "", "it is no copy of a layer: it has no root");
	if (code == 0)
		code = tar_extract_finish(&r->extract);
	if (code == 0)
		code = tar_extract_protect(&r->extract);
	tar->entries = r->entries;
	return code;
}

static void release(struct reader *r)
{
	tar_members_end(&r->members);
	tar_in_end(&r->in);
	tar_extract_end(&r->extract);
}

static errint_t read_into(struct reader *r, int fd, const char *dest, const struct mica_tar_limits *limits,
			  uint32_t flags, struct mica_tar *tar)
{
	cleanup_fd int parent = -1, root = -1;
	cleanup_free char *name = NULL;
	struct mica_error removing;
	errint_t code = open_parent(dest, &parent, &name, r->err);

	if (code < 0)
		return code;
	if (mkdirat(parent, name, 0700) < 0) /* EEXIST too: we did not make what is there */
		return mica_fail(r->err, -errno, "make directory", dest);
	root = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	code = root < 0 ? mica_fail(r->err, -errno, "open", dest) : read_layer(r, fd, root, limits, tar);
	if (code == 0 && flags & MICA_SYNC && syncfs(root) < 0)
		code = mica_fail(r->err, -errno, "sync", dest);
	release(r); /* before removing, which needs descriptors, too */
	if (code == 0)
		return 0;
	mica_error_clear(&removing);
	if (discard_at(parent, name, dest, NULL, &removing) < 0 && r->err) {
		size_t len = strlen(r->err->note);

		snprintf(r->err->note + len, sizeof(r->err->note) - len,
			 "%sand what was made could not be removed: %.200s: %s", len ? "; " : "", removing.path,
			 strerrordesc_np(-removing.code));
	}
	return code;
}

errint_t mica_tar_read(const char *from, int fd, const char *dest, const struct mica_tar_limits *limits, uint32_t flags,
		       struct mica_tar *tar, struct mica_remarks *remarks, struct mica_job *job, struct mica_error *err)
{
	cleanup_free struct reader *r = calloc(1, sizeof(*r));
	cleanup_fd int opened = -1;

	mica_error_clear(err);
	*tar = (struct mica_tar){0};
	if (!r)
		return mica_fail(err, -ENOMEM, "read tar", dest);
	r->remarks = r->extract.remarks = remarks;
	r->job = r->extract.job = job;
	r->err = r->extract.err = err;
	r->extract.fd = -1;
	r->extract.own = flags & MICA_OWN;
	r->names = flags & MICA_TAR_NAMES;
	r->flush = flags & MICA_SYNC;
	r->extract.most = limits ? limits->entries : 0;
	r->extract.guarded = flags & MICA_LAYER_USERXATTR ? XATTR_USER : XATTR_TRUSTED;
	r->extract.exact = r->in.unhashed = flags & MICA_LAYER_EXACT;
	r->extract.space = r->extract.exact ? XATTR_PLAIN : r->extract.guarded;
	if (from && (opened = open(from, O_RDONLY | O_CLOEXEC)) < 0)
		return mica_fail(err, -errno, "open", from);
	return read_into(r, from ? opened : fd, dest, limits, flags, tar);
}
