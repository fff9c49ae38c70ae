#include "tar-format.h"

#include <stddef.h>

bool tar_put_number(char *field, size_t width, uint64_t number)
{
	bool fits = number >> (3 * (width - 1)) == 0;

	field[width - 1] = '\0';
	for (size_t i = width - 1; i--;) {
		field[i] = (char)('0' + (fits ? number & 7 : 0));
		number >>= 3;
	}
	return fits;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\0';
}

/* Two's complement of 8 * width - 1 bits: the first bit only says that it is that. */
static errint_t get_binary(const uint8_t *field, size_t width, int64_t *number)
{
	bool negative = field[0] & 0x40;
	uint64_t value = negative ? UINT64_MAX : 0;

	for (size_t i = 0; i < width; i++) {
		uint8_t byte = i ? field[i] : (uint8_t)((field[0] & 0x7f) | (negative ? 0x80 : 0));

		/* What is pushed out may only repeat the sign. */
		if ((uint8_t)(value >> 56) != (negative ? 0xff : 0))
			return -EBADMSG;
		value = value << 8 | byte;
	}
	*number = (int64_t)value;
	return (*number < 0) == negative ? 0 : -EBADMSG;
}

errint_t tar_get_number(const char *field, size_t width, int64_t *number)
{
	size_t at = 0, end = width;
	uint64_t value = 0;

	if ((uint8_t)field[0] & 0x80)
		return get_binary((const uint8_t *)field, width, number);
	while (at < end && is_blank(field[at]))
		at++;
	while (end > at && is_blank(field[end - 1]))
		end--;
	for (; at < end && !is_blank(field[at]); at++) {
		if (field[at] < '0' || field[at] > '7')
			return -EBADMSG;
		value = value << 3 | (uint64_t)(field[at] - '0'); /* 12 digits at most */
	}
	*number = (int64_t)value;
	return 0;
}

static bool is_checksum(size_t at)
{
	return at >= offsetof(struct tar_header, checksum) && at < offsetof(struct tar_header, type);
}

uint32_t tar_checksum(const struct tar_header *header)
{
	const uint8_t *bytes = (const uint8_t *)header;
	uint32_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += is_checksum(i) ? ' ' : bytes[i];
	return sum;
}

static int32_t signed_checksum(const struct tar_header *header)
{
	const int8_t *bytes = (const int8_t *)header;
	int32_t sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += is_checksum(i) ? ' ' : bytes[i];
	return sum;
}

bool tar_checksum_fits(const struct tar_header *header)
{
	int64_t stored;

	if (tar_get_number(header->checksum, sizeof(header->checksum), &stored) < 0)
		return false;
	return stored == tar_checksum(header) || stored == signed_checksum(header);
}
