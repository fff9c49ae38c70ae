#include "tar-member.h"

#include <sys/stat.h>

#include "tar-format.h"
#include "tar-path.h"
#include "tar-sparse.h"

/* The headers that come before an entry and belong to it. */
struct before {
	bool has_pax;
	char *path, *link; /* GNU's long names */
};

void tar_members_start(struct tar_members *members, struct tar_in *in, const struct mica_tar_limits *limits,
		       struct mica_error *err)
{
	members->in = in;
	members->err = err;
	if (limits)
		members->limits = *limits;
	if (!members->limits.path || members->limits.path > TAR_MOST_HEADERS)
		members->limits.path = TAR_MOST_HEADERS;
}

void tar_members_end(struct tar_members *members)
{
	pax_free(&members->global);
}

void tar_member_free(struct tar_member *member)
{
	free(member->path);
	free(member->link);
	pax_free(&member->pax);
}

static errint_t fail(struct tar_members *members, const struct tar_member *member, errint_t code, const char *why)
{
	return mica_fail_note(members->err, code, "read tar", member->path ? member->path : "", "%s", why);
}

/* Reads a text that belongs to the format, such as a long name, and adds a NUL. */
static errint_t read_text(struct tar_members *members, const struct tar_member *member, int64_t size, char **text)
{
	cleanup_free char *buf = NULL;
	errint_t code;

	if (size < 0 || size > TAR_MOST_HEADERS)
		return fail(members, member, -EBADMSG, "a header is larger than is allowed");
	buf = malloc((size_t)size + 1);
	if (!buf)
		return fail(members, member, -ENOMEM, "");
	buf[size] = '\0';
	code = tar_in_read(members->in, buf, (size_t)size);
	if (code == 0)
		code = tar_in_skip(members->in, tar_padding((uint64_t)size));
	*text = code == 0 ? steal_pointer(&buf) : NULL;
	return code;
}

static errint_t read_pax(struct tar_members *members, struct tar_member *member, int64_t size, struct pax *pax)
{
	cleanup_free char *text = NULL;
	const char *why = "";
	errint_t code = read_text(members, member, size, &text);

	if (code < 0)
		return code;
	code = pax_parse(pax, text, (size_t)size, &why);
	return code < 0 ? fail(members, member, code, why) : 0;
}

static errint_t read_global(struct tar_members *members, struct tar_member *member, int64_t size)
{
	struct pax *global = &members->global;
	errint_t code = read_pax(members, member, size, global);

	pax_keep_global(global);
	if (code == 0 && global->keys_len > TAR_MOST_HEADERS)
		code = fail(members, member, -EBADMSG, "a header is larger than is allowed");
	return code;
}

/* There may be one of each type: if there were two, readers would not agree which of them counts. */
static errint_t read_before(struct tar_members *members, struct tar_member *member, char type, int64_t size,
			    struct before *before)
{
	char **text = type == 'L' ? &before->path : &before->link;

	if (type == 'g')
		return read_global(members, member, size);
	if (type == 'x' || type == 'X') {
		if (before->has_pax)
			return fail(members, member, -EBADMSG, "it has two pax headers");
		before->has_pax = true;
		return read_pax(members, member, size, &member->pax);
	}
	if (*text)
		return fail(members, member, -EBADMSG, "it has two long names");
	return read_text(members, member, size, text);
}

/* Names. */

static bool is_ustar(const struct tar_header *header)
{
	return !memcmp(header->magic, "ustar", 6);
}

/* The format of star has a shorter prefix, with times after it. */
static size_t prefix_room(const struct tar_header *header)
{
	bool star = !memcmp((const char *)header + 508, "tar", 4);

	return !is_ustar(header) ? 0 : star ? 131 : sizeof(header->prefix);
}

static char *header_path(const struct tar_header *header)
{
	size_t prefix = strnlen(header->prefix, prefix_room(header)), name = strnlen(header->name, 100);
	char *path = malloc(prefix + name + 2), *at = path;

	if (!path)
		return NULL;
	memcpy(at, header->prefix, prefix);
	at += prefix;
	if (prefix)
		*at++ = '/';
	memcpy(at, header->name, name);
	at[name] = '\0';
	return path;
}

