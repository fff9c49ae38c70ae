/*
 * relay-attributes.c - the attributes of files of the upper that lie here. The relay reads and changes them at the file
 * itself, as the guest would do through its share; docs/export-protocol.md says why both see the same. For directories
 * that were made through us, the relay reads the attributes at the directory, too, but the guest changes them.
 */
#include "relay.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static bool known_here(struct relay *r, uint64_t node, struct fuse_attr *attr)
{
	return file_attributes(r, node, attr) || made_attributes(r, node, attr);
}

static bool get_here(struct relay *r, const struct fuse_in_header *head)
{
	struct fuse_attr_out out = {.attr_valid = FRAME_VALID_SECONDS};

	if (!known_here(r, head->nodeid, &out.attr))
		return false;
	reply_data(r, head->unique, &out, sizeof(out));
	return true;
}

static struct timespec time_to_set(uint32_t set, uint32_t value, uint32_t now, uint64_t sec, uint32_t nsec)
{
	if (set & now)
		return (struct timespec){.tv_nsec = UTIME_NOW};
	if (set & value)
		return (struct timespec){(time_t)sec, nsec};
	return (struct timespec){.tv_nsec = UTIME_OMIT};
}

/* If the file is open (FATTR_FH), its times change even if it has that size already. */
static int set_size(struct relay *r, int path_fd, const struct fuse_setattr_in *in)
{
	if (!(in->valid & FATTR_FH))
		return truncate(fd_name(path_fd).text, (off_t)in->size) < 0 ? errno : 0;

	cleanup_fd int fd = file_reopen(r, path_fd, O_WRONLY);
	if (fd < 0)
		return -fd;
	return ftruncate(fd, (off_t)in->size) < 0 ? errno : 0;
}

#define SETS_SOMETHING (FATTR_MODE | FATTR_UID | FATTR_GID | FATTR_SIZE | FATTR_ATIME | FATTR_MTIME)

/*
 * With a change that sets nothing the kernel says that set-id bits must be removed: the caller is about to change the
 * data, or has asked for the owner and group to stay as they are. The bits of somebody else's file are not removed,
 * because the caller may have asked for the second, and only the owner may do that. If such a caller does change the
 * data, the write itself removes the bits. Root changes the data, and the bits stay.
 */
static int take_setid(int path_fd, uid_t caller)
{
	struct stat st;

	if (fstat(path_fd, &st) < 0)
		return errno;
	if (st.st_mode & (S_ISUID | S_ISGID) && (!caller || caller != st.st_uid))
		return 0;
	return fchownat(path_fd, "", (uid_t)-1, (gid_t)-1, AT_EMPTY_PATH) < 0 ? errno : 0;
}

/* Each part is a call of its own. The owner comes first, because changing it removes set-id bits. */
static int set_parts(struct relay *r, int path_fd, const struct fuse_setattr_in *in)
{
	const struct timespec times[2] = {
		time_to_set(in->valid, FATTR_ATIME, FATTR_ATIME_NOW, in->atime, in->atimensec),
		time_to_set(in->valid, FATTR_MTIME, FATTR_MTIME_NOW, in->mtime, in->mtimensec),
	};
	uid_t uid = in->valid & FATTR_UID ? in->uid : (uid_t)-1;
	gid_t gid = in->valid & FATTR_GID ? in->gid : (gid_t)-1;
	int failed = 0;

	if (in->valid & (FATTR_UID | FATTR_GID) && fchownat(path_fd, "", uid, gid, AT_EMPTY_PATH) < 0)
		return errno;
	if (in->valid & FATTR_SIZE)
		failed = set_size(r, path_fd, in);
	if (!failed && in->valid & FATTR_MODE && fchmodat(r->proc, fd_name(path_fd).text, in->mode & 07777, 0) < 0)
		return errno;
	if (!failed && (times[0].tv_nsec != UTIME_OMIT || times[1].tv_nsec != UTIME_OMIT) &&
	    utimensat(r->proc, fd_name(path_fd).text, times, 0) < 0)
		return errno;
	return failed;
}

