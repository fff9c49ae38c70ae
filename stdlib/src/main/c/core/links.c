#include "links.h"

/* An inode in one of the two trees. */
struct link_side {
	uint32_t unseen; /* its names that are still to come; 0: none has come, or all have */
	uint64_t first;	 /* the number of its first path */
};

/* Both trees may show the same inode, or even the same names of it, so each tree has its own numbers. */
struct link_slot {
	uint64_t dev, ino;
	struct link_side a, b;
	bool used;
};

void links_free(struct links *links)
{
	free(links->slots);
	*links = (struct links){0};
}

static size_t home_of(const struct links *links, uint64_t dev, uint64_t ino)
{
	uint64_t hash = (ino ^ (dev << 40)) * 0x9E3779B97F4A7C15u;

	return (hash >> 20) & (links->room - 1);
}

/* The slot of the inode, or the free slot where it belongs. */
static struct link_slot *find(const struct links *links, uint64_t dev, uint64_t ino)
{
	size_t at = home_of(links, dev, ino);

	while (links->slots[at].used && (links->slots[at].ino != ino || links->slots[at].dev != dev))
		at = (at + 1) & (links->room - 1);
	return &links->slots[at];
}

static errint_t make_room(struct links *links)
{
	struct links larger = *links;

	if (links->room && links->count * 4 < links->room * 3)
		return 0;
	larger.room = links->room ? links->room * 2 : 64;
	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < links->room; i++)
		if (links->slots[i].used)
			*find(&larger, links->slots[i].dev, links->slots[i].ino) = links->slots[i];
	free(links->slots);
	*links = larger;
	return 0;
}

static errint_t find_or_add(struct links *links, const struct link_id *id, struct link_slot **out)
{
	errint_t ret = make_room(links);

	if (ret)
		return ret;
	*out = find(links, id->dev, id->ino);
	if (!(*out)->used) {
		**out = (struct link_slot){.dev = id->dev, .ino = id->ino, .used = true};
		links->count++;
	}
	return 0;
}

/* Closes the gap, so that no search ends there too early. */
static void drop(struct links *links, struct link_slot *slot)
{
	size_t gap = (size_t)(slot - links->slots), mask = links->room - 1;

	for (size_t at = (gap + 1) & mask; links->slots[at].used; at = (at + 1) & mask) {
		size_t home = home_of(links, links->slots[at].dev, links->slots[at].ino);

		if (((at - home) & mask) < ((at - gap) & mask))
			continue;
		links->slots[gap] = links->slots[at];
		gap = at;
	}
	links->slots[gap].used = false;
	links->count--;
}

/* One more link of an inode was seen, by tree a or b; *first gets the first path of that tree that has it. */
static errint_t see(struct links *links, const struct link_id *id, bool in_b, uint64_t *first)
{
	struct link_slot *slot;
	struct link_side *side;
	errint_t ret;

	*first = links->paths;
	if (id->nlink < 2)
		return 0;
	ret = find_or_add(links, id, &slot);
	if (ret)
		return ret;
	side = in_b ? &slot->b : &slot->a;
	if (!side->unseen)
		*side = (struct link_side){.first = links->paths, .unseen = id->nlink};
	*first = side->first;
	side->unseen--;
	if (!slot->a.unseen && !slot->b.unseen)
		drop(links, slot);
	return 0;
}

errint_t links_next(struct links *links, const struct link_pair *pair, bool *differ)
{
	uint64_t first_a, first_b;
	errint_t ret;

	links->paths++;
	ret = see(links, &pair->a, false, &first_a);
	if (!ret)
		ret = see(links, &pair->b, true, &first_b);
	*differ = !ret && first_a != first_b;
	return ret;
}

errint_t links_add(struct links *links, const struct link_id *id)
{
	struct link_slot *slot;

	return find_or_add(links, id, &slot);
}

bool links_has(const struct links *links, const struct link_id *id)
{
	return links->room && find(links, id->dev, id->ino)->used;
}
