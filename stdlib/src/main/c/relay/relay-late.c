/*
 * relay-late.c - answers that nobody waits for: the caller got EIO or EINTR, but the guest did the request all the
 * same. What the kernel remembers is out of date, and it would remember that for a day. So it is made to ask again.
 */
#include "relay.h"

#include <fcntl.h>

/* What a request may have changed; noted before it goes to the guest. */
struct changed {
	uint64_t nodes[2];   /* nodes with other attributes or data, or 0 */
	uint64_t parents[2]; /* the directories of the names; 0: there is no name */
	char *names[2];	     /* they point into text */
	char text[];
};

/* The node that a request without names changes, or 0. */
static uint64_t node_changed(const struct fuse_in_header *head, const char *body)
{
	switch (head->opcode) {
	case FUSE_OPEN:
		return ((const struct fuse_open_in *)body)->flags & O_TRUNC ? head->nodeid : 0;
	case FUSE_COPY_FILE_RANGE:
		return ((const struct fuse_copy_file_range_in *)body)->nodeid_out;
	case FUSE_SETATTR:
	case FUSE_SETXATTR:
	case FUSE_REMOVEXATTR:
	case FUSE_WRITE:
	case FUSE_FALLOCATE:
		return head->nodeid;
	default:
		return 0;
	}
}

static bool has_names(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_CREATE:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
	case FUSE_UNLINK:
	case FUSE_RMDIR:
	case FUSE_RENAME:
	case FUSE_RENAME2:
		return true;
	default:
		return false;
	}
}

static void note_names(struct changed *c, const struct fuse_in_header *head, const char *body)
{
	c->parents[0] = head->nodeid;
	c->names[0] = c->text;
	/* The bodies begin with the node that gets another name (LINK), or with the other directory (RENAME). */
	if (head->opcode == FUSE_LINK)
		memcpy(&c->nodes[0], body, sizeof(c->nodes[0]));
	if (head->opcode != FUSE_RENAME && head->opcode != FUSE_RENAME2)
		return;
	memcpy(&c->parents[1], body, sizeof(c->parents[1]));
	c->names[1] = c->text + strlen(c->text) + 1;
}

struct changed *changed_by(const struct fuse_in_header *head, const char *body, size_t size)
{
	size_t before = made_before_name(head->opcode);
	uint64_t node = node_changed(head, body);
	bool names = has_names(head->opcode) && size > before;

	if (!node && !names)
		return NULL;
	/* Room for two NULs more: the kernel ends the names with them, but nothing here depends on that. */
	struct changed *c = calloc(1, sizeof(*c) + (names ? size - before + 2 : 0));
	if (!c)
		return NULL;
	c->nodes[0] = node;
	if (names) {
		memcpy(c->text, body + before, size - before);
		note_names(c, head, body);
	}
	return c;
}

static void forget_changed(struct relay *r, const struct changed *c)
{
	for (unsigned i = 0; i < 2; i++) {
		if (c->nodes[i])
			notices_forget_node(r, c->nodes[i]);
		if (!c->parents[i])
			continue;
		notices_forget_name(r, c->parents[i], c->names[i]);
		/* The listing of the directory has changed, too. */
		notices_forget_node(r, c->parents[i]);
	}
}

/* Tells the guest that the kernel does not know the node. */
static void forget_entry(struct relay *r, const char *body)
{
	struct {
		struct fuse_in_header head;
		struct fuse_forget_in in;
	} forget = {{.len = sizeof(forget), .opcode = FUSE_FORGET}, {.nlookup = 1}};

	memcpy(&forget.head.nodeid, body, sizeof(forget.head.nodeid));
	if (forget.head.nodeid)
		notices_owe(r, &forget, sizeof(forget));
}

/* Tells the guest that the kernel does not have the directory open. */
static void release_listing(struct relay *r, uint64_t node, const char *body)
{
	struct fuse_open_out out;

	memcpy(&out, body, sizeof(out));
	struct {
		struct fuse_in_header head;
		struct fuse_release_in in;
	} release = {{.len = sizeof(release), .opcode = FUSE_RELEASEDIR, .nodeid = node}, {.fh = out.fh}};

	notices_owe(r, &release, sizeof(release));
}

/* Each entry that READDIRPLUS returned counts as a lookup, and is forgotten. */
static void forget_listed(struct relay *r, const char *body, size_t size)
{
	struct fuse_direntplus one;

	for (size_t at = 0; size - at >= sizeof(one); at += FUSE_DIRENT_ALIGN(sizeof(one) + one.dirent.namelen)) {
		memcpy(&one, body + at, sizeof(one));
		if (one.dirent.namelen > size - at - sizeof(one))
			return;
		const char *name = body + at + sizeof(one);
		bool dots = one.dirent.namelen <= 2 && !memcmp(name, "..", one.dirent.namelen);

		if (!dots)
			forget_entry(r, (const char *)&one.entry_out);
		if (FUSE_DIRENT_ALIGN(sizeof(one) + one.dirent.namelen) > size - at)
			return;
	}
}

void late_answer(struct relay *r, const struct request *q, const char *body, size_t size)
{
	switch (q->opcode) {
	case FUSE_LOOKUP:
	case FUSE_MKNOD:
	case FUSE_MKDIR:
	case FUSE_SYMLINK:
	case FUSE_LINK:
	case FUSE_CREATE:
		if (size >= sizeof(struct fuse_entry_out))
			forget_entry(r, body);
		break;
	case FUSE_OPENDIR:
		if (size >= sizeof(struct fuse_open_out))
			release_listing(r, q->node, body);
		break;
	case FUSE_READDIRPLUS:
		forget_listed(r, body, size);
		break;
	default:
		break;
	}
	if (q->changed)
		forget_changed(r, q->changed);
}
