/*
 * relay-made.c - directories that were made through us. Each was empty at first, and every request that puts a name
 * into it comes through us. So we know which names it does not have, and need not ask the guest for these. And it is
 * only in the upper, because overlayfs merges nothing into a directory that it makes: its attributes are those of the
 * folder in the upper.
 *
 * A hash of each name is noted before the guest can make the name, and is never removed: a superfluous hash only costs
 * a question. If there are too many hashes, this directory, or the one that is used least, is treated as any other
 * again.
 */
#include "relay.h"

#include <sys/random.h>
#include <sys/stat.h>

#define BUCKETS 1024u
#define MAX_DIRECTORIES 4096u
#define MAX_ROOM (1u << 18)	/* places for hashes of one directory */
#define MAX_ALL_ROOM (1u << 21) /* places for hashes of all directories: 16 MiB */
#define FIRST_ROOM 16u

/* A file system may refuse long names. The guest knows what it answers then, so it is asked for names that are longer.
 */
#define SURE_NAME 128u

struct directory {
	uint64_t node;
	uint64_t shown; /* st_ino for the kernel */
	int path_fd;	/* O_PATH, in the upper; -1: the guest answers for its attributes */
	bool complete;	/* the hash of every name that it has is here */
	uint32_t count, room;
	uint64_t *names;		 /* hashes, with open addressing; 0: free */
	struct directory *next;		 /* in the bucket */
	struct directory *older, *newer; /* ordered by use */
};

struct made {
	pthread_mutex_t lock;
	uint64_t key; /* so that nobody can choose names with equal hashes */
	struct directory *buckets[BUCKETS];
	struct directory *oldest, *newest;
	uint32_t count, room;
};

struct made *made_new(void)
{
	struct made *all = calloc(1, sizeof(*all));

	if (!all)
		return NULL;
	pthread_mutex_init(&all->lock, NULL);
	if (getrandom(&all->key, sizeof(all->key), 0) == sizeof(all->key))
		return all;
	free(all);
	return NULL;
}

static struct directory **bucket_of(struct made *all, uint64_t node)
{
	return &all->buckets[(node * 0x9e3779b97f4a7c15ull >> 32) % BUCKETS];
}

static void unlist(struct made *all, struct directory *d)
{
	*(d->older ? &d->older->newer : &all->oldest) = d->newer;
	*(d->newer ? &d->newer->older : &all->newest) = d->older;
}

static void list(struct made *all, struct directory *d)
{
	d->older = all->newest;
	d->newer = NULL;
	*(all->newest ? &all->newest->newer : &all->oldest) = d;
	all->newest = d;
}

/* Finds the directory, which makes it the one used last. */
static struct directory *find(struct made *all, uint64_t node)
{
	struct directory *d = *bucket_of(all, node);

	while (d && d->node != node)
		d = d->next;
	if (d && d != all->newest) {
		unlist(all, d);
		list(all, d);
	}
	return d;
}

static void names_drop(struct made *all, struct directory *d)
{
	all->room -= d->room;
	free(d->names);
	d->names = NULL;
	d->count = d->room = 0;
	d->complete = false;
}

static void destroy(struct made *all, struct directory *d)
{
	struct directory **at = bucket_of(all, d->node);

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	unlist(all, d);
	names_drop(all, d);
	if (d->path_fd >= 0)
		close(d->path_fd);
	free(d);
	all->count--;
}

void made_free(struct relay *r)
{
	while (r->made->oldest)
		destroy(r->made, r->made->oldest);
	free(r->made);
}

void made_add(struct relay *r, uint64_t node, uint64_t shown, int path_fd)
{
	struct made *all = r->made;
	struct directory *new = malloc(sizeof(*new)), *old;

	if (!new) {
		if (path_fd >= 0)
			close(path_fd);
		return;
	}
	*new = (struct directory){.node = node, .shown = shown, .path_fd = path_fd, .complete = true};
	pthread_mutex_lock(&all->lock);
	/* A good guest never gives a number twice. If a bad one does, we do not know which directory it means. */
	if ((old = find(all, node))) {
		new->complete = false;
		destroy(all, old);
	}
	new->next = *bucket_of(all, node);
	*bucket_of(all, node) = new;
	list(all, new);
	if (++all->count > MAX_DIRECTORIES)
		destroy(all, all->oldest);
	pthread_mutex_unlock(&all->lock);
}

