#include "xattr.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

/* Linux 6.13; the numbers are the same on every architecture. */
#define NR_SETXATTRAT 463
#define NR_GETXATTRAT 464
#define NR_LISTXATTRAT 465
#define NR_REMOVEXATTRAT 466

struct xattr_args {
	_Alignas(8) uint64_t value;
	uint32_t size;
	uint32_t flags;
};

/* Set once the kernel (or a seccomp filter) has said that there are no *xattrat calls. */
static int without_at;

static bool try_at(void)
{
	return !__atomic_load_n(&without_at, __ATOMIC_RELAXED);
}

static bool at_missing(long ret)
{
	if (ret >= 0 || errno != ENOSYS)
		return false;
	__atomic_store_n(&without_at, 1, __ATOMIC_RELAXED);
	return true;
}

#define AT_FLAGS(name) (AT_SYMLINK_NOFOLLOW | (*(name) ? 0 : AT_EMPTY_PATH))

/* A path to the name, for the older calls: it leads through the descriptor, not through names. */
#define PROC_PATH_MAX 288
static const char *proc_path(int dirfd, const char *name, char *buf)
{
	snprintf(buf, PROC_PATH_MAX, "/proc/self/fd/%d/%s", dirfd, name);
	return buf;
}

static ssize_t list_call(int dirfd, const char *name, char *buf, size_t size)
{
	char path[PROC_PATH_MAX];

	if (try_at()) {
		long ret = syscall(NR_LISTXATTRAT, dirfd, name, AT_FLAGS(name), buf, size);

		if (!at_missing(ret))
			return ret;
	}
	return *name ? llistxattr(proc_path(dirfd, name, path), buf, size) : flistxattr(dirfd, buf, size);
}

static ssize_t get_call(int dirfd, const char *name, const char *attr, void *buf, size_t size)
{
	char path[PROC_PATH_MAX];

	if (try_at()) {
		struct xattr_args args = {.value = (uintptr_t)buf, .size = (uint32_t)size};
		long ret = syscall(NR_GETXATTRAT, dirfd, name, AT_FLAGS(name), attr, &args, sizeof(args));

		if (!at_missing(ret))
			return ret;
	}
	return *name ? lgetxattr(proc_path(dirfd, name, path), attr, buf, size) : fgetxattr(dirfd, attr, buf, size);
}

errint_t xattr_set(int dirfd, const char *name, const char *attr, const void *value, size_t len)
{
	char path[PROC_PATH_MAX];
	int ret;

	if (try_at()) {
		struct xattr_args args = {.value = (uintptr_t)value, .size = (uint32_t)len};
		long at = syscall(NR_SETXATTRAT, dirfd, name, AT_FLAGS(name), attr, &args, sizeof(args));

		if (!at_missing(at))
			return at < 0 ? -errno : 0;
	}
	ret = *name ? lsetxattr(proc_path(dirfd, name, path), attr, value, len, 0)
		    : fsetxattr(dirfd, attr, value, len, 0);
	return ret < 0 ? -errno : 0;
}

errint_t xattr_remove(int dirfd, const char *name, const char *attr)
{
	char path[PROC_PATH_MAX];
	int ret;

	if (try_at()) {
		long at = syscall(NR_REMOVEXATTRAT, dirfd, name, AT_FLAGS(name), attr);

		if (!at_missing(at))
			return at < 0 ? -errno : 0;
	}
	ret = *name ? lremovexattr(proc_path(dirfd, name, path), attr) : fremovexattr(dirfd, attr);
	return ret < 0 ? -errno : 0;
}

void xattr_names_free(struct xattr_names *names)
{
	free(names->heap);
	names->heap = NULL;
	names->len = 0;
}

/* A file without attributes, a file system that does not know them, and attributes that we may not see: all mean none.
 */
static bool means_none(int error)
{
	return error == ENOTSUP || error == EPERM || error == EACCES || error == ENOSYS;
}

/* A FUSE server or a share can invent its list. So each name must be valid (1 to 255 bytes and a NUL). */
static bool well_formed(const char *list, size_t len)
{
	for (size_t at = 0, name; at < len; at += name + 1) {
		name = strnlen(list + at, len - at);
		if (name < 1 || name > XATTR_NAME_MAX || name == len - at)
			return false;
	}
	return true;
}

errint_t xattr_list(int dirfd, const char *name, struct xattr_names *names)
{
	ssize_t got = list_call(dirfd, name, names->fixed, sizeof(names->fixed));

	names->list = names->fixed;
	while (got < 0 && errno == ERANGE) {
		size_t room = 65536; /* XATTR_LIST_MAX: the kernel gives no more than this */

		free(names->heap);
		names->list = names->heap = malloc(room);
		if (!names->heap)
			return -ENOMEM;
		got = list_call(dirfd, name, names->heap, room);
	}
	names->len = 0;
	if (got > 0 && !well_formed(names->list, (size_t)got))
		return -EIO;
	names->len = got > 0 ? (size_t)got : 0;
	return got >= 0 || means_none(errno) ? 0 : -errno;
}

const char *xattr_prefix(enum xattr_space space)
{
	return space == XATTR_TRUSTED ? "trusted.overlay." : space == XATTR_USER ? "user.overlay." : "";
}

/* The part after "trusted.overlay."; NULL if attr is not one of overlay's. */
static const char *own_part(const char *attr, enum xattr_space space)
{
	const char *prefix = xattr_prefix(space);
	size_t len = strlen(prefix);

	return len && !strncmp(attr, prefix, len) ? attr + len : NULL;
}

#define NESTED "overlay."

