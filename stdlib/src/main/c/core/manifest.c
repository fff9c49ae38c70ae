/*
 * manifest.c - one digest over a whole tree: the manifest's, or a check.
 *
 * The tree is walked in order, and the record of each entry is encoded. Contents are hashed by several threads; in a
 * ring, records wait for their contents' hashes.
 */
#include "groups.h"
#include "hash.h"
#include "manifest.h"
#include "manifest-encode.h"
#include "pool.h"
#include "view.h"

enum { RING = 256 };

struct record {
	struct pool_task task;
	struct manifest *manifest;
	struct encoding encoding;
	struct layer_dir *layer_dir; /* where the file to hash is, for errors; NULL: nothing to hash */
	char *name;
	int fd;
	uint64_t size;
	errint_t code;
	uint8_t digest[HASH_MOST_BYTES];
	int done;
};

struct level {
	struct vdir *dir;
	struct names names;
	size_t next;
};

struct manifest {
	struct layer_dirs layer_dirs;
	struct view view;
	struct pool *pool;
	struct groups links;
	struct level *levels;
	size_t depth, levels_room;
	struct record ring[RING];
	uint64_t first, end; /* records first..end-1 wait; end is the ordinal of the next record */
	struct hasher hasher;
	struct mica_totals totals;
	struct pace *pace;
	struct mica_job *job;
	struct mica_error *err;
};

/* Content of one file. */

static void hash_task(struct pool_task *task)
{
	struct record *record = (struct record *)task;

	struct manifest *m = record->manifest;

	record->code = hash_content(record->fd, record->size, m->hasher.hash, m->pace, m->job, record->digest);
	close(record->fd);
	__atomic_store_n(&record->done, 1, __ATOMIC_RELEASE);
}

/* The ring. */

static bool is_done(const struct record *record)
{
	return !record->layer_dir || __atomic_load_n(&record->done, __ATOMIC_ACQUIRE);
}

static errint_t absorb(struct manifest *m, struct record *record)
{
	hasher_add(&m->hasher, record->encoding.bytes, record->encoding.len);
	if (!record->layer_dir)
		return 0;
	hasher_add(&m->hasher, record->digest, hash_bytes(m->hasher.hash));
	if (record->code < 0)
		layer_dir_fail(m->err, record->code, "hash", record->layer_dir, record->name,
			       record->code == -EBUSY ? "the file's size changed meanwhile" : NULL);
	layer_dir_unref(&m->layer_dirs, record->layer_dir);
	free(record->name);
	record->layer_dir = NULL;
	record->name = NULL;
	return record->code;
}

/* Adds the complete records to the digest. With must, it waits for the first record in any case. */
static errint_t drain(struct manifest *m, bool must)
{
	while (m->first < m->end) {
		struct record *record = &m->ring[m->first % RING];
		errint_t code;

		while (must && !is_done(record))
			pool_help(m->pool);
		if (!is_done(record))
			return 0;
		m->first++;
		code = absorb(m, record);
		if (code < 0)
			return code;
		must = false;
	}
	return 0;
}

static errint_t next_record(struct manifest *m, struct record **out)
{
	errint_t code = drain(m, m->end - m->first == RING);
	struct record *record = &m->ring[m->end % RING];

	*out = record;
	record->manifest = m;
	record->done = 0;
	return code;
}

/* One entry. */

static errint_t open_content(struct manifest *m, struct record *record, const struct ventry *entry)
{
	errint_t code = ventry_open(entry, &record->fd, m->err);

	if (code < 0)
		return code;
	record->name = strdup(entry->name);
	if (!record->name) {
		close(record->fd);
		return mica_fail(m->err, -ENOMEM, "hash", entry->name);
	}
	record->size = entry->size;
	record->layer_dir = layer_dir_ref(entry->layer_dir);
	record->task.run = hash_task;
	m->totals.bytes += entry->size;
	return 0;
}

/* Returns 1 if it is a further name of an inode that has the record *ordinal. */
static int seen_before(struct manifest *m, const struct ventry *entry, uint64_t *ordinal)
{
	struct group *link;
	bool before;

	if (entry->type == 'd' || entry->nlink < 2)
		return 0;
	link = groups_see(&m->links, entry->dev, entry->ino, entry->nlink);
	if (!link)
		return mica_fail(m->err, -ENOMEM, "hash", entry->name);
	before = link->ordinal != 0;
	if (!before)
		link->ordinal = m->end; /* not 0, which is the root */
	*ordinal = link->ordinal;
	groups_done(&m->links, link);
	return before;
}

static errint_t put_entry(struct manifest *m, struct ventry *entry, const char *name)
{
	struct record *record;
	uint64_t ordinal = 0;
	errint_t code = next_record(m, &record);
	int before = code < 0 ? code : seen_before(m, entry, &ordinal);

	if (before < 0)
		return before;
	if (before)
		encode_link(&record->encoding, m->depth, name, ordinal);
	else
		code = encode_entry(&record->encoding, m->depth, name, entry, m->err);
	if (code == 0 && !before && entry->type == 'f')
		code = open_content(m, record, entry);
	if (code < 0)
		return code;
	m->end++;
	m->totals.entries++;
	job_add(m->job, 1, 0);
	if (record->layer_dir)
		pool_submit(m->pool, &record->task);
	return record->encoding.short_of_memory ? mica_fail(m->err, -ENOMEM, "hash", name) : 0;
}

/* The walk. Only the deepest level is pinned. */

static errint_t enter(struct manifest *m, struct vdir *dir)
{
	struct level *level;

	if (m->depth == m->levels_room) {
		size_t room = m->levels_room ? m->levels_room * 2 : 32;
		struct level *levels = reallocarray(m->levels, room, sizeof(*levels));

		if (!levels)
			return mica_fail(m->err, -ENOMEM, "hash", "");
		m->levels = levels;
		m->levels_room = room;
	}
	level = &m->levels[m->depth++];
	*level = (struct level){.dir = vdir_ref(dir)};
	return 0;
}

