/*
 * The agent's loop and its calls, with verbs made for it: garbage, hang-ups, deadlines, queues, crashes, and a call
 * that nothing can end.
 */
#include "agent-host.h"
#include "child.h"
#include "client.h"

#include <linux/fuse.h>
#include <sys/epoll.h>

static errint_t echo(const struct request *request, struct answer *answer, struct mica_error *err)
{
	const char *text = line_value(request, "text");

	if (!text)
		return mica_fail(err, -ENODATA, "echo", "");
	answer_put(answer, "text", text);
	return 0;
}

/* Until the test opens the gate: no clock decides what comes first. */
static errint_t wait_at_gate(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer;
	cleanup_fd int fd = open("gate", O_RDONLY | O_CLOEXEC);
	return fd < 0 ? mica_fail(err, -errno, "open", "gate") : 0;
}

static errint_t nothing(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer, (void)err;
	return 0;
}

static errint_t crash(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer, (void)err;
	abort();
}

static errint_t big(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)err;
	for (int i = 0; i < (line_value(request, "more") ? 2000 : 1600); i++)
		answer_put(answer, "key", "twenty-eight bytes of text.");
	return 0;
}

__attribute__((noreturn)) static int stay_for_ever(const struct request *request)
{
	static struct answer event;

	answer_begin(&event, "*", "told");
	answer_end(&event, "*");
	if (line_value(request, "event"))
		child_tell(&event);
	for (;;)
		pause();
}

static errint_t stay(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)err;
	answer_put_number(answer, "pid", (uint64_t)getpid());
	child_stay(stay_for_ever);
	return 0;
}

static void stay_ended(const struct request *request, const char *how, struct answer *event)
{
	answer_begin(event, "*", "gone");
	answer_put(event, "name", line_value(request, "name"));
	answer_put(event, "note", how);
	answer_end(event, "*");
}

static errint_t look(const struct request *request, struct answer *answer, struct mica_error *err)
{
	struct stat st;

	(void)request, (void)answer;
	return stat("hung/file", &st) < 0 ? mica_fail(err, -errno, "stat", "hung/file") : 0;
}

static errint_t calls(const struct request *request, struct answer *answer, struct mica_error *err)
{
	uint32_t number = 0;

	(void)request, (void)err;
	calls_list(answer, &number);
	return 0;
}

static errint_t rest(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer, (void)err;
	power_off_when_idle(1);
	return 0;
}

static errint_t quit(const struct request *request, struct answer *answer, struct mica_error *err)
{
	(void)request, (void)answer, (void)err;
	power_off();
	return 0;
}

const struct verb agent_verbs[] = {
	{"echo", "text", 0, NULL, echo, "says it again", NULL},
	{"wait", "name!", 60000, "thing", wait_at_gate, "at the gate", NULL},
	{"nothing", "name!", 60000, "thing", nothing, "a test", NULL},
	{"crash", "", 60000, NULL, crash, "a test", NULL},
	{"big", "more", 60000, NULL, big, "a test", NULL},
	{"stay", "name! event", 60000, "thing", stay, "a test", stay_ended},
	{"look", "name!", 3000, "thing", look, "a test", NULL},
	{"calls", "", 60000, NULL, calls, "a test", NULL},
	{"rest", "", 0, NULL, rest, "a test", NULL},
	{"quit", "", 0, NULL, quit, "a test", NULL},
	{0},
};

static struct host host;

static void try_lines(void)
{
	static char flood[200001];

	host_send(&host, "\n\n1 echo text=a%20b\n");
	host_hears(&host, "1 ok text=a%2520b", "a request is answered");
	host_send(&host, "2 echo te");
	host_send(&host, "xt=x\n3 echo text=y\n4 echo");
	host_hears(&host, "2 ok text=x", "a request in two pieces");
	host_hears(&host, "3 ok text=y", "and one behind it");
	host_send(&host, "\n");
	host_hears(&host, "4 error errno=ENODATA step=echo path= note=?*", "a failure has step, path and note");
	host_send(&host, "5 unknown\n6 echo color=red\n7 echo limit=0 text=x\n8 wait\nwhat?\n\x01\xff\n");
	host_hears(&host, "5 error errno=ENOSYS step=find%20verb path=unknown note=?*", "an unknown verb");
	host_hears(&host, "6 error errno=EINVAL step=echo path=color note=?*", "an unknown key");
	host_hears(&host, "7 error errno=EINVAL step=limit path=0 note=?*", "a limit that is none");
	host_hears(&host, "8 error errno=EINVAL step=wait path=name note=?*", "a key that is missing");
	host_hears(&host, "- error errno=EBADMSG *", "no id");
	host_hears(&host, "- error errno=EBADMSG *", "bytes that are no text");
	memset(flood, 'x', sizeof(flood) - 1);
	host_send(&host, flood);
	host_hears(&host, "- error errno=EMSGSIZE *", "an over-long line is refused before it ends");
	host_send(&host, "\n9 echo text=still\n");
	host_hears(&host, "9 ok text=still", "and skipped up to its end");
}

