#include "relay.h"

#include <limits.h>

#define QUEUE 256u
#define NOTICE_ROOM (sizeof(struct fuse_out_header) + sizeof(struct fuse_notify_inval_entry_out) + NAME_MAX + 1)

struct notice {
	size_t size;
	char message[NOTICE_ROOM];
};

/* They are wishes: what does not fit is dropped, and the guest will wish again. */
struct notices {
	pthread_mutex_t lock;
	pthread_cond_t more;
	unsigned first, count;
	struct notice queue[QUEUE];
};

struct notices *notices_new(void)
{
	struct notices *n = calloc(1, sizeof(*n));

	if (n) {
		pthread_mutex_init(&n->lock, NULL);
		pthread_cond_init(&n->more, NULL);
	}
	return n;
}

static void add(struct notices *n, const void *message, size_t size)
{
	pthread_mutex_lock(&n->lock);
	if (n->count < QUEUE) {
		struct notice *last = &n->queue[(n->first + n->count++) % QUEUE];

		last->size = size;
		memcpy(last->message, message, size);
		pthread_cond_signal(&n->more);
	}
	pthread_mutex_unlock(&n->lock);
}

/* The only notification we pass on: a name to be forgotten. Others could change what the host has cached. */
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
	add(r->notices, message, size);
	return true;
}

void notices_forget_names(struct relay *r)
{
	struct fuse_out_header head = {.len = sizeof(head), .error = MICA_FUSE_NOTIFY_INC_EPOCH};

	add(r->notices, &head, sizeof(head));
}

void *notices_deliver(void *relay)
{
	struct relay *r = relay;
	struct notices *n = r->notices;
	struct notice notice;

	for (;;) {
		pthread_mutex_lock(&n->lock);
		while (!n->count)
			pthread_cond_wait(&n->more, &n->lock);
		notice = n->queue[n->first];
		n->first = (n->first + 1) % QUEUE;
		n->count--;
		pthread_mutex_unlock(&n->lock);
		/* ENOENT: not known any more. An older kernel does not know the epoch: also fine. */
		if (write(r->dev, notice.message, notice.size) < 0 && errno == ENODEV)
			return NULL;
	}
}
