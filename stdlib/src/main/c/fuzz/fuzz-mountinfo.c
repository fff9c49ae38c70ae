/* /proc/self/mountinfo: any bytes; anybody who may mount writes some of them. */
#include "mount.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_records(const char *buf, int64_t used)
{
	int64_t at = 0;

	while (at < used) {
		const struct mica_mount *m = (const struct mica_mount *)(buf + at);
		size_t strings = (size_t)m->target_len + m->source_len + m->type_len + m->options_len + m->root_len + 5;

		if (m->record_len % 8 || m->record_len < sizeof(*m) + strings ||
		    m->record_len - strings > sizeof(*m) + 7)
			abort();
		if (strlen((const char *)m->text) != m->target_len)
			abort();
		at += m->record_len;
	}
	if (at != used)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mica_error err = {0};
	int64_t need = mica_mountinfo_parse((const char *)data, size, NULL, 0, &err);

	if (need < 0)
		return err.code == need ? 0 : (abort(), 0);
	char *exact = malloc((size_t)need + !need);
	if (!exact || mica_mountinfo_parse((const char *)data, size, exact, (size_t)need, &err) != need)
		abort();
	check_records(exact, need);
	free(exact);
	/* A buffer that holds some of it: the same answer, and no byte too far. */
	size_t some = size ? (size_t)need * data[0] / 256 : 0;
	char *less = malloc(some + !some);
	if (!less || mica_mountinfo_parse((const char *)data, size, less, some, &err) != need)
		abort();
	free(less);
	return 0;
}
