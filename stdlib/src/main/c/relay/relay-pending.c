#include "relay.h"

#include <fcntl.h>

#define SLOTS 4096u

struct slot {
	struct request request;
	uint64_t number; /* 0: free */
	uint32_t next_free;
};

struct pending {
	pthread_mutex_t lock;
	pthread_cond_t freed;
	uint64_t generation;
	uint32_t first_free; /* SLOTS: none is free */
	unsigned slow;	     /* the number of waiting requests that may take long */
	int64_t slow_until;  /* when the last of them ended, if there is none now */
	struct slot slots[SLOTS];
};

/* Whether even a good guest may first have to copy a file up, or to write a lot out, before it can answer. */
static bool takes_long(const struct request *q)
{
	switch (q->opcode) {
	case FUSE_OPEN:
		return (q->flags & O_ACCMODE) != O_RDONLY || q->flags & O_TRUNC;
	case FUSE_SETATTR:
	case FUSE_SETXATTR:
	case FUSE_REMOVEXATTR:
	case FUSE_LINK:
	case FUSE_RENAME:
	case FUSE_RENAME2:
	case FUSE_WRITE:
	case FUSE_FALLOCATE:
	case FUSE_COPY_FILE_RANGE:
	case FUSE_FSYNC:
	case FUSE_FSYNCDIR:
		return true;
	default:
		return false;
	}
}

struct pending *pending_new(void)
{
	struct pending *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->freed, NULL);
	for (uint32_t i = 0; i < SLOTS; i++)
		p->slots[i].next_free = i + 1;
	return p;
}

/* The guest gets our own numbers: a number leads to the slot at once, and an old number does not match any more. */
uint64_t pending_add(struct relay *r, const struct request *request)
{
	struct pending *p = r->pending;
	uint64_t number = 0;

	pthread_mutex_lock(&p->lock);
	while (p->first_free == SLOTS && guest_serves(r))
		pthread_cond_wait(&p->freed, &p->lock);
	if (guest_serves(r)) {
		struct slot *slot = &p->slots[p->first_free];

		number = ++p->generation * SLOTS * 2 + 2 * p->first_free;
		p->first_free = slot->next_free;
		slot->request = *request;
		slot->request.since = lived_ms(r);
		slot->number = number;
		p->slow += takes_long(request);
	}
	pthread_mutex_unlock(&p->lock);
	return number;
}

static void slot_free(struct relay *r, struct slot *slot, struct request *request)
{
	struct pending *p = r->pending;

	*request = slot->request;
	if (takes_long(request) && !--p->slow)
		p->slow_until = lived_ms(r);
	slot->number = 0;
	slot->next_free = p->first_free;
	p->first_free = (uint32_t)(slot - p->slots);
	pthread_cond_signal(&p->freed);
}

bool pending_take(struct relay *r, uint64_t number, struct request *request)
{
	struct pending *p = r->pending;
	struct slot *slot = &p->slots[number / 2 % SLOTS];

	pthread_mutex_lock(&p->lock);
	bool found = number && slot->number == number;
	if (found)
		slot_free(r, slot, request);
	pthread_mutex_unlock(&p->lock);
	return found;
}

bool pending_take_any(struct relay *r, struct request *request)
{
	struct pending *p = r->pending;
	bool found = false;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS && !found; i++)
		if ((found = p->slots[i].number != 0))
			slot_free(r, &p->slots[i], request);
	pthread_mutex_unlock(&p->lock);
	return found;
}

void request_done(struct request *request)
{
	free(steal_pointer(&request->changed));
}

void pending_abandon(struct relay *r)
{
	struct pending *p = r->pending;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct request *q = &p->slots[i].request;

		if (!p->slots[i].number || q->abandoned)
			continue;
		q->abandoned = true;
		reply_error(r, q->unique, EIO);
	}
	pthread_mutex_unlock(&p->lock);
}

bool pending_none(struct relay *r)
{
	struct pending *p = r->pending;
	bool none = true;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS && none; i++)
		none = !p->slots[i].number;
	pthread_mutex_unlock(&p->lock);
	return none;
}