static void leave(struct manifest *m)
{
	struct level *level = &m->levels[--m->depth];

	names_free(&level->names);
	vdir_unref(level->dir);
}

static errint_t visit(struct manifest *m, struct vdir *dir, const char *name)
{
	cleanup_ventry struct ventry entry;
	errint_t code = *name ? vdir_lookup(dir, name, &entry, m->err) : vdir_self(dir, &entry, m->err);

	if (code < 0 || !entry.type)
		return code;
	code = put_entry(m, &entry, name);
	if (code == 0 && entry.type == 'd' && *name)
		code = enter(m, entry.dir);
	return code;
}

/* Goes on in the deepest directory until it has been read or a directory is found in it. */
static errint_t read_level(struct manifest *m, struct level *level)
{
	size_t depth = m->depth;
	errint_t code = 0;

	if (!level->next)
		code = vdir_list(level->dir, level->dir->count, &level->names, m->err);
	while (code == 0 && m->depth == depth && level->next < level->names.count) {
		if (job_cancelled(m->job))
			return mica_fail(m->err, -ECANCELED, "hash", names_get(&level->names, level->next));
		code = visit(m, level->dir, names_get(&level->names, level->next++));
		level = &m->levels[depth - 1]; /* entering a directory may have moved the levels */
	}
	if (code == 0 && m->depth == depth)
		leave(m);
	return code;
}

static errint_t walk(struct manifest *m, struct vdir *root)
{
	errint_t code = vdir_pin(root, m->err);

	if (code < 0)
		return code;
	code = visit(m, root, "");
	vdir_unpin(root);
	if (code == 0)
		code = enter(m, root);
	while (code == 0 && m->depth) {
		struct vdir *dir = vdir_ref(m->levels[m->depth - 1].dir);

		code = vdir_pin(dir, m->err);
		if (code == 0) {
			code = read_level(m, &m->levels[m->depth - 1]);
			vdir_unpin(dir);
		}
		vdir_unref(dir);
	}
	while (code == 0 && m->first < m->end)
		code = drain(m, true);
	return code;
}

static errint_t run(struct manifest *m, const struct mica_tree *tree)
{
	struct vdir *root = NULL;
	errint_t code = view_open(&m->layer_dirs, tree, NULL, &m->view, m->err);

	if (code < 0)
		return code;
	code = view_root(&m->view, &root);
	if (code < 0)
		mica_fail(m->err, code, "open", tree->count ? tree->layers[0] : "");
	else if (root)
		code = walk(m, root);
	pool_drain(m->pool); /* after a failure, tasks may still use the ring */
	while (m->depth)
		leave(m);
	for (; m->first < m->end; m->first++) {
		struct record *record = &m->ring[m->first % RING];

		if (record->layer_dir)
			layer_dir_unref(&m->layer_dirs, record->layer_dir);
		free(record->name);
	}
	if (root)
		vdir_unref(root);
	view_close(&m->view);
	return code;
}

static errint_t start(struct manifest *m, enum hash hash)
{
	errint_t code = layer_dirs_init(&m->layer_dirs);

	if (code < 0)
		return mica_fail(m->err, code, "start", "");
	code = pool_start(&m->pool, m->job ? m->job->threads : 0);
	if (code < 0) {
		layer_dirs_free(&m->layer_dirs);
		return mica_fail(m->err, code, "start", "");
	}
	hasher_begin(&m->hasher, hash);
	if (hash == HASH_SHA256)
		hasher_add(&m->hasher, MANIFEST_LINE, strlen(MANIFEST_LINE));
	else
		hasher_add(&m->hasher, CHECK_LINE, strlen(CHECK_LINE));
	return 0;
}

static errint_t digest_tree(const struct mica_tree *tree, enum hash hash, struct pace *pace, uint8_t *digest,
			    struct mica_totals *totals, struct mica_job *job, struct mica_error *err)
{
	cleanup_free struct manifest *m = aligned_alloc(_Alignof(struct manifest), sizeof(*m));
	errint_t code;

	mica_error_clear(err);
	if (!m)
		return mica_fail(err, -ENOMEM, "hash", "");
	memset(m, 0, sizeof(*m));
	m->pace = pace;
	m->job = job;
	m->err = err;
	code = start(m, hash);
	if (code < 0)
		return code;
	code = run(m, tree);
	pool_stop(m->pool);
	layer_dirs_free(&m->layer_dirs);
	groups_free(&m->links);
	for (size_t i = 0; i < RING; i++)
		free(m->ring[i].encoding.bytes);
	free(m->levels);
	if (code == 0) {
		hasher_end(&m->hasher, digest);
		*totals = m->totals;
	}
	return code;
}

errint_t mica_manifest(const struct mica_tree *tree, uint8_t digest[32], struct mica_totals *totals,
		       struct mica_job *job, struct mica_error *err)
{
	return digest_tree(tree, HASH_SHA256, NULL, digest, totals, job, err);
}

errint_t mica_check(const struct mica_tree *tree, uint8_t check[MICA_CHECK], struct mica_totals *totals,
		    struct mica_job *job, struct mica_error *err)
{
	return check_beside(tree, NULL, check, totals, job, err);
}

errint_t check_beside(const struct mica_tree *tree, struct pace *pace, uint8_t check[MICA_CHECK],
		      struct mica_totals *totals, struct mica_job *job, struct mica_error *err)
{
	return digest_tree(tree, HASH_XXH64, pace, check, totals, job, err);
}
