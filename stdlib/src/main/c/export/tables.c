#include "tables.h"

#define FIRST_BUCKETS 4096u

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

uint64_t hash_place(const struct node *parent, const char *name)
{
	uint64_t h = mix(parent->id);

	while (*name)
		h = (h ^ (unsigned char)*name++) * 0x100000001b3ull;
	return mix(h);
}

static uint64_t hash_identity(uint64_t dev, uint64_t ino, uint64_t salt)
{
	return mix(mix(ino ^ salt) + dev);
}

static struct node **id_bucket(struct tables *t, uint64_t id)
{
	return &t->ids[mix(id) & t->mask];
}

static struct node **identity_bucket(struct tables *t, uint64_t dev, uint64_t ino, uint64_t salt)
{
	return &t->identities[hash_identity(dev, ino, salt) & t->mask];
}

static struct place **bucket_of(struct tables *t, const struct node *parent, const char *name)
{
	return &t->places[hash_place(parent, name) & t->mask];
}

bool tables_open(struct tables *t)
{
	*t = (struct tables){
		.ids = calloc(FIRST_BUCKETS, sizeof(*t->ids)),
		.identities = calloc(FIRST_BUCKETS, sizeof(*t->identities)),
		.places = calloc(FIRST_BUCKETS, sizeof(*t->places)),
		.mask = FIRST_BUCKETS - 1,
	};
	return t->ids && t->identities && t->places;
}

void tables_close(struct tables *t)
{
	free(t->ids);
	free(t->identities);
	free(t->places);
}

static void id_add(struct tables *t, struct node *n)
{
	struct node **bucket = id_bucket(t, n->id);

	n->same_id = *bucket;
	*bucket = n;
}

void identity_add(struct tables *t, struct node *n)
{
	struct node **bucket = identity_bucket(t, n->dev, n->ino, n->salt);

	n->same_identity = *bucket;
	*bucket = n;
}

static void id_remove(struct tables *t, struct node *n)
{
	struct node **at = id_bucket(t, n->id);

	while (*at != n)
		at = &(*at)->same_id;
	*at = n->same_id;
}

void identity_remove(struct tables *t, struct node *n)
{
	struct node **at = identity_bucket(t, n->dev, n->ino, n->salt);

	while (*at != n)
		at = &(*at)->same_identity;
	*at = n->same_identity;
}

/* Of the old tables into the new. */
static void rehash(struct tables *t, const struct tables *old, size_t i)
{
	for (struct node *n = old->ids[i], *next; n; n = next) {
		next = n->same_id;
		id_add(t, n);
	}
	for (struct node *n = old->identities[i], *next; n; n = next) {
		next = n->same_identity;
		identity_add(t, n);
	}
	for (struct place *p = old->places[i], *next; p; p = next) {
		struct place **bucket = bucket_of(t, p->parent, p->name);

		next = p->same_place;
		p->same_place = *bucket;
		*bucket = p;
	}
}

/* Twice the buckets; without memory the chains just grow. */
static void grow(struct tables *t)
{
	size_t buckets = 2 * (t->mask + 1);
	struct tables old = *t, fresh = {
					.ids = calloc(buckets, sizeof(*fresh.ids)),
					.identities = calloc(buckets, sizeof(*fresh.identities)),
					.places = calloc(buckets, sizeof(*fresh.places)),
					.mask = buckets - 1,
					.count = t->count,
				};

	if (!fresh.ids || !fresh.identities || !fresh.places) {
		tables_close(&fresh);
		return;
	}
	*t = fresh;
	for (size_t i = 0; i <= old.mask; i++)
		rehash(t, &old, i);
	tables_close(&old);
}

void tables_add(struct tables *t, struct node *n)
{
	if (t->count > t->mask)
		grow(t);
	id_add(t, n);
	identity_add(t, n);
	t->count++;
}

void tables_remove(struct tables *t, struct node *n)
{
	id_remove(t, n);
	identity_remove(t, n);
	t->count--;
}

struct node *find_id(struct tables *t, uint64_t id)
{
	struct node *n = *id_bucket(t, id);

	while (n && n->id != id)
		n = n->same_id;
	return n;
}

struct node *find_identity(struct tables *t, uint64_t dev, uint64_t ino, uint64_t salt)
{
	struct node *n = *identity_bucket(t, dev, ino, salt);

	while (n && (n->dev != dev || n->ino != ino || n->salt != salt))
		n = n->same_identity;
	return n;
}

struct place *find_place(struct tables *t, struct node *parent, const char *name)
{
	struct place *p = *bucket_of(t, parent, name);

	while (p && (p->parent != parent || strcmp(p->name, name) != 0))
		p = p->same_place;
	return p;
}

void place_add(struct tables *t, struct node *n, struct node *parent, const char *name)
{
	struct place *p = malloc(sizeof(*p) + strlen(name) + 1);

	if (!p)
		return;
	struct place **bucket = bucket_of(t, parent, name);

	*p = (struct place){.node = n, .parent = parent, .other = n->places, .same_place = *bucket};
	strcpy(p->name, name);
	n->places = *bucket = p;
	parent->children++;
}

struct node *place_drop(struct tables *t, struct place *p)
{
	struct place **at = bucket_of(t, p->parent, p->name);
	struct node *parent = p->parent;

	while (*at != p)
		at = &(*at)->same_place;
	*at = p->same_place;
	for (at = &p->node->places; *at != p;)
		at = &(*at)->other;
	*at = p->other;
	parent->children--;
	free(p);
	return parent;
}