static int open_gate(void)
{
	int fd = open("gate", O_RDWR | O_CLOEXEC);

	NEED(fd);
	return fd;
}

static void try_turns(void)
{
	int gate;

	host_send(&host, "1 wait name=a\n2 nothing name=a\n3 nothing name=b\n");
	host_hears(&host, "3 ok", "work on another thing does not wait");
	host_send(&host, "4 nothing name=a limit=100\n");
	host_hears(&host, "4 error errno=ETIMEDOUT * note=call%201%20(wait)%20is%20still%20at%20it",
		   "waiting for one's turn ends at the limit");
	gate = open_gate();
	host_hears(&host, "1 ok", "work on one thing takes turns");
	host_hears(&host, "2 ok", "in the order it came");
	close(gate);
	host_send(&host, "5 wait name=a limit=100\n6 nothing name=a\n");
	host_hears(&host, "5 error errno=ETIMEDOUT * note=not%20done%20within%20its%20limit,%20and%20ended",
		   "a call is ended at its limit");
	host_hears(&host, "6 ok", "and what waited for it goes on");
}

static void try_odd_answers(void)
{
	const char *line;

	host_send(&host, "7 crash\n");
	host_hears(&host, "7 error errno=EIO * note=*signal%206*", "a call that crashes is told");
	host_send(&host, "8 big\n");
	line = host_hear(&host);
	ok(strlen(line) > 60000 && !strncmp(line, "8 ok ", 5), "an answer as large as a pipe");
	host_send(&host, "9 big more=1\n");
	host_hears(&host, "9 error errno=EMSGSIZE *", "an answer larger than a line");
}

static void try_many(void)
{
	char text[64];
	int answered = 0, refused = 0, gate;

	for (int i = 0; i < 80; i++) {
		snprintf(text, sizeof(text), "%d wait name=%d\n", i, i);
		host_send(&host, text);
	}
	for (int i = 64; i < 80; i++)
		refused += !fnmatch("* error errno=EAGAIN *", host_hear(&host), 0);
	gate = open_gate();
	for (int i = 0; i < 64; i++)
		answered += !fnmatch("* ok", host_hear(&host), 0);
	close(gate);
	ok(answered == 64 && refused == 16, "64 calls at a time, the others are refused (%d, %d)", answered, refused);
}

static void try_staying(void)
{
	int pid = 0;
	const char *line;
	int gate;

	host_send(&host, "1 stay name=s\n");
	line = host_hear(&host);
	ok(sscanf(line, "1 ok pid=%d", &pid) == 1 && pid > 1, "a call that stays is answered at once");
	host_send(&host, "2 nothing name=s\n");
	host_hears(&host, "2 ok", "and does not hold up others");
	if (pid > 1)
		kill(pid, SIGTERM);
	host_hears(&host, "[*] gone name=s note=*signal%2015*", "its end is an event");
	host_send(&host, "3 stay name=s event=1\n");
	line = host_hear(&host);
	pid = 0;
	ok(sscanf(line, "3 ok pid=%d", &pid) == 1 && pid > 1, "another one stays");
	host_hears(&host, "[*] told", "and tells an event itself");
	if (pid > 1)
		kill(pid, SIGTERM);
	host_send(&host, "4 wait name=s\n5 nothing name=t\n");
	host_hears(&host, "5 ok", "whose end is none then");
	gate = open_gate();
	host_hears(&host, "4 ok", "and holds up nobody");
	close(gate);
}