void pending_wake(struct relay *r)
{
	pthread_mutex_lock(&r->pending->lock);
	pthread_cond_broadcast(&r->pending->freed);
	pthread_mutex_unlock(&r->pending->lock);
}

void pending_interrupt(struct relay *r, uint64_t unique)
{
	struct pending *p = r->pending;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS; i++)
		if (p->slots[i].number && p->slots[i].request.unique == unique)
			p->slots[i].request.interrupted = true;
	pthread_mutex_unlock(&p->lock);
}

/* The slot stays taken, because the guest may still answer. */
void pending_give_up(struct relay *r)
{
	struct pending *p = r->pending;
	int64_t before = r->lived - PATIENCE_MS;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct request *q = &p->slots[i].request;

		if (!p->slots[i].number || !q->interrupted || q->abandoned || q->since > before)
			continue;
		q->abandoned = true;
		reply_error(r, q->unique, EINTR);
	}
	pthread_mutex_unlock(&p->lock);
}

static const char *name_of(uint32_t opcode)
{
	static const char *const names[] = {
		[FUSE_LOOKUP] = "LOOKUP",
		[FUSE_GETATTR] = "GETATTR",
		[FUSE_SETATTR] = "SETATTR",
		[FUSE_READLINK] = "READLINK",
		[FUSE_SYMLINK] = "SYMLINK",
		[FUSE_MKNOD] = "MKNOD",
		[FUSE_MKDIR] = "MKDIR",
		[FUSE_UNLINK] = "UNLINK",
		[FUSE_RMDIR] = "RMDIR",
		[FUSE_RENAME] = "RENAME",
		[FUSE_LINK] = "LINK",
		[FUSE_OPEN] = "OPEN",
		[FUSE_READ] = "READ",
		[FUSE_WRITE] = "WRITE",
		[FUSE_STATFS] = "STATFS",
		[FUSE_FSYNC] = "FSYNC",
		[FUSE_SETXATTR] = "SETXATTR",
		[FUSE_GETXATTR] = "GETXATTR",
		[FUSE_LISTXATTR] = "LISTXATTR",
		[FUSE_REMOVEXATTR] = "REMOVEXATTR",
		[FUSE_OPENDIR] = "OPENDIR",
		[FUSE_READDIR] = "READDIR",
		[FUSE_RELEASEDIR] = "RELEASEDIR",
		[FUSE_FSYNCDIR] = "FSYNCDIR",
		[FUSE_CREATE] = "CREATE",
		[FUSE_FALLOCATE] = "FALLOCATE",
		[FUSE_READDIRPLUS] = "READDIRPLUS",
		[FUSE_RENAME2] = "RENAME2",
		[FUSE_LSEEK] = "LSEEK",
		[FUSE_COPY_FILE_RANGE] = "COPY_FILE_RANGE",
	};

	return opcode < sizeof(names) / sizeof(*names) && names[opcode] ? names[opcode] : "a request";
}

/* A request that takes long may hold locks, and may keep all threads of the guest busy. So the other requests have as
 * much time, and after that their own. */
static unsigned limit_of(struct relay *r, const struct request *q, int64_t now)
{
	int64_t since = q->since > r->pending->slow_until ? q->since : r->pending->slow_until;

	if (now - q->since > (int64_t)r->copy_patience * 1000)
		return r->copy_patience;
	if (!r->pending->slow && now - since > (int64_t)r->patience * 1000)
		return r->patience;
	return 0;
}

unsigned pending_overdue(struct relay *r, const char **what)
{
	struct pending *p = r->pending;
	int64_t now = r->lived;
	unsigned overdue = 0;

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < SLOTS && !overdue; i++)
		if (p->slots[i].number && (overdue = limit_of(r, &p->slots[i].request, now)))
			*what = name_of(p->slots[i].request.opcode);
	pthread_mutex_unlock(&p->lock);
	return overdue;
}
