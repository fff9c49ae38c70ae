#include "remarks.h"

static bool reserve(struct mica_remarks *remarks, size_t more)
{
	uint64_t room = remarks->room ? remarks->room : 4096;
	void *larger;

	while (room < remarks->len + more)
		room *= 2;
	if (room == remarks->room)
		return true;
	larger = realloc(remarks->records, room);
	if (!larger)
		return false;
	remarks->records = larger;
	remarks->room = room;
	return true;
}

errint_t remarks_add(struct mica_remarks *remarks, uint32_t what, const char *path, const char *detail)
{
	size_t path_len = strlen(path), detail_len = strlen(detail);
	size_t len = (sizeof(struct mica_remark) + path_len + detail_len + 2 + 7) & ~(size_t)7;
	struct mica_remark *record;

	if (!remarks)
		return 0;
	if (!reserve(remarks, len))
		return -ENOMEM;
	record = (struct mica_remark *)(remarks->records + remarks->len);
	memset(record, 0, len);
	record->record_len = (uint32_t)len;
	record->what = what;
	record->path_len = (uint32_t)path_len;
	record->detail_len = (uint32_t)detail_len;
	memcpy(record->text, path, path_len);
	memcpy(record->text + path_len + 1, detail, detail_len);
	remarks->len += len;
	remarks->count++;
	return 0;
}

void mica_remarks_free(struct mica_remarks *remarks)
{
	free(remarks->records);
	*remarks = (struct mica_remarks){0};
}
