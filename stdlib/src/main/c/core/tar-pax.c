#include "tar-pax.h"

#include "flags.h"

enum { MOST_PIECES = 1 << 20 };

errint_t tar_map_add(struct tar_map *map, uint64_t offset, uint64_t len)
{
	if (map->count == MOST_PIECES)
		return -EBADMSG;
	if (map->count == map->room) {
		size_t room = map->room ? map->room * 2 : 16;
		struct tar_map_piece *larger = reallocarray(map->pieces, room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		map->pieces = larger;
		map->room = room;
	}
	map->pieces[map->count++] = (struct tar_map_piece){offset, len};
	return 0;
}

void pax_free(struct pax *pax)
{
	free(pax->path);
	free(pax->link);
	xattr_view_free(&pax->xattrs);
	free(pax->map.pieces);
	free(pax->sparse_name);
	free(pax->keys);
	*pax = (struct pax){0};
}

errint_t tar_parse_decimal(const char *text, uint64_t *number)
{
	uint64_t value = 0;

	if (!*text)
		return -EBADMSG;
	for (; *text; text++) {
		uint64_t digit = (uint64_t)(unsigned char)*text - '0';

		if (digit > 9 || value > (UINT64_MAX - digit) / 10)
			return -EBADMSG;
		value = value * 10 + digit;
	}
	*number = value;
	return 0;
}

/* Values. Each parser may change the value that it gets; the value ends with a NUL that len does not count. */

static errint_t set_text(char **text, const char *value, size_t len)
{
	char *copy;

	if (strlen(value) != len)
		return -EBADMSG; /* it contains a NUL, so different readers would see different names */
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*text);
	*text = copy;
	return 0;
}

/* Nanoseconds are cut, not rounded; seconds are rounded down, as the kernel has them. */
static errint_t parse_time(char *value, int64_t *seconds, uint32_t *nsec)
{
	bool negative = *value == '-';
	char *fraction = strchr(value, '.');
	uint64_t whole;
	uint32_t unit = 100000000;

	if (fraction)
		*fraction++ = '\0';
	if (tar_parse_decimal(value + negative, &whole) < 0 || whole > INT64_MAX - 1)
		return -EBADMSG;
	*nsec = 0;
	for (; fraction && *fraction; fraction++, unit /= 10) {
		if (*fraction < '0' || *fraction > '9')
			return -EBADMSG;
		*nsec += unit * (uint32_t)(*fraction - '0');
	}
	*seconds = negative ? -(int64_t)whole : (int64_t)whole;
	if (negative && *nsec) {
		*seconds -= 1;
		*nsec = 1000000000 - *nsec;
	}
	return 0;
}

static errint_t add_key(struct pax *pax, const char *key)
{
	size_t len = strlen(key) + 1;
	char *larger = realloc(pax->keys, pax->keys_len + len);

	if (!larger)
		return -ENOMEM;
	memcpy(larger + pax->keys_len, key, len);
	pax->keys = larger;
	pax->keys_len += len;
	return 0;
}

