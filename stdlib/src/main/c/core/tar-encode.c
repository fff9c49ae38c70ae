/*
 * tar-encode.c - the headers of one entry. They are the same for every writer of a tar.
 *
 * The old fields are used if the values fit. Otherwise there is a pax header with these records, in this order, and
 * each only if it is needed: hdrcharset, path, linkpath, size, uid, gid, mtime, SCHILY.xattr.NAME ordered by name. If a
 * value does not fit into its old field, the field has 0 or the beginning of the value: a reader that does not know pax
 * gets it wrong in any case.
 *
 * An exact copy also has GNU.sparse.* (format 1.0), MICA.flags (in the text form of flags.h), and MICA.xattr: a name, a
 * NUL and a value, for an attribute with "=" in its name. It also has entries of type 's', which are sockets.
 */
#include "tar-encode.h"

#include <stdio.h>

#include "tar-format.h"
#include "tar-pax.h"

#define XATTR_KEY "SCHILY.xattr."

void tar_bytes_free(struct tar_bytes *bytes)
{
	free(bytes->bytes);
	*bytes = (struct tar_bytes){0};
}

void *tar_bytes_extend(struct tar_bytes *bytes, size_t len)
{
	uint8_t *at;

	if (bytes->len + len > bytes->room) {
		size_t room = (bytes->len + len) * 2;
		uint8_t *larger = realloc(bytes->bytes, room);

		if (!larger)
			return NULL;
		bytes->bytes = larger;
		bytes->room = room;
	}
	at = bytes->bytes + bytes->len;
	bytes->len += len;
	return at;
}

/* Only ASCII is put into the old fields, because all readers read it in the same way. */
static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text >= 0x80)
			return false;
	return true;
}

/* The number of bytes of the character at text; 0 if it is not valid UTF-8 (RFC 3629: shortest form, no surrogates, up
 * to U+10FFFF). */