/* A file system whose server took the question and does not answer: what waits for it cannot be killed. */
static int mount_hung(void)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	char options[64], buf[FUSE_MIN_READ_BUFFER + 4096];
	struct fuse_in_header *in = (void *)buf;

	if (fd < 0)
		return -1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	NEED(mkdir("hung", 0755));
	if (mount("hung", "hung", "fuse.hung", MS_NOSUID | MS_NODEV, options) < 0) {
		close(fd);
		return -1;
	}
	NEED(read(fd, buf, sizeof(buf)));
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} reply = {{sizeof(reply), 0, in->unique}, {.major = 7, .minor = 31, .max_write = 4096}};
	NEED(write(fd, &reply, sizeof(reply)));
	return fd;
}

static void try_hanging(void)
{
	char buf[FUSE_MIN_READ_BUFFER + 4096];
	int fuse = mount_hung();

	if (fuse < 0) {
		skip("a call that cannot be ended", "no FUSE here");
		return;
	}
	host_send(&host, "1 look name=h\n");
	NEED(read(fuse, buf, sizeof(buf)));
	host_hears(&host, "1 error errno=ETIMEDOUT * note=*stays%20behind*", "a call that cannot be ended is answered");
	host_send(&host, "2 calls\n");
	host_hears(&host, "2 ok*.kind=call ?.id=1 ?.verb=look ?.name=h ?.state=stuck ?.ms=*", "and told");
	host_send(&host, "3 nothing name=h limit=50\n");
	host_hears(&host, "3 error errno=ETIMEDOUT * note=*hangs%20in%20the%20kernel", "and holds what it works on");
	host_send(&host, "4 echo text=well\n");
	host_hears(&host, "4 ok text=well", "and nothing else");
	close(fuse);
	host_hears(&host, "[*] late id=1 verb=look name=h note=*", "its coming back is an event");
	host_send(&host, "5 nothing name=h\n");
	host_hears(&host, "5 ok", "after which all is well");
}

/* Nobody reads, and more is asked than fits anywhere: nothing is lost but the asker's time. */
static void try_flood(void)
{
	static char text[3000];
	const int many = 2000;
	int good = 0;
	pid_t writer;

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = 'x';
	writer = fork();
	NEED(writer);
	if (!writer) {
		for (int i = 0; i < many; i++) {
			dprintf(host.fd, "%d echo text=%s\n", i, text);
		}
		_exit(0);
	}
	for (int i = 0; i < many; i++) {
		int id = -1;
		const char *line = host_hear(&host);
		good += sscanf(line, "%d ok text=x", &id) == 1 && id == i && strlen(line) > sizeof(text);
	}
	NEED(waitpid(writer, NULL, 0));
	ok(good == many, "%d of %d answers of 3 kB each came, in order", good, many);
}

static void try_hang_up(void)
{
	int64_t cpu_ms;

	host_send(&host, "1 echo text=x\n2 rest\n");
	host_hears(&host, "1 ok text=x", "a last request");
	host_hears(&host, "2 ok", "told to end when idle");
	shutdown(host.fd, SHUT_RDWR);
	int status = host_wait(&host, &cpu_ms);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "the loop outlives the host, and ends when idle");
	host_start(&host);
	host_send(&host, "1 rest\n2 echo te");
	host_hears(&host, "1 ok", "told to end when idle");
	close(host.fd);
	host.fd = -1;
	status = host_wait(&host, &cpu_ms);
	ok(WIFEXITED(status) && !WEXITSTATUS(status) && cpu_ms < 300,
	   "and does not spin while nobody is there (%lld ms of processor time)", (long long)cpu_ms);
	host_start(&host);
	host_send(&host, "1 quit\n");
	host_hears(&host, "1 ok", "powering off is answered first");
	status = host_wait(&host, NULL);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "and then done");
}

