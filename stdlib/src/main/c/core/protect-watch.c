/*
 * protect-watch.c - overlayfs notes what is immutable or append-only in an attribute of the upper's inode, and the
 * kernel tells of each inode whose attributes change (fanotify, FAN_ATTRIB, for a whole file system). It tells of those
 * that other programs change on that file system, too: so each is asked for the attribute. What is protected cannot be
 * moved, but a directory above it can, to where the walk has been already: each one that was moved is looked through.
 */
#include "protect-watch.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#include "mount.h"
#include "pool.h"
#include "protect.h"

bool protect_watch_begin(struct protect_watch *w, int root)
{
	*w = (struct protect_watch){
		fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME_TARGET | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY),
		root};
	if (w->events < 0)
		return false;
	if (!fanotify_mark(w->events, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_ATTRIB | FAN_MOVED_TO | FAN_ONDIR, root,
			   NULL))
		return true;
	protect_watch_end(w);
	return false;
}

static void *close_events(void *events)
{
	close((int)(intptr_t)events);
	return NULL;
}

/* The kernel waits some 15 ms until nobody reads its list of who watches: the caller need not. */
void protect_watch_end(struct protect_watch *w)
{
	if (w->events >= 0 && !thread_beside(close_events, (void *)(intptr_t)w->events))
		close(w->events);
	*w = PROTECT_WATCH_NONE;
}

/* The last record is of the inode itself; the one before it, if there is one, of the directory it lies in. */
static struct file_handle *about(const char *records, const char *end)
{
	struct file_handle *handle = NULL;

	while (records < end) {
		struct fanotify_event_info_fid *record = (void *)records;

		handle = (void *)record->handle;
		records += record->hdr.len;
	}
	return handle;
}

static bool has_protected(const struct protect_watch *w, struct file_handle *handle, int how, uint32_t flags)
{
	cleanup_fd int fd = open_by_handle_at(w->root, handle, how | O_CLOEXEC);
	uint64_t count = 0;

	if (fd < 0)
		return errno != ESTALE && errno != ENOENT; /* what is gone has nothing any more */
	if (how == O_PATH)
		return has_protattr(mica_fd_path(fd).text, flags);
	return protect_tree(fd, flags, COUNT_PROTECTED, &count, NULL, NULL) < 0 || count > 0;
}

static bool tells(const struct protect_watch *w, const struct fanotify_event_metadata *event, const char *bytes,
		  uint32_t flags)
{
	struct file_handle *handle = about(bytes + event->metadata_len, bytes + event->event_len);

	if (event->vers != FANOTIFY_METADATA_VERSION || event->mask & FAN_Q_OVERFLOW || !handle)
		return true;
	if (event->mask & FAN_ATTRIB && has_protected(w, handle, O_PATH, flags))
		return true;
	return event->mask & FAN_MOVED_TO && event->mask & FAN_ONDIR &&
	       has_protected(w, handle, O_RDONLY | O_DIRECTORY, flags);
}

bool protect_watch_saw(const struct protect_watch *w, uint32_t flags)
{
	_Alignas(struct fanotify_event_metadata) char events[8192];
	struct fanotify_event_metadata event;
	ssize_t got;

	while ((got = read(w->events, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + got; at += event.event_len) {
			memcpy(&event, at, sizeof(event)); /* it is aligned for its records only */
			if (tells(w, &event, at, flags))
				return true;
		}
	return got == 0 || errno != EAGAIN;
}