/* Chooses the name that counts and leaves it as it was written; the caller frees it. */
static errint_t choose_path(const struct tar_header *header, struct tar_member *member, struct before *before,
			    const char **why)
{
	char **pax =
		member->pax.has & PAX_SPARSE && member->pax.sparse_name ? &member->pax.sparse_name : &member->pax.path;

	*why = "it has two long names";
	if (*pax && before->path)
		return -EBADMSG;
	member->path = *pax ? steal_pointer(pax) : before->path ? steal_pointer(&before->path) : header_path(header);
	return member->path ? 0 : -ENOMEM;
}

static errint_t choose_link(const struct tar_header *header, struct tar_member *member, struct before *before,
			    const char **why)
{
	if (member->type != '1' && member->type != '2')
		return 0;
	*why = "it has two long names";
	if (member->pax.link && before->link)
		return -EBADMSG;
	member->link = member->pax.link ? steal_pointer(&member->pax.link)
		       : before->link	? steal_pointer(&before->link)
					: strndup(header->link, sizeof(header->link));
	*why = "it is a link to nothing";
	return !member->link ? -ENOMEM : *member->link ? 0 : -EBADMSG;
}

static errint_t set_names(struct tar_members *members, const struct tar_header *header, struct tar_member *member,
			  struct before *before)
{
	const char *why = "";
	errint_t code = choose_path(header, member, before, &why);

	if (code == 0)
		code = choose_link(header, member, before, &why);
	if (code == 0 && (strlen(member->path) > members->limits.path ||
			  (member->link && strlen(member->link) > members->limits.path))) {
		code = -ENAMETOOLONG;
		why = "its name is longer than is allowed";
	}
	if (code == 0 && !*member->path) {
		code = -EBADMSG;
		why = "it has no name";
	}
	/* Old tars have no type for directories: their names end with a slash. */
	if (code == 0 && member->type == '0' && member->path[strlen(member->path) - 1] == '/')
		member->type = '5';
	if (code == 0)
		code = tar_path_clean(member->path, members->limits.depth, &why);
	if (code == 0 && member->type == '1')
		code = tar_path_clean(member->link, members->limits.depth, &why);
	return code < 0 ? fail(members, member, code, why) : 0;
}

/* Numbers. */

static errint_t set_owner(const struct tar_members *members, const struct tar_header *header, struct tar_member *member)
{
	const struct pax *own = &member->pax, *global = &members->global;
	int64_t uid, gid;
	errint_t code = tar_get_number(header->uid, sizeof(header->uid), &uid);

	if (code == 0)
		code = tar_get_number(header->gid, sizeof(header->gid), &gid);
	if (code < 0)
		return code;
	uid = own->has & PAX_UID ? (int64_t)own->uid : global->has & PAX_UID ? (int64_t)global->uid : uid;
	gid = own->has & PAX_GID ? (int64_t)own->gid : global->has & PAX_GID ? (int64_t)global->gid : gid;
	/* The largest number means "do not change it" to chown. */
	if (uid < 0 || uid >= UINT32_MAX || gid < 0 || gid >= UINT32_MAX)
		return -EBADMSG;
	member->meta.uid = (uint32_t)uid;
	member->meta.gid = (uint32_t)gid;
	return 0;
}

static errint_t set_meta(const struct tar_members *members, const struct tar_header *header, struct tar_member *member)
{
	const struct pax *time = member->pax.has & PAX_MTIME ? &member->pax : &members->global;
	int64_t mode;
	errint_t code = tar_get_number(header->mode, sizeof(header->mode), &mode);

	if (code == 0)
		code = set_owner(members, header, member);
	if (code == 0)
		code = tar_get_number(header->mtime, sizeof(header->mtime), &member->meta.mtime);
	if (code < 0)
		return code;
	member->meta.mode = (uint32_t)mode & 07777;
	if (time->has & PAX_MTIME) {
		member->meta.mtime = time->mtime;
		member->meta.mtime_nsec = time->mtime_nsec;
	}
	return 0;
}

static errint_t set_device(const struct tar_header *header, struct tar_member *member)
{
	int64_t major = 0, minor = 0;
	errint_t code = 0;

	if (member->type == '3' || member->type == '4') {
		code = tar_get_number(header->major, sizeof(header->major), &major);
		if (code == 0)
			code = tar_get_number(header->minor, sizeof(header->minor), &minor);
	}
	if (major < 0 || major > UINT32_MAX || minor < 0 || minor > UINT32_MAX)
		code = -EBADMSG;
	member->major = (uint32_t)major;
	member->minor = (uint32_t)minor;
	return code;
}

