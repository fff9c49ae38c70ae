/*
 * tar-format.h - a tar header as it lies in the file, and its numbers: POSIX.1-2001 (ustar, pax) with GNU's ways of
 * writing what does not fit. Private to core/.
 */
#ifndef MICA_TAR_FORMAT_H
#define MICA_TAR_FORMAT_H

#include "base.h"

enum { TAR_BLOCK = 512 };

struct tar_header {
	char name[100];
	char mode[8], uid[8], gid[8];
	char size[12], mtime[12];
	char checksum[8];
	char type;
	char link[100];
	char magic[6], version[2]; /* "ustar\0" "00", or "ustar " " \0" for GNU's, or anything before 1988 */
	char owner[32], group[32];
	char major[8], minor[8];
	char prefix[155]; /* of name; in GNU's other things, see below */
	char padding[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "as in the file");

/* Where GNU's old sparse files have their map: four pieces here, then 21 in each further block. */
struct tar_piece {
	char offset[12], len[12];
};
struct tar_gnu_sparse {
	char unused[386];
	struct tar_piece pieces[4];
	char more; /* whether a block of pieces follows */
	char size[12];
	char padding[17];
};
struct tar_gnu_pieces {
	struct tar_piece pieces[21];
	char more;
	char padding[7];
};
_Static_assert(sizeof(struct tar_gnu_sparse) == TAR_BLOCK && sizeof(struct tar_gnu_pieces) == TAR_BLOCK, "likewise");

/* Writes number in octal, with a NUL if it has width - 1 digits; one that does not fit is written as 0: false. */
bool tar_put_number(char *field, size_t width, uint64_t number);
/* Octal, blanks and NULs around it, or two's complement if the first bit is set. -EBADMSG: neither, or too large. */
errint_t tar_get_number(const char *field, size_t width, int64_t *number);

/* The sum of all bytes, the field itself counted as blanks; once had, some counted with signed ones. */
uint32_t tar_checksum(const struct tar_header *header);
bool tar_checksum_fits(const struct tar_header *header);

/* Up to what is missing to a whole block. */
static inline size_t tar_padding(uint64_t len)
{
	return (size_t)(-len & (TAR_BLOCK - 1));
}

#endif
