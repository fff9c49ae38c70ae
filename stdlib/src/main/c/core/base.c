#include "base.h"

#include <stdarg.h>
#include <stdio.h>

uint32_t mica_abi(void)
{
	return MICA_ABI;
}

void mica_error_clear(struct mica_error *err)
{
	if (!err)
		return;
	err->code = 0;
	err->path_len = 0;
	err->step[0] = err->path[0] = err->note[0] = '\0';
}

/* The end of a long path says more than its beginning. */
static void set_path(struct mica_error *err, const char *dir, const char *name)
{
	size_t dir_len = strlen(dir), name_len = strlen(name);
	bool slash = dir_len && name_len && dir[dir_len - 1] != '/';
	size_t total = dir_len + slash + name_len, room = sizeof(err->path) - 1;
	size_t skip = total > room ? total - room + 3 : 0, used = 0;

	if (skip) {
		memcpy(err->path, "...", 3);
		used = 3;
	}
	for (size_t i = skip; i < total; i++)
		err->path[used++] = i < dir_len ? dir[i] : i < dir_len + slash ? '/' : name[i - dir_len - slash];
	err->path[used] = '\0';
	err->path_len = (uint32_t)used;
}

errint_t mica_fail_at(struct mica_error *err, errint_t code, const char *step, const char *dir, const char *name)
{
	if (!err || err->code)
		return code;
	err->code = code;
	snprintf(err->step, sizeof(err->step), "%s", step);
	set_path(err, dir ? dir : "", name ? name : "");
	return code;
}

errint_t mica_fail(struct mica_error *err, errint_t code, const char *step, const char *path)
{
	return mica_fail_at(err, code, step, path, "");
}

errint_t mica_fail_note(struct mica_error *err, errint_t code, const char *step, const char *path, const char *note,
			...)
{
	va_list args;

	if (!err || err->code)
		return code;
	mica_fail(err, code, step, path);
	va_start(args, note);
	vsnprintf(err->note, sizeof(err->note), note, args);
	va_end(args);
	return code;
}
