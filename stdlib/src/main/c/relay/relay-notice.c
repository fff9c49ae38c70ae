/*
 * relay-notice.c - notifications to the kernel, in their order; and what the guest still has to be told, because the
 * kernel does not say again that it has forgotten or closed something.
 */
#include "relay.h"

#include <limits.h>

/* How many notifications of the guest may wait. More are dropped, and the guest will send them again. */
#define WISHES 256u
#define OWED_MAX (64u << 20)
#define NOTICE_ROOM (sizeof(struct fuse_out_header) + sizeof(struct fuse_notify_inval_entry_out) + NAME_MAX + 1)
#define EXPIRE_ONLY 1 /* since Linux 6.2; without it a mount below the name would be detached, too */

struct item {
	struct item *next;
	size_t size; /* 0: a mark; when it is reached, all before it was delivered, and the guest is back */
	char message[];
};

struct queue {
	struct item *first, **last;
	size_t count, bytes;
};

struct notices {
	pthread_mutex_t lock;
	pthread_cond_t more;
	bool coming_back;
	struct queue kernel, owed;
};

struct notices *notices_new(void)
{
	struct notices *n = calloc(1, sizeof(*n));

	if (n) {
		pthread_mutex_init(&n->lock, NULL);
		pthread_cond_init(&n->more, NULL);
		n->kernel.last = &n->kernel.first;
		n->owed.last = &n->owed.first;
	}
	return n;
}

static struct item *item_new(struct relay *r, const void *message, size_t size)
{
	struct item *item = malloc(sizeof(*item) + size);

	if (!item) {
		relay_die(r, "no memory");
		return NULL;
	}
	item->next = NULL;
	item->size = size;
	memcpy(item->message, message, size);
	return item;
}

static void put(struct queue *q, struct item *item)
{
	*q->last = item;
	q->last = &item->next;
	q->count++;
	q->bytes += item->size;
}

static struct item *take(struct queue *q)
{
	struct item *item = q->first;

	if (!item)
		return NULL;
	q->first = item->next;
	if (!q->first)
		q->last = &q->first;
	q->count--;
	q->bytes -= item->size;
	return item;
}

static void put_back(struct queue *q, struct item *item)
{
	item->next = q->first;
	q->first = item;
	if (!item->next)
		q->last = &item->next;
	q->count++;
	q->bytes += item->size;
}

void notices_free(struct relay *r)
{
	struct item *item;

	while ((item = take(&r->notices->kernel)) || (item = take(&r->notices->owed)))
		free(item);
	free(r->notices);
}

static void add(struct relay *r, const void *message, size_t size)
{
	struct item *item = item_new(r, message, size);

	if (!item)
		return;
	pthread_mutex_lock(&r->notices->lock);
	put(&r->notices->kernel, item);
	pthread_cond_signal(&r->notices->more);
	pthread_mutex_unlock(&r->notices->lock);
}

/* The only notification that we pass on: to forget a name. Others could change what the host has cached. */
bool notice_add(struct relay *r, const char *message, size_t size)
{
	struct fuse_out_header head;
	struct fuse_notify_inval_entry_out entry;
	size_t at = sizeof(head) + sizeof(entry);

	if (size < at || size > NOTICE_ROOM)
		return false;
	memcpy(&head, message, sizeof(head));
	memcpy(&entry, message + sizeof(head), sizeof(entry));
	if (head.error != FUSE_NOTIFY_INVAL_ENTRY || !entry.namelen || entry.namelen != size - at - 1 ||
	    ((uint32_t *)&entry)[3] || message[size - 1] || memchr(message + at, 0, entry.namelen) ||
	    memchr(message + at, '/', entry.namelen))
		return false;
	pthread_mutex_lock(&r->notices->lock);
	bool full = r->notices->kernel.count >= WISHES;
	pthread_mutex_unlock(&r->notices->lock);
	if (!full)
		add(r, message, size);
	return true;
}