static bool set_here(struct relay *r, const struct fuse_in_header *head, const struct fuse_setattr_in *in)
{
	bool sets = in->valid & SETS_SOMETHING;
	/* A change of owner itself removes the bits that let somebody run something. If the group may not execute the
\t * file, the set-group-id bit stays, as for root. */
	bool drop = sets ? in->valid & FATTR_KILL_SUIDGID && !(in->valid & (FATTR_UID | FATTR_GID)) : head->uid != 0;
	struct fuse_attr_out out = {.attr_valid = FRAME_VALID_SECONDS};
	int path_fd = file_pin(r, head->nodeid);

	if (path_fd < 0)
		return false;
	if (drop)
		setid_drop(true);
	int failed = sets ? set_parts(r, path_fd, in) : take_setid(path_fd, head->uid);
	if (drop)
		setid_drop(false);
	if (!failed && !file_attributes(r, head->nodeid, &out.attr))
		failed = EIO;
	file_unpin(r, head->nodeid);
	if (failed)
		reply_error(r, head->unique, failed);
	else
		reply_data(r, head->unique, &out, sizeof(out));
	return true;
}

/* Whether overlayfs passes the attribute on unchanged. Of trusted ones it does not: it hides its own. */
static bool is_same_below(const char *name)
{
	return !strncmp(name, "security.", 9) || !strncmp(name, "user.", 5) || !strcmp(name, "system.posix_acl_access");
}

static void reply_xattr(struct relay *r, const struct fuse_in_header *head, uint32_t asked, const char *value,
			ssize_t len)
{
	if (len < 0)
		reply_error(r, head->unique, errno);
	else if (asked)
		reply_data(r, head->unique, value, (size_t)len);
	else
		reply_data(r, head->unique, &(struct fuse_getxattr_out){.size = (uint32_t)len},
			   sizeof(struct fuse_getxattr_out));
}

/* If the file system does not know such an attribute, overlayfs would answer something else: then ask the guest. */
static bool xattr_here(struct relay *r, const struct fuse_in_header *head, const struct fuse_getxattr_in *in,
		       size_t size, char *room)
{
	const char *name = (const char *)(in + 1);
	int path_fd;

	if (in->size > FRAME_MAX_WRITE || !memchr(name, 0, size - sizeof(*in)) || !is_same_below(name) ||
	    (path_fd = file_pin(r, head->nodeid)) < 0)
		return false;
	ssize_t len = getxattr(fd_name(path_fd).text, name, room, in->size);
	bool here = len >= 0 || errno == ENODATA || errno == ERANGE;

	if (here)
		reply_xattr(r, head, in->size, room, len);
	file_unpin(r, head->nodeid);
	return here;
}

bool attributes_request(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size, char *room)
{
	if (!guest_serves(r))
		return false;
	switch (head->opcode) {
	case FUSE_GETATTR:
		return get_here(r, head);
	case FUSE_SETATTR:
		return set_here(r, head, (const void *)body);
	default:
		return xattr_here(r, head, (const void *)body, size, room);
	}
}

static void correct_entry(struct relay *r, char *body)
{
	struct fuse_entry_out entry;

	memcpy(&entry, body, sizeof(entry));
	if (entry.nodeid && known_here(r, entry.nodeid, &entry.attr))
		memcpy(body, &entry, sizeof(entry));
}

static void correct_listing(struct relay *r, char *body, size_t size)
{
	struct fuse_direntplus entry;

	for (size_t at = 0; size - at >= sizeof(entry);) {
		memcpy(&entry, body + at, sizeof(entry));
		size_t len = FUSE_DIRENTPLUS_SIZE(&entry);
		if (len > size - at)
			return;
		correct_entry(r, body + at);
		at += len;
	}
}

void attributes_correct(struct relay *r, uint32_t opcode, char *body, size_t size)
{
	if (opcode == FUSE_READDIRPLUS)
		correct_listing(r, body, size);
	else if (opcode == FUSE_LOOKUP || opcode == FUSE_LINK || opcode == FUSE_CREATE || opcode == FUSE_MKDIR)
		correct_entry(r, body);
}
