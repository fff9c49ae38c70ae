/*
 * mountinfo.c - /proc/self/mountinfo as records.
 *
 * A line is: id parent major:minor root target options [optional ...] - type source super-options. One space separates
 * the fields; in them space, tab, newline, backslash and '#' are written as \ooo. The source may be empty. The
 * super-options are the rest of the line, because not every file system escapes what it prints there.
 */
#include "mount.h"

#include <fcntl.h>

struct span {
	const char *at;
	size_t len;
};

static bool is(struct span field, const char *text)
{
	return field.len == strlen(text) && !memcmp(field.at, text, field.len);
}

/* Cuts the first field, which ends at stop or at the end, off rest. False if rest is empty. */
static bool cut(struct span *rest, char stop, struct span *field)
{
	const char *end;

	if (!rest->at)
		return false;
	end = memchr(rest->at, stop, rest->len);
	field->at = rest->at;
	field->len = end ? (size_t)(end - rest->at) : rest->len;
	rest->at = end ? end + 1 : NULL;
	rest->len = end ? rest->len - field->len - 1 : 0;
	return true;
}

static bool to_u32(struct span field, uint32_t *out)
{
	uint64_t value = 0;

	if (!field.len || field.len > 10)
		return false;
	for (size_t i = 0; i < field.len; i++) {
		if (field.at[i] < '0' || field.at[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(field.at[i] - '0');
	}
	*out = (uint32_t)value;
	return value <= UINT32_MAX;
}

/* The byte that \ooo at text means; -1 if it is not \ooo (or means NUL, which no name has). */
static int octal(const char *text, size_t len)
{
	int value = 0;

	if (len < 4 || text[0] != '\\' || text[1] > '3')
		return -1;
	for (int i = 1; i < 4; i++) {
		if (text[i] < '0' || text[i] > '7')
			return -1;
		value = value * 8 + (text[i] - '0');
	}
	return value ? value : -1;
}

/* If out is given, writes the unescaped field and a NUL to it. Returns the length without the NUL. */
static size_t unescape(struct span field, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < field.len; n++) {
		int c = octal(field.at + i, field.len - i);
		if (out)
			out[n] = (char)(c >= 0 ? c : field.at[i]);
		i += c >= 0 ? 4 : 1;
	}
	if (out)
		out[n] = '\0';
	return n;
}

static uint32_t mount_flags(struct span options)
{
	struct span word;
	uint32_t flags = 0;

	while (cut(&options, ',', &word))
		flags |= is(word, "ro")	      ? MICA_MOUNT_RDONLY
			 : is(word, "nodev")  ? MICA_MOUNT_NODEV
			 : is(word, "nosuid") ? MICA_MOUNT_NOSUID
			 : is(word, "noexec") ? MICA_MOUNT_NOEXEC
					      : 0;
	return flags;
}

enum { TARGET, SOURCE, TYPE, OPTIONS, ROOT, TEXTS };

struct line {
	uint32_t id, parent, dev_major, dev_minor, flags;
	struct span text[TEXTS]; /* as in the file, escaped */
};

static bool split_numbers(struct span *rest, struct line *line)
{
	struct span id, parent, device, dev_major;

	return cut(rest, ' ', &id) && cut(rest, ' ', &parent) && cut(rest, ' ', &device) &&
	       cut(&device, ':', &dev_major) && to_u32(id, &line->id) && to_u32(parent, &line->parent) &&
	       to_u32(dev_major, &line->dev_major) && to_u32(device, &line->dev_minor);
}

static bool split(struct span rest, struct line *line)
{
	struct span options, mark;

	if (!split_numbers(&rest, line) || !cut(&rest, ' ', &line->text[ROOT]) ||
	    !cut(&rest, ' ', &line->text[TARGET]) || !cut(&rest, ' ', &options))
		return false;
	do {
		if (!cut(&rest, ' ', &mark))
			return false;
	} while (!is(mark, "-"));
	if (!cut(&rest, ' ', &line->text[TYPE]) || !cut(&rest, ' ', &line->text[SOURCE]) || !rest.at)
		return false;
	line->text[OPTIONS] = rest;
	line->flags = mount_flags(options);
	return line->text[TARGET].len && line->text[TYPE].len;
}

/* Packs the line into buf if it fits into room. Returns the size that it needs, 0 if no record can hold it. */
static size_t pack(const struct line *line, char *buf, size_t room)
{
	size_t lens[TEXTS], total = sizeof(struct mica_mount), record_len;

	for (int i = 0; i < TEXTS; i++) {
		lens[i] = unescape(line->text[i], NULL);
		total += lens[i] + 1;
	}
	record_len = (total + 7) & ~(size_t)7;
	if (record_len > UINT32_MAX)
		return 0;
	if (record_len > room)
		return record_len;
	struct mica_mount *out = (struct mica_mount *)buf;
	*out = (struct mica_mount){.record_len = (uint32_t)record_len,
				   .id = line->id,
				   .parent = line->parent,
				   .target_len = (uint32_t)lens[TARGET],
				   .source_len = (uint32_t)lens[SOURCE],
				   .type_len = (uint32_t)lens[TYPE],
				   .options_len = (uint32_t)lens[OPTIONS],
				   .root_len = (uint32_t)lens[ROOT],
				   .flags = line->flags,
				   .dev_major = line->dev_major,
				   .dev_minor = line->dev_minor};
	char *text = (char *)out->text;
	for (int i = 0; i < TEXTS; i++)
		text += unescape(line->text[i], text) + 1;
	memset(text, 0, record_len - total);
	return record_len;
}

int64_t mica_mountinfo_parse(const char *text, size_t len, void *buf, size_t room, struct mica_error *err)
{
	struct span rest = {text, len}, next;
	size_t used = 0;

	if (len && text[len - 1] == '\n')
		rest.len--;
	for (unsigned number = 1; len && cut(&rest, '\n', &next); number++) {
		struct line line;
		size_t took = 0;

		if (!memchr(next.at, '\0', next.len) && split(next, &line))
			took = pack(&line, used < room ? (char *)buf + used : NULL, used < room ? room - used : 0);
		if (!took)
			return mica_fail_note(err, -EBADMSG, "parse", "/proc/self/mountinfo", "line %u is not a mount",
					      number);
		used += took;
	}
	return (int64_t)used;
}

static errint_t read_all(const char *path, char **out, size_t *len)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free char *text = NULL;
	size_t room = 0, used = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (got > 0) {
		if (room - used < 32768) {
			char *more = realloc(text, room = room * 2 + 65536);
			if (!more)
				return -ENOMEM;
			text = more;
		}
		do
			got = read(fd, text + used, room - used);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return -errno;
		used += (size_t)got;
	}
	*out = steal_pointer(&text);
	*len = used;
	return 0;
}

int64_t mica_mounts(void *buf, size_t len, struct mica_error *err)
{
	cleanup_free char *text = NULL;
	size_t text_len = 0;
	errint_t code;

	mica_error_clear(err);
	code = read_all("/proc/self/mountinfo", &text, &text_len);
	if (code)
		return mica_fail(err, code, "read", "/proc/self/mountinfo");
	return mica_mountinfo_parse(text, text_len, buf, len, err);
}