static errint_t reserve_xattr(struct pax *pax)
{
	size_t room = pax->xattrs_room ? pax->xattrs_room * 2 : 8;
	struct xattr *larger;

	if (pax->xattrs.count < pax->xattrs_room)
		return 0;
	larger = reallocarray(pax->xattrs.list, room, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	pax->xattrs.list = larger;
	pax->xattrs_room = room;
	return 0;
}

/* Name and value are in one allocation, as in xattr_view. No record is looked for, since there may be a million: if two
 * have the same name, they are set one after the other. */
static errint_t add_xattr(struct pax *pax, const char *name, const char *value, size_t len)
{
	struct xattr xattr = {.len = len};

	if (!*name || strlen(name) > 255)
		return -EBADMSG;
	if (reserve_xattr(pax) < 0)
		return -ENOMEM;
	xattr.value = malloc(len + strlen(name) + 2);
	if (!xattr.value)
		return -ENOMEM;
	memcpy(xattr.value, value, len + 1);
	xattr.name = strcpy((char *)xattr.value + len + 1, name);
	pax->xattrs.list[pax->xattrs.count++] = xattr;
	return 0;
}

/* Values of an exact copy. */

static errint_t set_flags(struct pax *pax, const char *value, size_t len)
{
	if (!len || strspn(value, "ai") != len)
		return -EBADMSG;
	pax->flags = flags_of_text(value);
	return 0;
}

/* A name, a NUL, the value. */
static errint_t add_odd_xattr(struct pax *pax, const char *value, size_t len)
{
	size_t name = strnlen(value, len);

	return name == len ? -EBADMSG : add_xattr(pax, value, value + name + 1, len - name - 1);
}

/* GNU's sparse files. */

/* Format 0.0 has a pair of records for each piece. */
static errint_t add_piece(struct pax *pax, bool is_len, uint64_t number)
{
	if (is_len != pax->piece_begun)
		return -EBADMSG;
	pax->piece_begun = !is_len;
	if (!is_len) {
		pax->piece_offset = number;
		return 0;
	}
	return tar_map_add(&pax->map, pax->piece_offset, number);
}

/* Format 0.1 has one record: numbers with commas between them. */
static errint_t parse_map(struct pax *pax, char *value)
{
	pax->map.count = 0;
	for (char *next = value; next;) {
		char *text = strsep(&next, ",");
		uint64_t number;
		errint_t code = tar_parse_decimal(text, &number);

		if (code == 0)
			code = add_piece(pax, pax->piece_begun, number);
		if (code < 0)
			return code;
	}
	return pax->piece_begun ? -EBADMSG : 0;
}

static errint_t parse_sparse(struct pax *pax, const char *key, char *value, size_t len)
{
	uint64_t number = 0;
	bool is_number = tar_parse_decimal(value, &number) == 0;

	pax->has |= PAX_SPARSE;
	if (!strcmp(key, "name"))
		return set_text(&pax->sparse_name, value, len);
	if (!strcmp(key, "map"))
		return parse_map(pax, value);
	if (!is_number)
		return -EBADMSG;
	if (!strcmp(key, "offset") || !strcmp(key, "numbytes"))
		return add_piece(pax, *key == 'n', number);
	if (!strcmp(key, "major"))
		pax->sparse_major = number;
	else if (!strcmp(key, "size") || !strcmp(key, "realsize"))
		pax->sparse_size = number;
	return 0; /* minor and numblocks: the other values say the same */
}

/* Records. */

/* Keys that change nothing in the tree: names of users, other times, the program that wrote it. */
static bool says_nothing(const char *key)
{
	static const char *const keys[] = {"atime",	     "ctime",	     "uname",		"gname",
					   "comment",	     "hdrcharset",   "charset",		"SCHILY.dev",
					   "SCHILY.ino",     "SCHILY.nlink", "SCHILY.devmajor", "SCHILY.devminor",
					   "SCHILY.filetype"};
	static const char *const prefixes[] = {"LIBARCHIVE.", "MSWINDOWS.", "GNU.volume."};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(key, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

static const char *after(const char *key, const char *prefix)
{
	return strncmp(key, prefix, strlen(prefix)) ? NULL : key + strlen(prefix);
}

static errint_t set_number(struct pax *pax, uint32_t bit, uint64_t *number, const char *value)
{
	pax->has |= bit;
	return tar_parse_decimal(value, number);
}

static errint_t set_record(struct pax *pax, const char *key, char *value, size_t len)
{
	const char *rest;

	if ((rest = after(key, "SCHILY.xattr.")))
		return add_xattr(pax, rest, value, len);
	if (says_nothing(key))
		return 0;
	if (pax->exact && !strcmp(key, PAX_KEY_FLAGS))
		return set_flags(pax, value, len);
	if (pax->exact && !strcmp(key, PAX_KEY_XATTR))
		return add_odd_xattr(pax, value, len);
	if ((rest = after(key, "GNU.sparse.")))
		return parse_sparse(pax, rest, value, len);
	if (!len) /* it would cancel a value of a global header, but no known program writes that */
		return 0;
	if (!strcmp(key, "path")) {
		pax->has |= PAX_PATH;
		return set_text(&pax->path, value, len);
	}
	if (!strcmp(key, "linkpath")) {
		pax->has |= PAX_LINK;
		return set_text(&pax->link, value, len);
	}
	if (!strcmp(key, "size"))
		return set_number(pax, PAX_SIZE, &pax->size, value);
	if (!strcmp(key, "uid"))
		return set_number(pax, PAX_UID, &pax->uid, value);
	if (!strcmp(key, "gid"))
		return set_number(pax, PAX_GID, &pax->gid, value);
	if (!strcmp(key, "mtime")) {
		pax->has |= PAX_MTIME;
		return parse_time(value, &pax->mtime, &pax->mtime_nsec);
	}
	return add_key(pax, key);
}

/* "LENGTH KEY=VALUE\n". */
static errint_t parse_record(struct pax *pax, char *text, size_t len, size_t *used)
{
	char *space = memchr(text, ' ', len < 21 ? len : 21), *equals;
	uint64_t total;

	if (!space)
		return -EBADMSG;
	*space = '\0';
	if (tar_parse_decimal(text, &total) < 0 || total > len || total < (size_t)(space - text) + 4 ||
	    text[total - 1] != '\n')
		return -EBADMSG;
	text[total - 1] = '\0';
	equals = memchr(space + 1, '=', (size_t)(text + total - 1 - (space + 1)));
	if (!equals || equals == space + 1 || memchr(space + 1, '\0', (size_t)(equals - space - 1)))
		return -EBADMSG;
	*equals = '\0';
	*used = total;
	return set_record(pax, space + 1, equals + 1, (size_t)(text + total - 1 - (equals + 1)));
}

errint_t pax_parse(struct pax *pax, char *text, size_t len, const char **why)
{
	for (size_t at = 0, used; at < len; at += used) {
		errint_t code = parse_record(pax, text + at, len - at, &used);

		if (code < 0) {
			*why = "its pax header is damaged";
			return code;
		}
	}
	if (!pax->piece_begun)
		return 0;
	*why = "its map of a sparse file ends within a pair";
	return -EBADMSG;
}

void pax_keep_global(struct pax *pax)
{
	static const struct {
		uint32_t bit;
		const char *key;
	} others[] = {{PAX_PATH, "path"}, {PAX_LINK, "linkpath"}, {PAX_SIZE, "size"}, {PAX_SPARSE, "GNU.sparse"}};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (pax->has & others[i].bit)
			add_key(pax, others[i].key);
	if (pax->xattrs.count)
		add_key(pax, "SCHILY.xattr");
	pax->has &= PAX_UID | PAX_GID | PAX_MTIME;
	xattr_view_free(&pax->xattrs);
	pax->xattrs_room = 0;
	free(pax->map.pieces);
	pax->map = (struct tar_map){0};
}
