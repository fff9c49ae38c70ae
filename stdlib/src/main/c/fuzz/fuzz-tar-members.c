/*
 * The headers of a tar, as anybody may write them: pax records, long names, sparse maps, numbers. In memory, without
 * the threads and the files around them.
 *
 * Input: a tar. Whatever looks like a header gets the checksum that it should have.
 */
#include "tar-format.h"
#include "tar-member.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void mend_checksums(uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at + TAR_BLOCK <= size; at += TAR_BLOCK) {
		struct tar_header *header = (struct tar_header *)(bytes + at);

		if (memcmp(header->magic, "ustar", 5) != 0)
			continue;
		snprintf(header->checksum, sizeof(header->checksum), "%06o", tar_checksum(header));
	}
}

/* A name that is to be one has no way up, no empty part, and nothing at its ends. */
static void check_path(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && *path == '.') || (len == 2 && !strncmp(path, "..", 2)))
			abort();
		if (path[len] && !path[len + 1])
			abort();
		path += len + (path[len] == '/');
	}
}

static void check(const struct tar_member *member)
{
	uint64_t end = 0, stored = 0;

	check_path(member->path);
	if (!strchr("0123456", member->type) || !member->type)
		abort();
	if (member->type == '1')
		check_path(member->link);
	if ((member->type == '2') != (member->link && member->type != '1'))
		abort();
	if (member->type != '0' && member->stored)
		abort();
	if (member->meta.mode & ~07777u || member->meta.uid == UINT32_MAX || member->meta.mtime_nsec >= 1000000000)
		abort();
	for (size_t i = 0; member->sparse && i < member->pax.map.count; i++) {
		const struct tar_map_piece *piece = &member->pax.map.pieces[i];

		if (piece->offset < end || piece->offset + piece->len > member->size)
			abort();
		end = piece->offset + piece->len;
		stored += piece->len;
	}
	if (member->sparse && stored != member->stored)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct mica_tar_limits limits = {.depth = 50, .path = 5000};
	cleanup_free uint8_t *bytes = malloc(size + 1);
	struct mica_error err = {0};
	struct tar_members members = {0};
	struct tar_in in = {.err = &err};
	struct tar_member member;
	int code;

	memcpy(bytes, data, size);
	mend_checksums(bytes, size);
	in.at = bytes;
	in.left = size;
	tar_members_start(&members, &in, &limits, &err);
	do {
		code = tar_members_next(&members, &member);
		if (code > 0)
			check(&member);
		if (code > 0 && tar_in_skip(&in, member.stored + tar_padding(member.stored)) < 0)
			code = -EBADMSG;
		tar_member_free(&member);
	} while (code > 0);
	if (code < 0 && !err.code)
		abort();
	tar_members_end(&members);
	return 0;
}
