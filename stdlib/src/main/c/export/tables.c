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

uint64_t hash_dentry(const struct node *parent, const char *name)
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

static struct dentry **bucket_of(struct tables *t, const struct node *parent, const char *name)
{
	return &t->dentries[hash_dentry(parent, name) & t->mask];
}

bool tables_open(struct tables *t)
{
	*t = (struct tables){
		.ids = calloc(FIRST_BUCKETS, sizeof(*t->ids)),
		.identities = calloc(FIRST_BUCKETS, sizeof(*t->identities)),
		.dentries = calloc(FIRST_BUCKETS, sizeof(*t->dentries)),
		.mask = FIRST_BUCKETS - 1,
	};
	return t->ids && t->identities && t->dentries;
}

void tables_close(struct tables *t)
{
	free(t->ids);
	free(t->identities);
	free(t->dentries);
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

/* Moves the nodes from the old tables into the new ones. */
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
	for (struct dentry *dentry = old->dentries[i], *next; dentry; dentry = next) {
		struct dentry **bucket = bucket_of(t, dentry->parent, dentry->name);

		next = dentry->same_bucket;
		dentry->same_bucket = *bucket;
		*bucket = dentry;
	}
}

/* Doubles the number of buckets. If there is no memory, the chains grow longer. */
static void grow(struct tables *t)
{
	size_t buckets = 2 * (t->mask + 1);
	struct tables old = *t, fresh = {
					.ids = calloc(buckets, sizeof(*fresh.ids)),
					.identities = calloc(buckets, sizeof(*fresh.identities)),
					.dentries = calloc(buckets, sizeof(*fresh.dentries)),
					.mask = buckets - 1,
					.count = t->count,
				};

	if (!fresh.ids || !fresh.identities || !fresh.dentries) {
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

struct dentry *find_dentry(struct tables *t, struct node *parent, const char *name)
{
	struct dentry *dentry = *bucket_of(t, parent, name);

	while (dentry && (dentry->parent != parent || strcmp(dentry->name, name) != 0))
		dentry = dentry->same_bucket;
	return dentry;
}

void dentry_add(struct tables *t, struct node *n, struct node *parent, const char *name)
{
	struct dentry *dentry = malloc(sizeof(*dentry) + strlen(name) + 1);

	if (!dentry)
		return;
	struct dentry **bucket = bucket_of(t, parent, name);

	*dentry = (struct dentry){.node = n, .parent = parent, .other = n->dentries, .same_bucket = *bucket};
	strcpy(dentry->name, name);
	n->dentries = *bucket = dentry;
	parent->children++;
}

struct node *dentry_drop(struct tables *t, struct dentry *dentry)
{
	struct dentry **at = bucket_of(t, dentry->parent, dentry->name);
	struct node *parent = dentry->parent;

	while (*at != dentry)
		at = &(*at)->same_bucket;
	*at = dentry->same_bucket;
	for (at = &dentry->node->dentries; *at != dentry;)
		at = &(*at)->other;
	*at = dentry->other;
	parent->children--;
	free(dentry);
	return parent;
}
