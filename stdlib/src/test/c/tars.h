/* tars.h - tars as somebody else would write them, hostile or old, entry by entry, and what reading them makes. */
#ifndef MICA_TARS_H
#define MICA_TARS_H

#include <stdint.h>
#include <sys/mman.h>

#include "tap.h"
#include "tar-format.h"

struct made {
	uint8_t bytes[1 << 20];
	size_t len;
};

static inline void add_bytes(struct made *tar, const void *bytes, size_t len)
{
	size_t padded = len + tar_padding(len);

	if (tar->len + padded > sizeof(tar->bytes))
		bail("a tar for a test is too large");
	memset(tar->bytes + tar->len, 0, padded);
	memcpy(tar->bytes + tar->len, bytes, len);
	tar->len += padded;
}

static inline void seal_header(struct tar_header *header)
{
	snprintf(header->checksum, sizeof(header->checksum), "%06o", tar_checksum(header));
	header->checksum[7] = ' ';
}

static inline struct tar_header new_header(char type, const char *name, const char *link, size_t size)
{
	struct tar_header header = {.type = type};

	strncpy(header.name, name, sizeof(header.name) - 1);
	strncpy(header.link, link, sizeof(header.link) - 1);
	memcpy(header.magic, "ustar", 6);
	memcpy(header.version, "00", 2);
	tar_put_number(header.mode, 8, type == '5' ? 0755 : 0644);
	tar_put_number(header.uid, 8, 0);
	tar_put_number(header.gid, 8, 0);
	tar_put_number(header.size, 12, size);
	tar_put_number(header.mtime, 12, 1000000000);
	return header;
}

static inline void add_header(struct made *tar, struct tar_header header)
{
	seal_header(&header);
	add_bytes(tar, &header, sizeof(header));
}

/* text: a file's content; else "". */
static inline void add_entry(struct made *tar, char type, const char *name, const char *link, const char *text)
{
	add_header(tar, new_header(type, name, link, strlen(text)));
	add_bytes(tar, text, strlen(text));
}

/* records: whole ones. */
static inline void add_pax(struct made *tar, char type, const char *records, size_t len)
{
	add_header(tar, new_header(type, "PaxHeaders", "", len));
	add_bytes(tar, records, len);
}

/* A pax header of type 'x' or 'g' of records KEY=VALUE, to a NULL; the length of each counts itself. */
__attribute__((sentinel)) static inline void add_records(struct made *tar, char type, ...)
{
	char text[8192] = "";
	size_t used = 0;
	va_list args;

	va_start(args, type);
	for (const char *record; (record = va_arg(args, const char *));) {
		size_t rest = strlen(record) + 2, len = rest + 1;

		while (len != rest + (size_t)snprintf(NULL, 0, "%zu", len))
			len = rest + (size_t)snprintf(NULL, 0, "%zu", len);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu %s\n", len, record);
	}
	va_end(args);
	add_pax(tar, type, text, used);
}

static inline void add_end(struct made *tar)
{
	static const uint8_t zeros[2 * TAR_BLOCK];

	add_bytes(tar, zeros, sizeof(zeros));
}

static inline int as_file(const struct made *tar)
{
	int fd = memfd_create("tar", MFD_CLOEXEC);

	NEED(fd);
	if (write(fd, tar->bytes, tar->len) != (ssize_t)tar->len || lseek(fd, 0, SEEK_SET) != 0)
		bail("memfd");
	return fd;
}

/* Reads it into the folder dest. */
static inline errint_t read_made(const struct made *tar, const char *dest, const struct mica_tar_limits *limits,
				 uint32_t flags, struct mica_remarks *remarks, struct mica_error *err)
{
	struct mica_tar is;
	int fd = as_file(tar);
	errint_t code = mica_tar_read(NULL, fd, dest, limits, flags, &is, remarks, NULL, err);

	close(fd);
	return code;
}

/* Whether there is a remark of that kind on that path, with that detail. */
static inline bool remarked(const struct mica_remarks *remarks, uint32_t what, const char *path, const char *detail)
{
	for (uint64_t at = 0; at < remarks->len;) {
		const struct mica_remark *remark = (const void *)(remarks->records + at);

		if (remark->what == what && !strcmp((const char *)remark->text, path) &&
		    !strcmp((const char *)remark->text + remark->path_len + 1, detail))
			return true;
		at += remark->record_len;
	}
	return false;
}

#endif
