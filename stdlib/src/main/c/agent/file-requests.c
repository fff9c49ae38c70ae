/*
 * file-requests.c - one request for the files of a container, and the reply to it. The host is trusted with the
 * container's files, but a request of any form must not do more than that.
 */
#include "files.h"

#include <limits.h>

/* What is left of a request. After the first value that is not there, bad. */
struct words {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct words *words, size_t len)
{
	const uint8_t *at = words->at;

	if (words->bad || words->left < len) {
		words->bad = true;
		return NULL;
	}
	words->at += len;
	words->left -= len;
	return at;
}

static uint64_t take_number(struct words *words, size_t len)
{
	const uint8_t *at = take(words, len);
	uint64_t number = 0;

	for (size_t i = 0; at && i < len; i++)
		number = number << 8 | at[i];
	return number;
}

static uint32_t take_u32(struct words *words)
{
	return (uint32_t)take_number(words, 4);
}

static uint64_t take_u64(struct words *words)
{
	return take_number(words, 8);
}

/* A text without a NUL, behind its length. */
static const char *take_text(struct words *words, char text[static PATH_MAX])
{
	uint32_t len = take_u32(words);
	const uint8_t *at = len < PATH_MAX ? take(words, len) : NULL;

	*text = '\0';
	if (!at || memchr(at, 0, len)) {
		words->bad = true;
		return text;
	}
	memcpy(text, at, len);
	text[len] = '\0';
	return text;
}

struct reply {
	uint8_t *bytes;
	size_t len;
};

static void put_number(struct reply *reply, uint64_t number, size_t len)
{
	for (size_t i = len; i-- > 0; number >>= 8)
		reply->bytes[reply->len + i] = (uint8_t)number;
	reply->len += len;
}

static void put_bytes(struct reply *reply, const void *bytes, size_t len)
{
	put_number(reply, len, 4);
	memcpy(reply->bytes + reply->len, bytes, len);
	reply->len += len;
}

static void put_stat(struct reply *reply, const struct mica_stat *is)
{
	put_number(reply, is->size, 8);
	put_number(reply, (uint64_t)is->atime, 8);
	put_number(reply, (uint64_t)is->mtime, 8);
	put_number(reply, is->mode, 4);
	put_number(reply, is->uid, 4);
	put_number(reply, is->gid, 4);
	put_number(reply, is->nlink, 4);
}

static errint_t malformed(struct mica_error *err)
{
	return mica_fail_note(err, -EBADMSG, "read", "", "the request is malformed");
}

/* The place of an open file, by its number. */
static int *take_place(struct files *files, struct words *words)
{
	uint32_t number = take_u32(words);

	if (number >= FILES_MOST)
		words->bad = true;
	return &files->open[words->bad ? 0 : number];
}

static int take_file(struct files *files, struct words *words)
{
	return *take_place(files, words);
}

static errint_t do_open(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char path[PATH_MAX];
	int *place = take_place(files, words), fd;
	uint32_t how, mode;

	(void)reply;
	take_text(words, path);
	how = take_u32(words);
	mode = take_u32(words);
	if (words->bad || *place >= 0)
		return malformed(err);
	fd = mica_below_open(files->root, path, how, mode, err);
	if (fd < 0)
		return fd;
	*place = fd;
	return 0;
}

static errint_t do_close(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int *place = take_place(files, words);

	(void)reply;
	if (words->bad)
		return malformed(err);
	if (*place >= 0)
		close(steal_fd(place));
	return 0;
}

static errint_t do_stat(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	struct mica_stat is;
	errint_t code = words->bad ? malformed(err) : mica_file_stat(fd, &is, err);

	if (!code)
		put_stat(reply, &is);
	return code;
}

static errint_t do_set(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	struct mica_set set = {.what = take_u32(words)};

	(void)reply;
	set.size = take_u64(words);
	set.uid = take_u32(words);
	set.gid = take_u32(words);
	set.mode = take_u32(words);
	set.atime = (int64_t)take_u64(words);
	set.mtime = (int64_t)take_u64(words);
	return words->bad ? malformed(err) : mica_file_set(fd, &set, err);
}

static errint_t do_space(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	struct mica_space space;
	errint_t code = words->bad ? malformed(err) : mica_file_space(fd, &space, err);

	if (code)
		return code;
	const uint64_t fields[] = {space.block,	     space.blocks, space.free,	space.available, space.files,
				   space.files_free, space.id,	   space.flags, space.name_max};
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put_number(reply, fields[i], 8);
	return 0;
}

