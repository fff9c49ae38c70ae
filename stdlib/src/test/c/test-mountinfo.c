/* /proc/self/mountinfo: every shape of line, from a table; then the live one. */
#include "tap.h"

#include "mount.h"

struct wanted {
	const char *name;
	const char *text;
	int64_t mounts; /* how many, or -errno */
	uint32_t id, parent, flags;
	const char *target, *source, *type, *options; /* of the last one */
};

#define LINE "36 35 98:0 / /mnt rw - ext3 /dev/root rw\n"
static const struct wanted table[] = {
	{"nothing", "", 0, 0, 0, 0, "", "", "", ""},
	{"the manual's example", "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n", 1,
	 36, 35, 0, "/mnt2", "/dev/root", "ext3", "rw,errors=continue"},
	{"no optional field, no last newline", "1 0 0:1 / / rw - rootfs none rw", 1, 1, 0, 0, "/", "none", "rootfs",
	 "rw"},
	{"three optional fields", LINE "7 6 0:9 / /a rw shared:1 master:2 unbindable - tmpfs t rw\n", 2, 7, 6, 0, "/a",
	 "t", "tmpfs", "rw"},
	{"flags are whole words", "2 1 0:1 / /f ro,nosuid,nodev,noexec,relatime - tmpfs t rw\n", 1, 2, 1,
	 MICA_MOUNT_RDONLY | MICA_MOUNT_NOSUID | MICA_MOUNT_NODEV | MICA_MOUNT_NOEXEC, "/f", "t", "tmpfs", "rw"},
	{"a flag's beginning is none", "2 1 0:1 / /f rodent,nodevice,rw - tmpfs t ro\n", 1, 2, 1, 0, "/f", "t", "tmpfs",
	 "ro"},
	{"escapes", "2 1 0:1 / /a\\040b\\011c\\012d\\134e\\043f\\377 rw - tmpfs s\\040s rw\n", 1, 2, 1, 0,
	 "/a b\tc\nd\\e#f\377", "s s", "tmpfs", "rw"},
	{"no device", "2 1  / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"half a device", "2 1 8 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"a device of three", "2 1 8:1:2 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"an escaped escape is not one", "2 1 0:1 / /\\134040 rw - tmpfs t rw\n", 1, 2, 1, 0, "/\\040", "t", "tmpfs",
	 "rw"},
	{"what looks like an escape stays", "2 1 0:1 / /\\4\\08\\400\\000\\ rw - tmpfs t rw\n", 1, 2, 1, 0,
	 "/\\4\\08\\400\\000\\", "t", "tmpfs", "rw"},
	{"bytes that are no text", "2 1 0:1 / /\xff\xfe\x80 rw - tmpfs t rw\n", 1, 2, 1, 0, "/\xff\xfe\x80", "t",
	 "tmpfs", "rw"},
	{"an empty source", "2 1 0:1 / /s rw - tmpfs  rw\n", 1, 2, 1, 0, "/s", "", "tmpfs", "rw"},
	{"options with a blank", "2 1 0:1 / /s rw - odd src rw,a b - c\n", 1, 2, 1, 0, "/s", "src", "odd",
	 "rw,a b - c"},
	{"a target called -", "2 1 0:1 - - rw - tmpfs - rw\n", 1, 2, 1, 0, "-", "-", "tmpfs", "rw"},
	{"the largest id", "4294967295 1 0:1 / /s rw - tmpfs t rw\n", 1, 4294967295u, 1, 0, "/s", "t", "tmpfs", "rw"},
	{"an id too large", "4294967296 1 0:1 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"an id with eleven digits", "00000000001 1 0:1 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"a negative id", "-1 1 0:1 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no id", " 1 0:1 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no parent", "1  0:1 / /s rw - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"an empty line", LINE "\n" LINE, -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"only a newline", "\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no separator", "2 1 0:1 / /s rw shared:1 tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"separator too early", "2 1 0:1 / - tmpfs t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"nothing after the separator", "2 1 0:1 / /s rw -\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no source", "2 1 0:1 / /s rw - tmpfs\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no super options", "2 1 0:1 / /s rw - tmpfs t\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"no type", "2 1 0:1 / /s rw -  t rw\n", -EBADMSG, 0, 0, 0, "", "", "", ""},
	{"cut short", LINE "2 1 0:1", -EBADMSG, 0, 0, 0, "", "", "", ""},
};

