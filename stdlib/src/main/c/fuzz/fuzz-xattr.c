/*
 * Extended attributes: what a file system gives for a list and for values, any bytes: a FUSE server or a share
 * makes them up. The xattr calls are replaced (--wrap) by ones that hand out the input.
 *
 * Input: a byte of switches, two of the list's length, the list, the values (each: a length byte, its bytes).
 */
#include "xattr.h"

#include <stdarg.h>
#include <sys/types.h>

#define NR_GETXATTRAT 464
#define NR_LISTXATTRAT 465
struct args {
	_Alignas(8) uint64_t value;
	uint32_t size, flags;
};

static struct {
	const uint8_t *list, *values;
	size_t list_len, values_len;
	bool old_kernel;
} in;

static ssize_t give(const uint8_t *from, size_t len, void *to, size_t size)
{
	if (!size)
		return (ssize_t)len;
	if (len > size) {
		errno = ERANGE;
		return -1;
	}
	if (len)
		memcpy(to, from, len);
	return (ssize_t)len;
}

/* The kernel takes names of 1 to 255 bytes. */
static ssize_t give_value(const char *attr, void *to, size_t size)
{
	size_t name_len = strnlen(attr, 256), len;
	const uint8_t *value = in.values;

	if (name_len < 1 || name_len > 255 || !in.values_len) {
		errno = name_len < 1 || name_len > 255 ? ERANGE : ENODATA;
		return -1;
	}
	len = in.values[0];
	if (len == 255) /* larger than the first try */
		len = in.values_len - 1;
	if (len > in.values_len - 1)
		len = in.values_len - 1;
	ssize_t got = give(value + 1, len, to, size);
	if (got >= 0) {
		in.values += len + 1;
		in.values_len -= len + 1;
	}
	return got;
}

long __wrap_syscall(long nr, ...);
ssize_t __wrap_llistxattr(const char *path, char *list, size_t size);
ssize_t __wrap_flistxattr(int fd, char *list, size_t size);
ssize_t __wrap_lgetxattr(const char *path, const char *attr, void *value, size_t size);
ssize_t __wrap_fgetxattr(int fd, const char *attr, void *value, size_t size);

long __wrap_syscall(long nr, ...)
{
	long got = -1;
	va_list ap;

	errno = ENOSYS;
	if (in.old_kernel)
		return -1;
	va_start(ap, nr);
	(void)va_arg(ap, int);
	(void)va_arg(ap, const char *);
	(void)va_arg(ap, int);
	if (nr == NR_LISTXATTRAT) {
		char *buf = va_arg(ap, char *);
		got = give(in.list, in.list_len, buf, va_arg(ap, size_t));
	} else if (nr == NR_GETXATTRAT) {
		const char *attr = va_arg(ap, const char *);
		const struct args *args = va_arg(ap, const struct args *);
		got = give_value(attr, (void *)(uintptr_t)args->value, args->size);
	}
	va_end(ap);
	return got;
}

ssize_t __wrap_llistxattr(const char *path, char *list, size_t size)
{
	(void)path;
	return give(in.list, in.list_len, list, size);
}

ssize_t __wrap_flistxattr(int fd, char *list, size_t size)
{
	(void)fd;
	return give(in.list, in.list_len, list, size);
}

ssize_t __wrap_lgetxattr(const char *path, const char *attr, void *value, size_t size)
{
	(void)path;
	return give_value(attr, value, size);
}

ssize_t __wrap_fgetxattr(int fd, const char *attr, void *value, size_t size)
{
	(void)fd;
	return give_value(attr, value, size);
}

static bool listed(const struct xattr_names *names, const char *raw)
{
	for (size_t at = 0; at < names->len; at += strlen(names->list + at) + 1)
		if (!strcmp(names->list + at, raw))
			return true;
	return false;
}

/* Shown names are in order, and storing one gives a name that was there. */
static void check_view(const struct xattr_view *view, const struct xattr_names *names, enum xattr_space space)
{
	char buf[XATTR_STORED_MAX];

	for (size_t i = 0; i < view->count; i++) {
		if (i && strcmp(view->list[i - 1].name, view->list[i].name) > 0)
			abort();
		if (!listed(names, xattr_escape(view->list[i].name, space, buf)))
			abort();
		if (view->list[i].len > 65537 || ((const char *)view->list[i].value)[view->list[i].len])
			abort();
	}
	if (!xattr_view_equal(view, view))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_xattr_names struct xattr_names names = {0};
	cleanup_xattr_view struct xattr_view view = {0};
	const char *unknown = NULL;
	enum xattr_space space;

	if (size < 3)
		return 0;
	space = (enum xattr_space)(data[0] % 3);
	in.old_kernel = data[0] & 0x80;
	in.list_len = data[1] | (size_t)data[2] << 8;
	if (in.list_len > size - 3)
		in.list_len = size - 3;
	in.list = data + 3;
	in.values = in.list + in.list_len;
	in.values_len = size - 3 - in.list_len;
	if (xattr_list(0, data[0] & 0x40 ? "" : "name", &names))
		return 0;
	uint32_t overlay_xattrs = overlay_xattrs_of(&names, space, &unknown);
	if (!(overlay_xattrs & OVERLAY_XATTR_UNKNOWN) != !unknown)
		abort();
	if (!xattr_read_listed(0, "name", space, &names, &view))
		check_view(&view, &names, space);
	return 0;
}
