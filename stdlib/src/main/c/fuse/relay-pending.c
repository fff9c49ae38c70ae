#include "relay.h"

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
	uint32_t first_free; /* SLOTS: none */
	struct slot slots[SLOTS];
};

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

/* The guest gets numbers of ours: they find the slot at once, and an old one fits no more. */
uint64_t pending_add(struct relay *r, const struct request *request)
{
	struct pending *p = r->pending;
	uint64_t number = 0;

	pthread_mutex_lock(&p->lock);
	while (p->first_free == SLOTS && !r->dead)
		pthread_cond_wait(&p->freed, &p->lock);
	if (!r->dead) {
		struct slot *slot = &p->slots[p->first_free];

		number = ++p->generation * SLOTS * 2 + 2 * p->first_free;
		p->first_free = slot->next_free;
		slot->request = *request;
		slot->request.since = now_ms();
		slot->number = number;
	}
	pthread_mutex_unlock(&p->lock);
	return number;
}

static void slot_free(struct pending *p, struct slot *slot, struct request *request)
{
	*request = slot->request;
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
		slot_free(p, slot, request);
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
			slot_free(p, &p->slots[i], request);
	pthread_mutex_unlock(&p->lock);
	return found;
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

/* The slot stays taken: the guest may answer yet. */
void pending_give_up(struct relay *r)
{
	struct pending *p = r->pending;
	int64_t before = now_ms() - PATIENCE_MS;

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