static bool strings_are(const struct mica_mount *m, const struct wanted *w)
{
	const char *want[] = {w->target, w->source, w->type, w->options};
	const uint32_t lens[] = {m->target_len, m->source_len, m->type_len, m->options_len};
	const char *at = (const char *)m->text;

	for (int i = 0; i < 4; i++) {
		if (strlen(want[i]) != lens[i] || memcmp(want[i], at, lens[i] + 1))
			return false;
		at += lens[i] + 1;
	}
	return true;
}

static void try_row(const struct wanted *w)
{
	_Alignas(8) char buf[4096];
	struct mica_error err = {0};
	int64_t used = mica_mountinfo_parse(w->text, strlen(w->text), buf, sizeof(buf), &err), at = 0, count = 0;
	const struct mica_mount *last = NULL;

	if (w->mounts < 0) {
		ok(used == w->mounts && err.code == used && !strcmp(err.step, "parse") && err.note[0], "refused: %s",
		   w->name);
		return;
	}
	for (; at < used; at += last->record_len, count++)
		last = (const struct mica_mount *)(buf + at);
	ok(used >= 0 && at == used && count == w->mounts &&
		   (!last || (last->id == w->id && last->parent == w->parent && last->flags == w->flags &&
			      last->record_len % 8 == 0 && strings_are(last, w))),
	   "read: %s", w->name);
	/* A copy of the exact size, so that a sanitizer sees a step past its end. */
	char *exact = malloc((size_t)used + !used);
	if (!exact)
		bail("malloc");
	ok(mica_mountinfo_parse(w->text, strlen(w->text), exact, (size_t)used, NULL) == used &&
		   !memcmp(exact, buf, (size_t)used),
	   "same in a buffer that just fits: %s", w->name);
	bool told = true;
	for (int64_t room = 0; room < used; room++)
		told = told && mica_mountinfo_parse(w->text, strlen(w->text), exact, (size_t)room, NULL) == used;
	ok(told, "a smaller buffer says how much is needed: %s", w->name);
	free(exact);
}

/* The last of the texts, and the numbers behind them. */
static void where_from(void)
{
	static const struct {
		const char *text, *root;
		uint32_t dev_major, dev_minor;
	} rows[] = {
		{"2 1 98:7 /mnt1 /s rw - tmpfs t rw\n", "/mnt1", 98, 7},
		{"2 1 0:0 / /s rw shared:1 - tmpfs t rw\n", "/", 0, 0},
		{"2 1 4294967295:1048575 /a\\040b/\\134 /s rw - tmpfs t rw\n", "/a b/\\", 4294967295u, 1048575},
		{"2 1 0:4 mnt:[4026531840] /s rw - nsfs nsfs rw\n", "mnt:[4026531840]", 0, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_Alignas(8) char buf[4096];
		const struct mica_mount *m = (const struct mica_mount *)buf;
		int64_t used = mica_mountinfo_parse(rows[i].text, strlen(rows[i].text), buf, sizeof(buf), NULL);
		const char *root =
			(const char *)m->text + m->target_len + m->source_len + m->type_len + m->options_len + 4;

		ok(used > 0 && m->root_len == strlen(rows[i].root) && !strcmp(root, rows[i].root) &&
			   m->dev_major == rows[i].dev_major && m->dev_minor == rows[i].dev_minor,
		   "root and device: %s", rows[i].root);
	}
}

static void long_target(void)
{
	size_t len = 100000;
	char *text = malloc(len + 64), *buf = malloc(len + 128);
	struct mica_error err = {0};

	if (!text || !buf)
		bail("malloc");
	int head = sprintf(text, "5 4 0:1 / /");
	memset(text + head, 'x', len);
	strcpy(text + head + len, " rw - tmpfs t rw\n");
	ok(mica_mountinfo_parse(text, strlen(text), buf, len + 128, &err) > 0 &&
		   ((struct mica_mount *)buf)->target_len == len + 1,
	   "a target of 100,000 bytes");
	text[50] = '\0';
	ok_code(mica_mountinfo_parse(text, len, buf, len + 128, &err), -EBADMSG, &err, "a NUL in a line is refused");
	free(text);
	free(buf);
}

static void live(void)
{
	struct mica_error err;
	int64_t need = mica_mounts(NULL, 0, &err);
	bool root = false;

	if (!ok(need > 0, "the live one says how much it needs"))
		return;
	need += 65536;
	char *buf = malloc((size_t)need);
	int64_t used = mica_mounts(buf, (size_t)need, &err);
	for (int64_t at = 0; at < used; at += ((struct mica_mount *)(buf + at))->record_len)
		root = root || !strcmp((char *)((struct mica_mount *)(buf + at))->text, "/");
	ok(used > 0 && root, "the live one holds /");
	free(buf);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		try_row(&table[i]);
	where_from();
	long_target();
	live();
	return done();
}
