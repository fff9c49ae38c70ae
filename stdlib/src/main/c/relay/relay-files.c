/* relay-files.c - the table of the files whose data lie here, and those of them that are idle. */
#include "relay-files.h"

#define MAX_IDLE 8192u

struct files *files_new(void)
{
	struct files *all = calloc(1, sizeof(*all));

	if (all)
		pthread_mutex_init(&all->lock, NULL);
	return all;
}

static struct file **bucket_of(struct files *all, uint64_t node)
{
	return &all->buckets[(node * 0x9e3779b97f4a7c15ull >> 32) % BUCKETS];
}

struct file *files_find(struct files *all, uint64_t node)
{
	struct file *f = *bucket_of(all, node);

	while (f && f->node != node)
		f = f->next;
	return f;
}

bool file_is_open(const struct file *f)
{
	return f->cached || f->passing;
}

bool file_in_use(const struct file *f)
{
	return file_is_open(f) || f->pins;
}

void files_idle_remove(struct files *all, struct file *f)
{
	*(f->older ? &f->older->newer : &all->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &all->newest) = f->older;
	f->older = f->newer = NULL;
	all->idle--;
}

void files_idle_add(struct files *all, struct file *f)
{
	f->older = all->newest;
	*(all->newest ? &all->newest->newer : &all->oldest) = f;
	all->newest = f;
	all->idle++;
}

void file_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void files_destroy(struct files *all, struct file *f)
{
	struct file **at = bucket_of(all, f->node);

	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	files_idle_remove(all, f);
	file_close_fd(&f->path_fd);
	file_close_fd(&f->fd);
	free(f);
}

struct file *files_find_or_make(struct files *all, uint64_t node)
{
	struct file *f = files_find(all, node);

	if (f || !(f = calloc(1, sizeof(*f))))
		return f;
	f->node = node;
	f->path_fd = f->fd = -1;
	f->next = *bucket_of(all, node);
	*bucket_of(all, node) = f;
	files_idle_add(all, f);
	while (all->idle > MAX_IDLE)
		files_destroy(all, all->oldest);
	return f;
}

void files_free(struct relay *r)
{
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct file *f = r->files->buckets[i], *next; f; f = next) {
			next = f->next;
			file_close_fd(&f->path_fd);
			file_close_fd(&f->fd);
			free(f);
		}
	free(r->files);
}
