/* The files of a container for the host: requests of every form, and that none of them leads out of the root. */
#include "tap.h"

#include <fcntl.h>
#include <stdint.h>
#include <time.h>

#include "files.h"

#define ROOT "/tmp/files/root"

static struct files files;
static uint8_t request[FILES_REQUEST], reply[FILES_REPLY];
static size_t request_len, reply_len, read_at;

static void put(uint64_t number, size_t len)
{
	for (size_t i = 0; i < len; i++)
		request[request_len++] = (uint8_t)(number >> 8 * (len - 1 - i));
}

static void put_text(const char *text)
{
	put(strlen(text), 4);
	memcpy(request + request_len, text, strlen(text));
	request_len += strlen(text);
}

static void begin(uint8_t type)
{
	request_len = 0;
	put(type, 1);
}

static uint64_t get(size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len; i++)
		number = number << 8 | reply[read_at++];
	return number;
}

/* The code of the reply. */
static int ask(void)
{
	reply_len = files_answer(&files, request, request_len, reply);
	read_at = 0;
	if (reply_len < 8 || reply_len > FILES_REPLY || get(4) != reply_len - 4)
		return -1;
	return (int)get(4);
}

static int ask_open(uint32_t file, const char *path, uint32_t how)
{
	begin(1);
	put(file, 4);
	put_text(path);
	put(how, 4);
	put(0644, 4);
	return ask();
}

static int ask_of(uint8_t type, uint32_t file)
{
	begin(type);
	put(file, 4);
	return ask();
}

static void files_come_and_go(void)
{
	ok(ask_open(0, "new", MICA_OPEN_WRITE | MICA_OPEN_CREATE) == 0, "a file is made");
	ok(ask_open(0, "new", MICA_OPEN_READ) == EBADMSG, "its number is taken");
	begin(8);
	put(0, 4), put(2, 8), put_text("text");
	ok(ask() == 0, "it is written");
	ok(ask_of(3, 0) == 0 && get(8) == 6, "it has six bytes");
	ok(ask_of(9, 0) == 0 && ask_of(5, 0) == 0 && reply_len == 8 + 72, "it is flushed, and has space");
	ok(ask_of(2, 0) == 0 && ask_of(2, 0) == 0 && ask_of(3, 0) == EBADF, "it is closed, once more too");
	ask_open(319, "new", MICA_OPEN_READ);
	begin(7);
	put(319, 4), put(3, 8), put(100, 4);
	ok(ask() == 0 && get(4) == 3 && !memcmp(reply + read_at, "ext", 3), "its end is read");
	ask_of(2, 319);
	begin(11), put_text("dir"), put(0700, 4);
	ok(ask() == 0, "a directory is made");
	begin(14), put_text("new"), put_text("dir/moved"), put(0, 4);
	ok(ask() == 0, "a file is renamed");
	begin(13), put_text("dir/moved"), put_text("other");
	ok(ask() == 0, "a file is linked");
	begin(12), put_text("link"), put_text("dir/moved");
	ok(ask() == 0, "a symlink is made");
	ask_open(1, "link", MICA_OPEN_ENTRY | MICA_OPEN_NOFOLLOW);
	ok(ask_of(6, 1) == 0 && get(4) == 9 && !memcmp(reply + read_at, "dir/moved", 9), "its text is read");
	ask_of(2, 1);
	ask_open(2, ".", MICA_OPEN_LIST);
	ok(ask_of(10, 2) == 0 && reply_len > 8 + 3 * 44 && ask_of(10, 2) == 0 && reply_len == 8,
	   "names are listed once");
	ask_of(2, 2);
	begin(15), put_text("other"), put(0, 4);
	ok(ask() == 0 && !exists(ROOT "/other"), "a file is removed");
}

static void nothing_leads_out(void)
{
	const char *const ways[] = {
		"/etc", "..", "../secret", "absolute", "up/secret", "dir/../../secret", "/proc/self/root", "magic"};

	NEED(symlink("/tmp/files/secret", ROOT "/absolute"));
	NEED(symlink("..", ROOT "/up"));
	NEED(symlink("/proc/self/root", ROOT "/magic"));
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		ok(ask_open(0, ways[i], MICA_OPEN_READ) == EXDEV, "%s is not followed", ways[i]);
	begin(14), put_text("dir/moved"), put_text("../moved"), put(1, 4);
	ok(ask() == EXDEV && !exists("/tmp/files/moved"), "nothing is renamed to a place outside");
	ok(file_is("/tmp/files/secret", "secret"), "what lies outside is as it was");
}

static void odd_requests(void)
{
	request_len = 0;
	ok(ask() == EBADMSG, "nothing is no request");
	begin(0);
	ok(ask() == EBADMSG, "there is no type 0");
	begin(16);
	ok(ask() == EBADMSG, "there is no type 16");
	ok(ask_of(3, 320) == EBADMSG && ask_of(3, UINT32_MAX) == EBADMSG, "there are 320 files");
	begin(15), put(4, 4), put(0x61620063, 4), put(0, 4);
	ok(ask() == EBADMSG, "a path has no NUL");
	begin(15), put(UINT32_MAX, 4);
	ok(ask() == EBADMSG, "a path is not longer than the request");
	ask_open(0, "dir/moved", MICA_OPEN_READ);
	begin(7);
	put(0, 4), put(0, 8), put(UINT32_MAX, 4);
	ok(ask() == EBADMSG, "not more is read than there is room for");
	ask_of(2, 0);
}

/* Whatever is asked, the reply is whole; under a sanitizer, nothing else is touched. */
static void random_requests(void)
{
	unsigned seed = (unsigned)time(NULL);
	int whole = 0;

	printf("# seed %u\n", seed);
	srandom(seed);
	for (int i = 0; i < 20000; i++) {
		begin((uint8_t)(random() % 17));
		for (long words = random() % 6; words > 0; words--)
			switch (random() % 4) {
			case 0:
				put_text((const char *[]){"dir", "a", "b", ".", "up", ""}[random() % 6]);
				break;
			case 1:
				put((uint64_t)random() % 4, 4);
				break;
			case 2:
				put((uint64_t)random() % 4096, 8);
				break;
			default:
				put((uint64_t)random(), 4);
			}
		whole += ask() >= 0;
	}
	ok(whole == 20000, "20000 random requests have a reply each");
}

int main(void)
{
	enter_sandbox();
	NEED(mkdir("/tmp/files", 0755));
	NEED(mkdir(ROOT, 0755));
	put_file("/tmp/files/secret", "secret");
	cleanup_fd int root = open(ROOT, O_PATH | O_DIRECTORY | O_CLOEXEC);
	files_begin(&files, root);
	files_come_and_go();
	nothing_leads_out();
	odd_requests();
	random_requests();
	files_end(&files);
	ok(file_is("/tmp/files/secret", "secret"), "what lies outside is still as it was");
	return done();
}