static size_t utf8_length(const unsigned char *text)
{
	size_t len = *text < 0x80 ? 1 : *text < 0xc2 ? 0 : *text < 0xe0 ? 2 : *text < 0xf0 ? 3 : *text < 0xf5 ? 4 : 0;

	for (size_t i = 1; i < len; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	if ((*text == 0xe0 && text[1] < 0xa0) || (*text == 0xed && text[1] >= 0xa0) ||
	    (*text == 0xf0 && text[1] < 0x90) || (*text == 0xf4 && text[1] >= 0x90))
		return 0;
	return len;
}

static bool is_utf8(const char *text)
{
	for (size_t len; *text; text += len)
		if (!(len = utf8_length((const unsigned char *)text)))
			return false;
	return true;
}

/* pax records. */

static size_t digits(size_t number)
{
	size_t count = 1;

	while (number /= 10)
		count++;
	return count;
}

/* "LENGTH KEY=VALUE\n", where the length counts itself. */
static errint_t put_record(struct tar_bytes *bytes, const char *prefix, const char *key, const void *value, size_t len)
{
	size_t rest = strlen(prefix) + strlen(key) + len + 3, total = rest + digits(rest);
	char *at;

	if (digits(total) > digits(rest))
		total = rest + digits(total);
	at = tar_bytes_extend(bytes, total);
	if (!at)
		return -ENOMEM;
	at += sprintf(at, "%zu ", total);
	at = stpcpy(stpcpy(stpcpy(at, prefix), key), "=");
	if (len)
		memcpy(at, value, len);
	at[len] = '\n';
	return 0;
}

static errint_t put_text(struct tar_bytes *bytes, const char *key, const char *text)
{
	return put_record(bytes, "", key, text, strlen(text));
}

static errint_t put_number(struct tar_bytes *bytes, const char *key, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	return put_text(bytes, key, text);
}

/* Seconds and a fraction, without zeros at its end. Before 1970 the fraction counts backwards, as the seconds do. */
static errint_t put_time(struct tar_bytes *bytes, int64_t seconds, uint32_t nsec)
{
	bool negative = seconds < 0;
	uint64_t whole = negative ? -(uint64_t)seconds : (uint64_t)seconds;
	char text[40];
	size_t len;

	if (negative && nsec) {
		whole--;
		nsec = 1000000000 - nsec;
	}
	len = (size_t)snprintf(text, sizeof(text), "%s%llu.%09u", negative ? "-" : "", (unsigned long long)whole, nsec);
	while (text[len - 1] == '0')
		len--;
	if (text[len - 1] == '.')
		len--;
	return put_record(bytes, "", "mtime", text, len);
}

static bool fits(uint64_t number, size_t width)
{
	return number >> (3 * (width - 1)) == 0;
}

/* The value has the name in front: a key ends at its first "=". */
static errint_t put_odd_xattr(struct tar_bytes *bytes, const struct xattr *xattr)
{
	size_t len = strlen(xattr->name) + 1;
	cleanup_free char *both = malloc(len + xattr->len);

	if (!both)
		return -ENOMEM;
	memcpy(both, xattr->name, len);
	if (xattr->len)
		memcpy(both + len, xattr->value, xattr->len);
	return put_record(bytes, "", PAX_KEY_XATTR, both, len + xattr->len);
}

static errint_t put_xattrs(struct tar_bytes *bytes, const struct tar_entry *entry)
{
	const struct xattr_view *xattrs = entry->xattrs;
	errint_t code = 0;

	for (size_t i = 0; code == 0 && xattrs && i < xattrs->count; i++)
		if (tar_holds_xattr(xattrs->list[i].name))
			code = put_record(bytes, XATTR_KEY, xattrs->list[i].name, xattrs->list[i].value,
					  xattrs->list[i].len);
		else if (entry->exact)
			code = put_odd_xattr(bytes, &xattrs->list[i]);
	return code;
}

static errint_t put_exact(struct tar_bytes *bytes, const struct tar_entry *entry)
{
	static const char *const flags[] = {"", "i", "a", "ai"};
	errint_t code = 0;

	if (entry->sparse) {
		code = put_text(bytes, "GNU.sparse.major", "1");
		if (code == 0)
			code = put_text(bytes, "GNU.sparse.minor", "0");
		if (code == 0)
			code = put_number(bytes, "GNU.sparse.realsize", entry->real_size);
	}
	return code < 0 || !entry->flags ? code : put_text(bytes, PAX_KEY_FLAGS, flags[entry->flags & 3]);
}

/* The old header. */

/* Puts path into name, or splits it at a slash and puts it into prefix and name. False: it does not fit. */
static bool put_path(struct tar_header *header, const char *path)
{
	size_t len = strlen(path);

	if (!is_ascii(path))
		return false;
	if (len <= sizeof(header->name)) {
		memcpy(header->name, path, len);
		return true;
	}
	/* The first slash after which the rest fits into name and is not empty. */
	for (size_t at = len > sizeof(header->name) ? len - sizeof(header->name) - 1 : 0;
	     at <= sizeof(header->prefix) && at + 1 < len; at++)
		if (at && path[at] == '/') {
			memcpy(header->prefix, path, at);
			memcpy(header->name, path + at + 1, len - at - 1);
			return true;
		}
	return false;
}

static void seal(struct tar_header *header)
{
	memcpy(header->magic, "ustar", 6);
	memcpy(header->version, "00", 2);
	snprintf(header->checksum, sizeof(header->checksum), "%06o", tar_checksum(header));
	header->checksum[7] = ' ';
}

static struct tar_header header_of(const struct tar_entry *entry)
{
	struct tar_header header = {.type = entry->type};
	const struct meta *meta = &entry->meta;

	tar_put_number(header.mode, sizeof(header.mode), meta->mode & 07777);
	tar_put_number(header.uid, sizeof(header.uid), meta->uid);
	tar_put_number(header.gid, sizeof(header.gid), meta->gid);
	tar_put_number(header.size, sizeof(header.size), entry->size);
	tar_put_number(header.mtime, sizeof(header.mtime), meta->mtime < 0 ? 0 : (uint64_t)meta->mtime);
	tar_put_number(header.major, sizeof(header.major), entry->major);
	tar_put_number(header.minor, sizeof(header.minor), entry->minor);
	return header;
}

static bool put_link(struct tar_header *header, const char *link)
{
	if (!is_ascii(link) || strlen(link) > sizeof(header->link))
		return false;
	memcpy(header->link, link, strlen(link));
	return true;
}

/* Puts path and link into the header if they fit, and adds a record for every value that does not fit. */
static errint_t put_records(struct tar_bytes *bytes, struct tar_header *header, const char *path,
			    const struct tar_entry *entry)
{
	const struct meta *meta = &entry->meta;
	const char *link = entry->link ? entry->link : "";
	bool long_path = !put_path(header, path), long_link = !put_link(header, link);
	errint_t code = 0;

	if ((long_path && !is_utf8(path)) || (long_link && !is_utf8(link)))
		code = put_text(bytes, "hdrcharset", "BINARY");
	if (code == 0 && long_path)
		code = put_text(bytes, "path", path);
	if (code == 0 && long_link)
		code = put_text(bytes, "linkpath", link);
	if (code == 0 && !fits(entry->size, sizeof(header->size)))
		code = put_number(bytes, "size", entry->size);
	if (code == 0 && !fits(meta->uid, sizeof(header->uid)))
		code = put_number(bytes, "uid", meta->uid);
	if (code == 0 && !fits(meta->gid, sizeof(header->gid)))
		code = put_number(bytes, "gid", meta->gid);
	if (code == 0 && (meta->mtime_nsec || meta->mtime < 0 || !fits((uint64_t)meta->mtime, sizeof(header->mtime))))
		code = put_time(bytes, meta->mtime, meta->mtime_nsec);
	if (code == 0 && entry->exact)
		code = put_exact(bytes, entry);
	return code < 0 ? code : put_xattrs(bytes, entry);
}

static errint_t pad(struct tar_bytes *bytes, size_t len)
{
	void *at = tar_bytes_extend(bytes, len);

	if (!at)
		return -ENOMEM;
	memset(at, 0, len);
	return 0;
}

/* Writes the header of the records, which begin at TAR_BLOCK. */
static errint_t put_pax_header(struct tar_bytes *bytes)
{
	struct tar_entry pax = {.type = 'x', .size = bytes->len - TAR_BLOCK, .meta = {.mode = 0644}};
	struct tar_header header = header_of(&pax);
	errint_t code = pad(bytes, tar_padding(bytes->len));

	strcpy(header.name, "PaxHeaders");
	seal(&header);
	memcpy(bytes->bytes, &header, sizeof(header));
	return code;
}

errint_t tar_encode(struct tar_bytes *bytes, const struct tar_entry *entry)
{
	struct tar_header header = header_of(entry);
	cleanup_free char *path = malloc(strlen(entry->path) + 3);
	void *at;
	errint_t code;

	if (!path)
		return -ENOMEM;
	strcpy(path, *entry->path ? entry->path : ".");
	if (entry->type == '5')
		strcat(path, "/");
	bytes->len = 0;
	code = pad(bytes, TAR_BLOCK);
	if (code == 0)
		code = put_records(bytes, &header, path, entry);
	if (code < 0)
		return code;
	if (bytes->len > TAR_BLOCK)
		code = put_pax_header(bytes);
	else
		bytes->len = 0;
	at = code == 0 ? tar_bytes_extend(bytes, TAR_BLOCK) : NULL;
	if (!at)
		return -ENOMEM;
	if (!*header.name && !*header.prefix) /* for readers that do not know pax */
		memcpy(header.name, path, strnlen(path, sizeof(header.name) - 1));
	if (!*header.link && entry->link)
		memcpy(header.link, entry->link, strnlen(entry->link, sizeof(header.link) - 1));
	seal(&header);
	memcpy(at, &header, sizeof(header));
	return 0;
}
