#include "tar-path.h"

#define WHITEOUT ".wh."
#define AUFS ".wh..wh."
#define OPAQUE ".wh..wh..opq"

static bool is_dots(const char *name, size_t len, size_t dots)
{
	return len == dots && !strncmp(name, "..", dots);
}

errint_t tar_path_clean(char *raw, uint32_t depth, const char **why)
{
	char *to = raw;
	uint32_t names = 0;

	*why = NULL;
	for (const char *from = raw; *from;) {
		size_t len = strcspn(from, "/");

		if (is_dots(from, len, 2)) {
			*why = "there is \"..\" in it";
			return -EBADMSG;
		}
		if (len && !is_dots(from, len, 1)) {
			if (depth && ++names > depth) {
				*why = "it lies deeper than is allowed";
				return -ENAMETOOLONG;
			}
			if (to != raw)
				*to++ = '/';
			memmove(to, from, len);
			to += len;
		}
		from += len + (from[len] == '/');
	}
	*to = '\0';
	return 0;
}

enum tar_mark tar_mark_of(const char *last, const char **name)
{
	if (strncmp(last, WHITEOUT, strlen(WHITEOUT)) != 0)
		return TAR_MARK_NONE;
	if (!strcmp(last, OPAQUE))
		return TAR_MARK_OPAQUE;
	if (!strncmp(last, AUFS, strlen(AUFS)))
		return TAR_MARK_AUFS;
	*name = last + strlen(WHITEOUT);
	return !**name || !strcmp(*name, ".") || !strcmp(*name, "..") ? TAR_MARK_BAD : TAR_MARK_WHITEOUT;
}