void made_forget(struct relay *r, uint64_t node)
{
	pthread_mutex_lock(&r->made->lock);
	struct directory *d = find(r->made, node);

	if (d)
		destroy(r->made, d);
	pthread_mutex_unlock(&r->made->lock);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(struct made *all, const char *name, size_t len)
{
	uint64_t hash = mix(all->key ^ len, 0x9e3779b97f4a7c15ull), part;

	for (size_t at = 0; at < len; at += sizeof(part)) {
		part = 0;
		memcpy(&part, name + at, len - at < sizeof(part) ? len - at : sizeof(part));
		hash = mix(hash ^ part, all->key | 1);
	}
	return hash ? hash : 1;
}

/* The place of the hash, or the free place that it would get. There is a free one: at most half of them are taken. */
static uint64_t *place_of(struct directory *d, uint64_t hash)
{
	uint32_t at = (uint32_t)(hash >> 32) & (d->room - 1);

	while (d->names[at] && d->names[at] != hash)
		at = (at + 1) & (d->room - 1);
	return &d->names[at];
}

static bool names_grow(struct made *all, struct directory *d)
{
	struct directory grown = {.room = d->room ? 2 * d->room : FIRST_ROOM};

	if (grown.room > MAX_ROOM || !(grown.names = calloc(grown.room, sizeof(*grown.names))))
		return false;
	for (uint32_t i = 0; i < d->room; i++)
		if (d->names[i])
			*place_of(&grown, d->names[i]) = d->names[i];
	free(d->names);
	all->room += grown.room - d->room;
	d->names = grown.names;
	d->room = grown.room;
	/* This never destroys the current one, which is the newest. */
	while (all->room > MAX_ALL_ROOM)
		destroy(all, all->oldest);
	return true;
}

static void name_add(struct relay *r, uint64_t dir, const char *name, size_t len)
{
	struct made *all = r->made;
	uint64_t hash = hash_of(all, name, len);

	pthread_mutex_lock(&all->lock);
	struct directory *d = find(all, dir);
	if (d && d->complete && d->count >= d->room / 2 && !names_grow(all, d))
		names_drop(all, d);
	if (d && d->complete) {
		uint64_t *place = place_of(d, hash);

		d->count += !*place;
		*place = hash;
	}
	pthread_mutex_unlock(&all->lock);
}

size_t made_before_name(uint32_t opcode)
{
	switch (opcode) {
	case FUSE_RENAME:
		return sizeof(struct fuse_rename_in);
	case FUSE_RENAME2:
		return sizeof(struct fuse_rename2_in);
	case FUSE_CREATE:
		return sizeof(struct fuse_create_in);
	case FUSE_MKNOD:
		return sizeof(struct fuse_mknod_in);
	case FUSE_MKDIR:
		return sizeof(struct fuse_mkdir_in);
	case FUSE_LINK:
		return sizeof(struct fuse_link_in);
	default:
		return 0; /* SYMLINK, UNLINK, RMDIR */
	}
}

void made_names(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size)
{
	const char *name = body + made_before_name(head->opcode), *end = body + size;
	uint64_t to;

	if (name > end)
		return;
	size_t len = strnlen(name, (size_t)(end - name));
	name_add(r, head->nodeid, name, len);
	if (head->opcode != FUSE_RENAME && head->opcode != FUSE_RENAME2)
		return;
	/* An exchange makes both names. In both requests the body begins with the other directory. */
	memcpy(&to, body, sizeof(to));
	name += len + 1;
	if (name <= end)
		name_add(r, to, name, strnlen(name, (size_t)(end - name)));
}

static bool lacks(struct relay *r, uint64_t dir, const char *name, size_t len)
{
	uint64_t hash = hash_of(r->made, name, len);

	pthread_mutex_lock(&r->made->lock);
	struct directory *d = find(r->made, dir);
	bool missing = d && d->complete && (!d->room || !*place_of(d, hash));
	pthread_mutex_unlock(&r->made->lock);
	return missing;
}

bool made_lookup(struct relay *r, const struct fuse_in_header *head, const char *body, size_t size)
{
	size_t len = strnlen(body, size);

	if (!guest_serves(r) || len > SURE_NAME || !lacks(r, head->nodeid, body, len))
		return false;
	/* The answer that the guest would give: there is no node, and the kernel may remember that. */
	reply_data(r, head->unique, &(struct fuse_entry_out){.entry_valid = FRAME_VALID_SECONDS},
		   sizeof(struct fuse_entry_out));
	return true;
}

bool made_attributes(struct relay *r, uint64_t node, struct fuse_attr *attr)
{
	struct stat st;

	pthread_mutex_lock(&r->made->lock);
	struct directory *d = find(r->made, node);
	bool here = d && d->path_fd >= 0 && !fstat(d->path_fd, &st);
	if (here)
		*attr = attributes_shown(&st, d->shown);
	pthread_mutex_unlock(&r->made->lock);
	return here;
}
