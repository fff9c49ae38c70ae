/*
 * tar-format.h - the form of a tar header and of its numbers: POSIX.1-2001 (ustar, pax), with GNU's forms for values
 * that do not fit. Private to core/.
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
	char magic[6], version[2]; /* "ustar\0" "00"; "ustar " " \0" in GNU's tars; anything in tars before 1988 */
	char owner[32], group[32];
	char major[8], minor[8];
	char prefix[155]; /* what comes before name; GNU's tars have other fields here, see below */
	char padding[12];
};
_Static_assert(sizeof(struct tar_header) == TAR_BLOCK, "as in the file");

/* The map of GNU's old sparse files: four pieces are in the header, and 21 in each further block. */
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

/* Writes number as width - 1 octal digits and a NUL. False: it does not fit, and 0 is written. */
bool tar_put_number(char *field, size_t width, uint64_t number);
/* Reads a number in octal digits, with blanks and NULs around them, or in two's complement if the first bit is set.
 * -EBADMSG: it is neither, or too large. */
errint_t tar_get_number(const char *field, size_t width, int64_t *number);

/* Returns the sum of all bytes, in which the field checksum counts as blanks. */
uint32_t tar_checksum(const struct tar_header *header);
/* Whether the field checksum has that sum, or the sum of signed bytes, which some old programs wrote. */
bool tar_checksum_fits(const struct tar_header *header);

/* How many bytes are missing from len to a whole number of blocks. */
static inline size_t tar_padding(uint64_t len)
{
	return (size_t)(-len & (TAR_BLOCK - 1));
}

#endif