static bool is_nested(const char *own)
{
	return !strncmp(own, NESTED, strlen(NESTED));
}

static uint32_t bit_of(const char *own)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = {
		{"origin", OVERLAY_XATTR_BOOKKEEPING},	  {"impure", OVERLAY_XATTR_BOOKKEEPING},
		{"opaque", OVERLAY_XATTR_OPAQUE},	  {"redirect", OVERLAY_XATTR_REDIRECT},
		{"metacopy", OVERLAY_XATTR_METACOPY},	  {"whiteout", OVERLAY_XATTR_WHITEOUT},
		{"nlink", OVERLAY_XATTR_NLINK},		  {"upper", OVERLAY_XATTR_BOOKKEEPING},
		{"uuid", OVERLAY_XATTR_BOOKKEEPING},	  {"protattr", OVERLAY_XATTR_PROTATTR},
		{"whiteouts", OVERLAY_XATTR_BOOKKEEPING},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(own, known[i].name))
			return known[i].bit;
	return OVERLAY_XATTR_UNKNOWN;
}

uint32_t overlay_xattrs_of(const struct xattr_names *names, enum xattr_space space, const char **unknown)
{
	uint32_t overlay_xattrs = 0;

	for (size_t at = 0; at < names->len; at += strlen(names->list + at) + 1) {
		const char *own = own_part(names->list + at, space);
		uint32_t bit = own && !is_nested(own) ? bit_of(own) : 0;

		if (bit == OVERLAY_XATTR_UNKNOWN && unknown && !(overlay_xattrs & OVERLAY_XATTR_UNKNOWN))
			*unknown = names->list + at;
		overlay_xattrs |= bit;
	}
	return overlay_xattrs;
}

/* Most values are small, and then one call is enough. */
errint_t xattr_get(int dirfd, const char *name, const char *attr, void **value, size_t *len)
{
	size_t room = 256;

	for (;;) {
		cleanup_free char *buf = malloc(room + 1);
		ssize_t got = buf ? get_call(dirfd, name, attr, buf, room) : -1;

		if (!buf)
			return -ENOMEM;
		if (got >= 0) {
			buf[got] = '\0';
			*len = (size_t)got;
			*value = steal_pointer(&buf);
			return 0;
		}
		if (errno != ERANGE || room > 65536)
			return -errno;
		room = 65537; /* XATTR_SIZE_MAX is 65536 */
	}
}

void xattr_view_free(struct xattr_view *view)
{
	for (size_t i = 0; i < view->count; i++)
		free(view->list[i].value);
	free(view->list);
	*view = (struct xattr_view){0};
}

/* The name under which the tree shows this attribute. False if it is overlay's own. The name is never longer than attr.
 */
static bool shown_name(const char *attr, enum xattr_space space, char *out)
{
	const char *own = own_part(attr, space);

	if (own && !is_nested(own))
		return false;
	if (!own)
		strcpy(out, attr);
	else
		sprintf(out, "%s%s", xattr_prefix(space), own + strlen(NESTED));
	return true;
}

static errint_t read_one(int dirfd, const char *name, const char *attr, const char *shown, struct xattr *out)
{
	void *larger;
	errint_t ret = xattr_get(dirfd, name, attr, &out->value, &out->len);

	if (ret)
		return ret;
	larger = realloc(out->value, out->len + strlen(shown) + 2);
	if (!larger) {
		free(out->value);
		return -ENOMEM;
	}
	out->value = larger;
	out->name = (char *)larger + out->len + 1;
	strcpy(out->name, shown);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

static size_t count_names(const struct xattr_names *names)
{
	size_t count = 0;

	for (size_t i = 0; i < names->len; i++)
		count += !names->list[i];
	return count;
}

errint_t xattr_read_listed(int dirfd, const char *name, enum xattr_space space, const struct xattr_names *names,
			   struct xattr_view *view)
{
	size_t room = count_names(names);

	*view = (struct xattr_view){0};
	if (!room)
		return 0;
	view->list = calloc(room, sizeof(*view->list));
	if (!view->list)
		return -ENOMEM;
	for (size_t at = 0; at < names->len; at += strlen(names->list + at) + 1) {
		char shown[XATTR_STORED_MAX];
		errint_t ret;

		if (!shown_name(names->list + at, space, shown))
			continue;
		ret = read_one(dirfd, name, names->list + at, shown, &view->list[view->count]);
		if (!ret)
			view->count++;
		else if (ret != -ENODATA && !means_none(-ret)) {
			xattr_view_free(view);
			return ret;
		}
	}
	qsort(view->list, view->count, sizeof(*view->list), compare_names);
	return 0;
}

errint_t xattr_read(int dirfd, const char *name, enum xattr_space space, struct xattr_view *view)
{
	cleanup_xattr_names struct xattr_names names;
	errint_t ret;

	names.heap = NULL; /* the rest need not be zeroed for every file */
	*view = (struct xattr_view){0};
	ret = xattr_list(dirfd, name, &names);
	return ret ? ret : xattr_read_listed(dirfd, name, space, &names, view);
}

bool xattr_view_equal(const struct xattr_view *a, const struct xattr_view *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct xattr *xa = &a->list[i], *xb = &b->list[i];

		if (xa->len != xb->len || strcmp(xa->name, xb->name) || memcmp(xa->value, xb->value, xa->len))
			return false;
	}
	return true;
}

const char *xattr_escape(const char *attr, enum xattr_space space, char *buf)
{
	const char *own = own_part(attr, space);

	if (!own)
		return attr;
	snprintf(buf, XATTR_STORED_MAX, "%s" NESTED "%s", xattr_prefix(space), own);
	return buf;
}