/* The kernel may tell of a hang-up when the next client's request has been read and answered. */
static void try_late_hang_up(void)
{
	static struct client client;
	static struct answer answer;
	char got[64];
	int old[2], next[2];

	NEED(pipe2(old, O_CLOEXEC | O_NONBLOCK));
	NEED(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, next));
	client = (struct client){.fd = old[1], .there = true, .cut = true};
	while (write(old[1], got, sizeof(got)) > 0)
		; /* nobody reads any more */
	memcpy(client.out, "rest=old\n", 9);
	client.out_len = 9;
	answer_begin(&answer, "n.1", "ok");
	answer_end(&answer, "n.1");
	client_send(&client, &answer);
	client_event(&client, EPOLLHUP);
	client.fd = next[1];
	client_event(&client, EPOLLIN | EPOLLOUT);
	ssize_t len = read(next[0], got, sizeof(got));
	ok(len == 7 && !memcmp(got, "n.1 ok\n", 7), "the next client has its answer, and nothing cut: %.*s",
	   len < 0 ? 0 : (int)len, got);
	for (int i = 0; i < 2; i++) {
		close(old[i]);
		close(next[i]);
	}
}

/* A terminal as QEMU's serial port is one; the master is who types. */
static int open_console(struct host *typist)
{
	int slave;

	*typist = (struct host){.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	NEED(typist->fd);
	NEED(grantpt(typist->fd));
	NEED(unlockpt(typist->fd));
	slave = open(ptsname(typist->fd), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	NEED(slave);
	return slave;
}

static void types(struct host *typist, const char *line, const char *pattern, const char *name)
{
	host_send(typist, line);
	host_hear(typist); /* the echo */
	host_hears(typist, pattern, name);
}

static void try_console(void)
{
	static struct host typist;
	int gate;

	host_start_at(&host, open_console(&typist));
	types(&typist, "x echo text=a\n", "x ok text=a\r", "who types on the console is answered there");
	types(&typist, "x what\n", "x error errno=ENOSYS *", "and told what is wrong");
	types(&typist, "lost\x15y echo text=b\n", "y ok text=b\r", "a line can be begun anew");
	types(&typist, "\n", "ID VERB *", "an empty line asks for help");
	host_hears(&typist, "echo [[]text=]: says it again\r", "which has a line for each verb");
	host_hears(&typist, "wait name=: at the gate\r", "with what it must have");
	while (strncmp(host_hear(&typist), "help: ", 6))
		;
	types(&typist, "z help\n", "ID VERB *", "help can be asked for by name");
	while (strncmp(host_hear(&typist), "help: ", 6))
		;
	host_hears(&typist, "z ok\r", "and is answered then");
	host_send(&host, "1 help\n2 wait name=a\n");
	host_hears(&host, "1 error errno=ENOSYS *", "the port has no such verb");
	types(&typist, "2 echo text=c\n", "2 ok text=c\r", "the same id on both is two requests");
	host_send(&typist, "3 nothing name=a\n");
	host_hear(&typist);
	gate = open_gate();
	host_hears(&host, "2 ok", "each hears its own answer");
	host_hears(&typist, "3 ok\r", "and they take turns all the same");
	close(gate);
	host_send(&typist, "half a li");
	host_send(&host, "3 echo text=d\n");
	host_hears(&host, "3 ok text=d", "half a line on the console holds up nobody");
	types(&typist, "\x15q quit\n", "q ok\r", "the console can end it");
	int status = host_wait(&host, NULL);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "and it does end");
	close(typist.fd);
}

/* Nobody reads what the console says, and the host goes on. */
static void try_silent_console(void)
{
	static struct host typist;
	int64_t cpu_ms;

	host_start_at(&host, open_console(&typist));
	for (int i = 0; i < 4; i++)
		host_send(&typist, "x big\n");
	host_send(&host, "1 echo text=x\n");
	host_hears(&host, "1 ok text=x", "a console that nobody reads holds up nobody");
	host_send(&host, "2 calls\n");
	while (strstr(host_hear(&host), "verb=big"))
		host_send(&host, "2 calls\n");
	host_send(&host, "3 rest\n");
	host_hears(&host, "3 ok", "told to end when idle");
	int status = host_wait(&host, &cpu_ms);
	ok(WIFEXITED(status) && !WEXITSTATUS(status) && cpu_ms < 1000,
	   "and does not spin over it (%lld ms of processor time)", (long long)cpu_ms);
	close(typist.fd);
}

int main(void)
{
	enter_sandbox();
	signal(SIGPIPE, SIG_IGN);
	NEED(mkfifo("gate", 0600));
	host_start(&host);
	try_lines();
	try_turns();
	try_odd_answers();
	try_many();
	try_staying();
	try_hanging();
	try_flood();
	try_hang_up();
	try_late_hang_up();
	try_console();
	try_silent_console();
	return done();
}