void notices_forget_names(struct relay *r)
{
	struct fuse_out_header head = {.len = sizeof(head), .error = MICA_FUSE_NOTIFY_INC_EPOCH};

	add(r, &head, sizeof(head));
}

void notices_forget_name(struct relay *r, uint64_t parent, const char *name)
{
	struct {
		struct fuse_out_header head;
		struct fuse_notify_inval_entry_out entry;
		char name[NAME_MAX + 1];
	} notice = {.head.error = FUSE_NOTIFY_INVAL_ENTRY, .entry.parent = parent};
	size_t len = strnlen(name, NAME_MAX), size = sizeof(notice.head) + sizeof(notice.entry) + len + 1;

	notice.head.len = (uint32_t)size;
	notice.entry.namelen = (uint32_t)len;
	((uint32_t *)&notice.entry)[3] = EXPIRE_ONLY;
	memcpy(notice.name, name, len);
	add(r, &notice, size);
}

void notices_forget_node(struct relay *r, uint64_t node)
{
	struct {
		struct fuse_out_header head;
		struct fuse_notify_inval_inode_out inode;
	} notice = {{.len = sizeof(notice), .error = FUSE_NOTIFY_INVAL_INODE}, {.ino = node}};

	add(r, &notice, sizeof(notice));
}

void notices_come_back(struct relay *r)
{
	pthread_mutex_lock(&r->notices->lock);
	bool coming = r->notices->coming_back;
	r->notices->coming_back = true;
	pthread_mutex_unlock(&r->notices->lock);
	if (!coming)
		add(r, "", 0);
}

void notices_owe(struct relay *r, const void *message, size_t size)
{
	struct item *item = r->dead ? NULL : item_new(r, message, size);

	if (!item)
		return;
	pthread_mutex_lock(&r->notices->lock);
	put(&r->notices->owed, item);
	bool too_much = r->notices->owed.bytes > OWED_MAX;
	pthread_cond_signal(&r->notices->more);
	pthread_mutex_unlock(&r->notices->lock);
	if (too_much)
		relay_die(r, "the guest is away, and is owed too much");
}

/* ENOENT means that the kernel does not know it any more; an older kernel does not know the epoch. Both are fine.
 * Returns false if the folder was unmounted. */
static bool deliver(struct relay *r, const struct item *item)
{
	if (item->size)
		return write(r->dev, item->message, item->size) >= 0 || errno != ENODEV;
	pthread_mutex_lock(&r->notices->lock);
	r->notices->coming_back = false;
	pthread_mutex_unlock(&r->notices->lock);
	r->away = false;
	relay_log(r, "the guest answers again");
	return true;
}

/* Sends it to the guest. Nobody waits for the answer. */
static bool pay(struct relay *r, const struct item *item)
{
	struct fuse_in_header *head = (void *)(uintptr_t)item->message;
	struct request q = {.node = head->nodeid, .opcode = head->opcode, .abandoned = true};

	if (head->opcode == FUSE_FORGET || head->opcode == FUSE_BATCH_FORGET)
		return wire_send(r, FRAME_FUSE, head, item->size);
	head->unique = pending_add(r, &q);
	return head->unique && (wire_send(r, FRAME_FUSE, head, item->size) || !pending_take(r, head->unique, &q));
}

void *notices_deliver(void *relay)
{
	struct relay *r = relay;
	struct notices *n = r->notices;
	bool mounted = true;

	while (mounted) {
		pthread_mutex_lock(&n->lock);
		while (!n->kernel.first && !(n->owed.first && guest_serves(r)))
			pthread_cond_wait(&n->more, &n->lock);
		struct item *item = take(&n->kernel), *owed = item ? NULL : take(&n->owed);
		pthread_mutex_unlock(&n->lock);
		if (item)
			mounted = deliver(r, item);
		else if (!pay(r, owed)) {
			pthread_mutex_lock(&n->lock);
			put_back(&n->owed, steal_pointer(&owed));
			pthread_mutex_unlock(&n->lock);
		}
		free(item);
		free(owed);
	}
	return NULL;
}