/* Only a file has content. The size that other types give is ignored, as by most readers. */
static errint_t set_content(struct tar_members *members, const struct tar_header *header, struct tar_member *member,
			    int64_t size)
{
	struct pax *pax = &member->pax;
	const char *why = "";
	bool old = header->type == 'S', sparse = old || pax->has & PAX_SPARSE;
	errint_t code = 0;

	if (member->type != '0')
		return 0;
	member->stored = member->size = pax->has & PAX_SIZE ? pax->size : (uint64_t)size;
	member->sparse = sparse;
	if (member->stored > INT64_MAX)
		return fail(members, member, -EBADMSG, "its size is no number");
	if (old) {
		code = tar_sparse_old(members->in, header, &pax->map, &member->size, &why);
	} else if (sparse) {
		member->size = pax->sparse_size;
		why = "it is sparse in a way that is not known here";
		code = pax->sparse_major > 1 ? -EOPNOTSUPP : 0;
		if (pax->sparse_major == 1)
			code = tar_sparse_new(members->in, &pax->map, &member->stored, &why);
	}
	if (code == 0 && sparse)
		code = tar_sparse_check(&pax->map, member->size, member->stored, &why);
	if (code < 0)
		return fail(members, member, code, why);
	/* In an exact copy, holes take no space. */
	if (!members->exact && members->limits.bytes && member->size > members->limits.bytes)
		return fail(members, member, -EFBIG, "it is larger than is allowed");
	return 0;
}

/* Headers. */

static int read_header(struct tar_members *members, struct tar_header *header)
{
	static const struct tar_header zeros;
	errint_t code = tar_in_read(members->in, header, sizeof(*header));

	if (code < 0)
		return code;
	return memcmp(header, &zeros, sizeof(zeros)) != 0;
}

static char type_of(char type)
{
	return type == '\0' || type == '7' || type == 'S' ? '0' : type;
}

static errint_t set_member(struct tar_members *members, const struct tar_header *header, struct tar_member *member,
			   int64_t size, struct before *before)
{
	errint_t code;

	member->type = type_of(header->type);
	code = set_names(members, header, member, before);
	if (code < 0)
		return code;
	if (!strchr(members->exact ? "0123456s" : "0123456", member->type))
		return mica_fail_note(members->err, -EOPNOTSUPP, "read tar", member->path,
				      "it is of the type '%c', which is not known here", member->type);
	code = set_meta(members, header, member);
	if (code == 0)
		code = set_device(header, member);
	if (code < 0)
		return fail(members, member, code, "a number in its header is none, or too large");
	return set_content(members, header, member, size);
}

/* 1: an entry, 0: the end. */
static int read_entry(struct tar_members *members, struct tar_member *member, struct before *before)
{
	for (;;) {
		struct tar_header header;
		int64_t size;
		int code = read_header(members, &header);

		if (code == 0 && (before->has_pax || before->path || before->link))
			return fail(members, member, -EBADMSG, "a header is without its entry");
		if (code <= 0)
			return code;
		if (!tar_checksum_fits(&header))
			return fail(members, member, -EBADMSG, "this is no tar: a header's checksum is wrong");
		if (tar_get_number(header.size, sizeof(header.size), &size) < 0 || size < 0)
			return fail(members, member, -EBADMSG, "a size is no number");
		if (header.type && strchr("xXgLK", header.type))
			code = read_before(members, member, header.type, size, before);
		else if (header.type == 'V') /* the name of the tape */
			code = tar_in_skip(members->in, (uint64_t)size + tar_padding((uint64_t)size));
		else
			return (code = set_member(members, &header, member, size, before)) < 0 ? code : 1;
		if (code < 0)
			return code;
	}
}

int tar_members_next(struct tar_members *members, struct tar_member *member)
{
	struct before before = {0};
	int code;

	*member = (struct tar_member){.pax.exact = members->exact};
	code = read_entry(members, member, &before);
	free(before.path);
	free(before.link);
	return code;
}