static errint_t do_read_link(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	char text[PATH_MAX];
	int64_t len = words->bad ? malformed(err) : mica_file_link(fd, text, sizeof(text), err);

	if (len < 0)
		return (errint_t)len;
	put_bytes(reply, text, (size_t)len);
	return 0;
}

static errint_t do_read(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	uint64_t at = take_u64(words);
	uint32_t most = take_u32(words);
	int64_t len;

	if (words->bad || most > FILES_DATA)
		return malformed(err);
	len = mica_file_read(fd, reply->bytes + reply->len + 4, most, at, err);
	if (len < 0)
		return (errint_t)len;
	put_number(reply, (uint64_t)len, 4);
	reply->len += (size_t)len;
	return 0;
}

static errint_t do_write(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);
	uint64_t at = take_u64(words);
	uint32_t len = take_u32(words);
	const uint8_t *bytes = take(words, len);

	(void)reply;
	return words->bad ? malformed(err) : mica_file_write(fd, bytes, len, at, err);
}

static errint_t do_sync(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	int fd = take_file(files, words);

	(void)reply;
	return words->bad ? malformed(err) : mica_file_sync(fd, err);
}

static errint_t do_list(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	static _Alignas(8) uint8_t records[MICA_LIST_ROOM];
	int fd = take_file(files, words);
	int64_t used = words->bad ? malformed(err) : mica_file_list(fd, records, sizeof(records), err);

	if (used < 0)
		return (errint_t)used;
	for (int64_t at = 0; at < used;) {
		const struct mica_name *record = (const void *)(records + at);

		put_stat(reply, &record->is);
		put_bytes(reply, record->name, record->name_len);
		at += record->record_len;
	}
	return 0;
}

static errint_t do_make_directory(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char path[PATH_MAX];
	uint32_t mode;

	(void)reply;
	take_text(words, path);
	mode = take_u32(words);
	return words->bad ? malformed(err) : mica_below_make_directory(files->root, path, mode, err);
}

static errint_t do_make_link(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char path[PATH_MAX], text[PATH_MAX];

	(void)reply;
	take_text(words, path);
	take_text(words, text);
	return words->bad ? malformed(err) : mica_below_make_link(files->root, path, text, err);
}

static errint_t do_link(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char from[PATH_MAX], path[PATH_MAX];

	(void)reply;
	take_text(words, from);
	take_text(words, path);
	return words->bad ? malformed(err) : mica_below_link(files->root, from, files->root, path, err);
}

static errint_t do_rename(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char from[PATH_MAX], path[PATH_MAX];
	uint32_t replace;

	(void)reply;
	take_text(words, from);
	take_text(words, path);
	replace = take_u32(words);
	return words->bad ? malformed(err) : mica_below_rename(files->root, from, files->root, path, replace, err);
}

static errint_t do_remove(struct files *files, struct words *words, struct reply *reply, struct mica_error *err)
{
	char path[PATH_MAX];
	uint32_t directory;

	(void)reply;
	take_text(words, path);
	directory = take_u32(words);
	return words->bad ? malformed(err) : mica_below_remove(files->root, path, directory, err);
}

/* By the numbers of the protocol, from 1 on. */
static errint_t (*const work[])(struct files *files, struct words *words, struct reply *reply,
				struct mica_error *err) = {
	NULL,	  do_open, do_close, do_stat,		do_set,	      do_space, do_read_link, do_read,
	do_write, do_sync, do_list,  do_make_directory, do_make_link, do_link,	do_rename,    do_remove,
};

size_t files_answer(struct files *files, const uint8_t *request, size_t len, uint8_t reply[static FILES_REPLY])
{
	struct words words = {request, len, false};
	struct reply to = {reply, 8}; /* behind its length and the code */
	struct mica_error err = {0};
	uint64_t which = take_number(&words, 1);
	errint_t code =
		which && which < sizeof(work) / sizeof(*work) ? work[which](files, &words, &to, &err) : malformed(&err);
	size_t whole;

	if (code) {
		to.len = 8;
		put_bytes(&to, err.step, strlen(err.step));
		put_bytes(&to, err.note, strlen(err.note));
	}
	whole = to.len;
	to.len = 0;
	put_number(&to, whole - 4, 4);
	put_number(&to, (uint64_t)-code, 4);
	return whole;
}

void files_begin(struct files *files, int root)
{
	files->root = root;
	for (size_t i = 0; i < FILES_MOST; i++)
		files->open[i] = -1;
}

void files_end(const struct files *files)
{
	for (size_t i = 0; i < FILES_MOST; i++)
		cleanup_fd_p(&files->open[i]);
}
