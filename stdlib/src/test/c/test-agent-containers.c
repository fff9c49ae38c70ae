/*
 * The agent's containers on this host: its loop and supervisors are the real ones, the runtime is a stand-in
 * (container-runtime.h), and a port is a socket. What a real runtime and kernel do is in test-agent-guest.sh.
 */
#include "agent-host.h"
#include "container-runtime.h"
#include "stream/frame.h"

#define TOKEN "000102030405060708090a0b0c0d0e0f"
#define WINDOW 196608

static struct host host;
static int listening[3];

/* Instead of those of port.c: the agent connects to the test. */
int port_open(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "/ports/%s", name);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return steal_fd(&fd);
}

int port_wait(const char *name, int64_t until_ms)
{
	(void)until_ms;
	return port_open(name);
}

struct session {
	int fd;
	size_t len, out_len, error_len;
	uint64_t allowed;
	char end[64]; /* the last frame's text */
	uint8_t got[1 << 18], out[4 << 20];
	char error[64];
};

static struct session session;

static void make_root(void)
{
	static const char *const folders[] = {"root",		"root/proc",	      "root/dev",
					      "root/run",	"root/shares",	      "root/unions",
					      "root/disks",	"root/ports",	      "root/tmp",
					      "root/usr",	"root/usr/bin",	      "root/usr/lib",
					      "root/lib",	"root/lib64",	      "root/sys",
					      "root/sys/fs",	"root/sys/fs/cgroup", "root/sys/fs/cgroup/containers",
					      "root/unions/web"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		NEED(mkdir(folders[i], 0755));
	NEED(mount("proc", "root/proc", "proc", 0, NULL));
	NEED(mount("/dev", "root/dev", NULL, MS_BIND | MS_REC, NULL));
	NEED(mount("/usr/lib", "root/usr/lib", NULL, MS_BIND, NULL));
	NEED(mount("/lib", "root/lib", NULL, MS_BIND, NULL));
	if (exists("/lib64"))
		NEED(mount("/lib64", "root/lib64", NULL, MS_BIND, NULL));
	NEED(mica_copy_data("/proc/self/exe", "root/usr/bin/program", NULL));
	NEED(chmod("root/usr/bin/program", 0755));
	NEED(chroot("root"));
	NEED(chdir("/"));
	NEED(mount("web", "/unions/web", "tmpfs", 0, NULL));
}

static void listen_ports(void)
{
	for (int i = 0; i < 3; i++) {
		struct sockaddr_un address = {.sun_family = AF_UNIX};

		snprintf(address.sun_path, sizeof(address.sun_path), "/ports/p%d", i);
		listening[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		NEED(bind(listening[i], (struct sockaddr *)&address, sizeof(address)));
		NEED(listen(listening[i], 4));
	}
}

static void ask(const char *request, const char *pattern, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "1 %s\n", request);
	host_send(&host, text);
	host_hears(&host, pattern, name);
}

static void configure(const char *file, const char *does)
{
	char request[256];

	snprintf(request, sizeof(request), "1 file name=web file=%s at=0 data=%s\n", file, does);
	host_send(&host, request);
	if (strcmp(host_hear(&host), "1 ok"))
		bail("file");
}

static void put_frame(struct session *s, char type, const void *payload, uint32_t len)
{
	uint8_t bytes[STREAM_HEADER + STREAM_PAYLOAD];

	stream_header(bytes, type, len);
	memcpy(bytes + STREAM_HEADER, payload, len);
	/* The session may be over, for what came before. */
	if (write(s->fd, bytes, STREAM_HEADER + len) != (ssize_t)(STREAM_HEADER + len) && errno != EPIPE)
		bail("write a frame");
}

static void put_hello(struct session *s)
{
	uint8_t token[STREAM_TOKEN];

	if (!stream_token(TOKEN, token))
		bail("read the token");
	put_frame(s, 'H', token, STREAM_TOKEN);
}

static void take(struct session *s, char type, const uint8_t *payload, uint32_t len)
{
	if (type == 'O') {
		if (s->out_len + len > sizeof(s->out))
			s->out_len = 0;
		memcpy(s->out + s->out_len, payload, len);
		s->out_len += len;
	} else if (type == 'E') {
		s->error_len += (size_t)snprintf(s->error + s->error_len, sizeof(s->error) - s->error_len, "%.*s",
						 (int)len, (const char *)payload);
	} else if (type == 'W') {
		s->allowed += stream_read_number(payload);
	} else if (type == 'X') {
		snprintf(s->end, sizeof(s->end), "%.*s", (int)len, (const char *)payload);
	}
}

/* Frames that have come. False at the end of the session. */
static bool hear(struct session *s)
{
	struct pollfd readable = {.fd = s->fd, .events = POLLIN};
	ssize_t len = poll(&readable, 1, HEAR_MS) > 0 ? read(s->fd, s->got + s->len, sizeof(s->got) - s->len) : -1;
	size_t at = 0;

	if (len < 0 && errno != ECONNRESET)
		bail("the stream is silent");
	len = len < 0 ? 0 : len;
	s->len += (size_t)len;
	while (s->len - at >= STREAM_HEADER && s->len - at >= STREAM_HEADER + stream_read_number(s->got + at + 4)) {
		uint32_t size = stream_read_number(s->got + at + 4);
		take(s, (char)s->got[at], s->got + at + STREAM_HEADER, size);
		at += STREAM_HEADER + size;
	}
	s->len -= at;
	memmove(s->got, s->got + at, s->len);
	return len > 0;
}

static void hear_end(struct session *s)
{
	while (hear(s))
		;
	close(s->fd);
}

static void hear_output(struct session *s, const char *text)
{
	while (!memmem(s->out, s->out_len, text, strlen(text)))
		if (!hear(s))
			return;
}

/* Asks for it, and is the host at the port; the answer is not read. */
static void begin(const char *verb, int port, const char *more)
{
	char request[256];

	session.len = session.out_len = session.error_len = 0;
	session.allowed = 0;
	session.end[0] = session.error[0] = '\0';
	snprintf(request, sizeof(request), "1 %s name=web port=p%d token=" TOKEN "%s\n", verb, port, more);
	host_send(&host, request);
	session.fd = accept4(listening[port], NULL, NULL, SOCK_CLOEXEC);
	NEED(session.fd);
}

static void start(const char *does, const char *more)
{
	configure("config.json", does);
	begin("run", 0, more);
	put_hello(&session);
	host_hears(&host, "1 ok pid=[1-9]*", does);
}

static void start_other(const char *does, const char *id, int port)
{
	char text[64];

	snprintf(text, sizeof(text), "exec-%s.json", id);
	configure(text, does);
	snprintf(text, sizeof(text), " id=%s", id);
	begin("exec", port, text);
	put_hello(&session);
	host_hears(&host, "1 ok pid=[1-9]*", does);
}

static void try_without(void)
{
	ask("run name=web port=p0 token=" TOKEN, "1 error errno=ENOSYS step=find path=/usr/bin/crun *",
	    "a guest without a runtime");
	ask("exec name=web id=x port=p0 token=" TOKEN, "1 error errno=ENOSYS *", "nor in it");
	NEED(rename("/usr/bin/program", RUNTIME));
}

static void try_words(void)
{
	ask("run name=.. port=p0 token=" TOKEN, "1 error errno=EINVAL step=name *", "a name that is none");
	ask("run name=web port=/ token=" TOKEN, "1 error errno=EINVAL step=port *", "a port");
	ask("run name=web port=p0 token=" TOKEN " tty=2", "1 error errno=EINVAL step=tty *", "a flag");
	ask("run name=web port=p0 token=00", "1 error errno=EINVAL step=token *", "a token");
	ask("exec name=web id=/ port=p0 token=" TOKEN, "1 error errno=EINVAL step=id *", "an id");
	ask("exec name=web id=x port=p0 token=" TOKEN, "1 error errno=ESRCH step=exec *", "nothing runs");
	ask("run name=none port=p0 token=" TOKEN, "1 error errno=ENOENT step=run path=/unions/none *", "no union");
	ask("signal name=web signal=0", "1 error errno=EINVAL *", "a signal that is none");
	ask("signal name=web signal=65", "1 error errno=EINVAL *", "nor this");
	ask("signal name=web signal=9", "1 error errno=ESRCH *", "to nobody");
	ask("pause name=web", "1 error errno=ESRCH *", "nothing to freeze");
	ask("resume name=web", "1 error errno=ESRCH *", "nor to thaw");
	ask("usage name=web", "1 error errno=ENOENT *", "nor to count");
	ask("delete name=web", "1 ok", "nor to delete");
	ask("file name=web file=../x at=0 data=", "1 error errno=EINVAL step=file *", "a file elsewhere");
	ask("file name=web file=x at=-1 data=", "1 error errno=EINVAL step=at *", "or nowhere");
	ask("list", "1 ok 1.kind=union 1.name=web", "nothing is there");
}

static void try_files(void)
{
	configure("config.json", "x");
	NEED(symlink("/tmp/out", "/bundles/web/link"));
	ask("file name=web file=link at=0 data=x", "1 error errno=ELOOP step=open *", "no link is followed");
	ask("file name=web file=f at=0 data=longer%20than", "1 ok", "a file");
	ask("file name=web file=f at=0 data=ab%25%0A", "1 ok", "is made anew");
	ask("file name=web file=f at=4 data=cd", "1 ok", "and goes on");
	ok(file_is("/bundles/web/f", "ab%\ncd") && !exists("/tmp/out"), "as it was sent");
	ask("file name=web file=g at=0 data=a%00b", "1 ok", "any byte");
	struct stat st;
	ok(!stat("/bundles/web/g", &st) && st.st_size == 3, "is kept");
}

static void try_users(void)
{
	NEED(mkdir("/unions/web/etc", 0755));
	ask("user name=web user=a", "1 error errno=ENOENT step=find%20the%20user path=a note=*", "no list");
	ask("user name=web user=7", "1 ok uid=7 gid=0 groups= home=/", "a number");
	ask("user name=none user=7", "1 error errno=ENOENT *", "no union");
	put_file("/tmp/passwd", "a:x:66:66::/out:/bin/sh\n");
	NEED(symlink("../../../tmp/passwd", "/unions/web/etc/passwd"));
	ask("user name=web user=a", "1 error errno=ENOENT *", "no link leads out");
	NEED(mkdir("/unions/web/tmp", 0755));
	put_file("/unions/web/tmp/passwd",
		 "# a\n\na:x\na:x:no:1::/x:\na:x:4294967295:1::/x:\nroot:x:0:0::/root:/bin/sh\n"
		 "a:x:5:6:about:/home/a b:/bin/sh\nb:x:8:9::/b:\nc:x:8:10:::\n");
	put_file("/unions/web/etc/group", "adm:x:4:b,a\nnone:x:x:a\nown:x:6:a\nother:x:7:aa,b\nlast:x:70000:a");
	ask("user name=web user=a", "1 ok uid=5 gid=6 groups=4,70000 home=/home/a%20b", "a user");
	ask("user name=web user=a:other", "1 ok uid=5 gid=7 groups= home=/home/a%20b",
	    "who names a group has that one");
	ask("user name=web user=a:12", "1 ok uid=5 gid=12 groups= *", "or a number");
	ask("user name=web user=8", "1 ok uid=8 gid=9 groups=4,7 home=/b", "a number that is listed");
	ask("user name=web user=c", "1 ok uid=8 gid=10 groups= home=/", "a user without a home");
	ask("user name=web user=a:x", "1 error errno=ENOENT step=find%20the%20group path=x *", "no such group");
	ask("user name=web user=%23%20a", "1 error errno=ENOENT *", "no such line");
	ask("user name=web user=4294967295", "1 error errno=ENOENT *", "a number that is nobody's");
	ask("user name=web user=a:", "1 error errno=EINVAL *", "nothing behind the colon");
	ask("user name=web user=", "1 error errno=EINVAL *", "nobody");
	NEED(unlink("/unions/web/tmp/passwd"));
	NEED(mkfifo("/unions/web/tmp/passwd", 0600));
	ask("user name=web user=a", "1 error errno=EINVAL step=read path=/unions/web/etc/passwd *", "a fifo");
	NEED(mica_remove("/unions/web/etc", NULL, NULL));
	NEED(mica_remove("/unions/web/tmp", NULL, NULL));
}

static void try_roots(void)
{
	static const char *const names[] = {"/unions/web/dev", "/unions/web/proc", "/unions/web/sys"};

	NEED(mkdir("/unions/web/dev", 0755));
	NEED(symlink("dev", "/unions/web/proc"));
	put_file("/unions/web/sys", "");
	for (int i = 1; i < 3; i++) {
		char want[128];
		snprintf(want, sizeof(want), "1 error errno=ENOTDIR step=check path=%s *", names[i]);
		ask("run name=web port=p0 token=" TOKEN, want, "a root that leads elsewhere");
		NEED(unlink(names[i]));
	}
}

static void try_failures(void)
{
	configure("config.json", "missing");
	begin("run", 0, "");
	host_hears(&host,
		   "1 error errno=ENOENT step=run path=web note=executable%20file%20`x`%20not%20found:%20No%20such*",
		   "the runtime's last line is the note");
	hear_end(&session);
	configure("config.json", "silent");
	begin("run", 0, "");
	host_hears(&host, "1 error errno=EIO step=run * note=*does%20not%20say%20why", "one that says nothing");
	hear_end(&session);
	configure("config.json", "killed");
	begin("run", 0, "");
	host_hears(&host, "1 error errno=EIO step=run * note=*signal%209*", "one that is killed");
	hear_end(&session);
	configure("config.json", "hang");
	begin("run", 0, " limit=300");
	host_hears(&host, "1 error errno=ETIMEDOUT *", "one that does not end");
	hear_end(&session);
	configure("config.json", "elsewhere");
	begin("run", 0, "");
	host_hears(&host, "1 error errno=EINVAL * note=linux.cgroupsPath*", "a container elsewhere");
	hear_end(&session);
	ask("list", "1 ok 1.kind=union 1.name=web", "nothing is left");
}

static void try_session(void)
{
	static uint8_t bytes[1 << 20];
	size_t sent = 0;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	configure("config.json", "cat");
	begin("run", 0, "");
	if (write(session.fd, "I\0\0\0\0\0\0\2xxH\0\0\0\0\0\0\x10", 18) != 18)
		bail("write");
	put_hello(&session);
	host_hears(&host, "1 ok pid=[1-9]*", "a container begins");
	ask("list", "1 ok 1.kind=union * 2.kind=container 2.name=web 2.state=running 2.pid=*", "and is listed");
	while (sent < sizeof(bytes)) {
		while (!session.allowed)
			hear(&session);
		uint32_t len = (uint32_t)(sizeof(bytes) - sent);
		len = len > session.allowed ? (uint32_t)session.allowed : len;
		len = len > STREAM_PAYLOAD ? STREAM_PAYLOAD : len;
		put_frame(&session, 'I', bytes + sent, len);
		session.allowed -= len;
		sent += len;
	}
	put_frame(&session, 'C', "", 0);
	hear_end(&session);
	ok(session.out_len == sizeof(bytes) && !memcmp(session.out, bytes, sizeof(bytes)), "any bytes come back");
	ok(!strcmp(session.end, "status=0"), "then how it ended: %s", session.end);
	host_hears(&host, "[*] exited name=web status=0 signal=0 oom=0", "which is an event");
	ask("list", "1 ok 1.kind=union * 2.state=exited 2.pid=* 2.status=0 2.signal=0 2.oom=0", "and in the list");
	ok(file_is("/sys/fs/cgroup/containers/web/cgroup.kill", "1"), "its cgroup was emptied");
	ask("usage name=web", "1 ok pids=1 oom=0 read=6 written=9", "and is still counted");
}

static void try_ends(void)
{
	start("both", "");
	hear_end(&session);
	ok(!memcmp(session.out, "out", 3) && !strcmp(session.error, "error"), "two outputs, apart");
	host_hears(&host, "[*] exited *", "an event");
	start("seven", "");
	hear_end(&session);
	ok(!strcmp(session.end, "status=7"), "a status: %s", session.end);
	host_hears(&host, "[*] exited name=web status=7 *", "in the event too");
	start("kill", "");
	hear_end(&session);
	ok(!strcmp(session.end, "status=137 signal=9"), "a signal: %s", session.end);
	host_hears(&host, "[*] exited name=web status=137 signal=9 oom=0", "in the event too");
	start("wait", "");
	put_frame(&session, 'K', "\0\0\0\17", 4);
	hear_end(&session);
	ok(!strcmp(session.end, "status=143 signal=15"), "one that the host sent: %s", session.end);
	host_hears(&host, "[*] exited *", "an event");
	start("child", "");
	hear_end(&session);
	ok(!strcmp(session.end, "status=0"), "a child that holds the output open is not waited for");
	host_hears(&host, "[*] exited *", "an event");
	start("flood", "");
	hear_output(&session, "");
	put_frame(&session, 'K', "\0\0\0\11", 4);
	hear_end(&session);
	ok(!strcmp(session.end, "status=137 signal=9"), "a signal goes past output that nobody reads");
	host_hears(&host, "[*] exited *", "an event");
}

static void try_input(void)
{
	static const uint8_t zeros[STREAM_PAYLOAD];
	uint64_t total = 0;
	int answered;

	start("wait", "");
	while (session.allowed < WINDOW)
		hear(&session);
	ok(session.allowed == WINDOW, "so much is allowed at first");
	for (int i = 0; i < 5; i++)
		put_frame(&session, 'I', zeros, STREAM_PAYLOAD);
	hear_end(&session);
	ok(!session.end[0], "more than was allowed ends the session");
	host_send(&host, "1 signal name=web signal=9\n");
	answered = !strcmp(host_hear(&host), "1 ok") + !strcmp(host_hear(&host), "1 ok");
	ok(answered == 1, "the process goes on until it is ended, which is an event");
	start("deaf", "");
	hear_output(&session, "deaf");
	while (total < 1 << 20) {
		while (session.allowed < STREAM_PAYLOAD)
			hear(&session);
		put_frame(&session, 'I', zeros, STREAM_PAYLOAD);
		session.allowed -= STREAM_PAYLOAD;
		total += STREAM_PAYLOAD;
	}
	put_frame(&session, 'C', "", 0);
	put_frame(&session, 'K', "\0\0\0\11", 4);
	hear_end(&session);
	ok(session.end[0], "what nobody will read is thrown away");
	host_hears(&host, "[*] exited *", "an event");
}

static void try_garbage(void)
{
	static const struct {
		const char *name;
		const char bytes[9];
	} bad[] = {{"a type there is not", "?\0\0\0\0\0\0\0"},
		   {"a byte that is not zero", "I\0\0\1\0\0\0\0"},
		   {"a payload that is too long", "I\0\0\0\0\1\0\1"},
		   {"a second hello", "H\0\0\0\0\0\0\x10"},
		   {"an end with a payload", "C\0\0\0\0\0\0\1"}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		start("cat", "");
		if (write(session.fd, bad[i].bytes, 8) != 8)
			bail("write");
		hear_end(&session);
		ok(!session.end[0], "%s ends the session", bad[i].name);
		host_hears(&host, "[*] exited name=web status=0 *", "and the input");
	}
	start("cat", "");
	put_frame(&session, 'K', "\0\0\1\0", 4);
	put_frame(&session, 'K', "\xff\xff\xff\xff", 4);
	put_frame(&session, 'Z', "\0\1\0\1", 4);
	put_frame(&session, 'C', "", 0);
	hear_end(&session);
	ok(!strcmp(session.end, "status=0"), "signals that are none, and sizes of pipes, do nothing");
	host_hears(&host, "[*] exited *", "an event");
}

static void try_terminal(void)
{
	start("signals", " tty=1");
	hear_output(&session, "ready");
	put_frame(&session, 'Z', "\0\50\0\144", 4);
	hear_output(&session, "[40 100]");
	ok(memmem(session.out, session.out_len, "[40 100]", 8), "a terminal has the size that is told");
	close(session.fd);
	host_hears(&host, "[*] exited name=web status=0 *", "and hangs up with the host");
	ok(file_is("/tmp/hung-up", "yes"), "which the process can see");
	start("cat", " tty=1");
	put_frame(&session, 'I', "line\n", 5);
	put_frame(&session, 'C', "", 0);
	hear_end(&session);
	ok(!strcmp(session.end, "status=0") && !memcmp(session.out, "line\r\n", 6), "its input can be ended");
	host_hears(&host, "[*] exited *", "an event");
	start("cat", " tty=1");
	put_frame(&session, 'I', "half", 4);
	put_frame(&session, 'C', "", 0);
	hear_end(&session);
	ok(!strcmp(session.end, "status=0"), "also within a line");
	host_hears(&host, "[*] exited *", "an event");
}

/* Of what is listed under that number. */
static pid_t listed_pid(int number)
{
	char key[16];
	const char *at;

	snprintf(key, sizeof(key), " %d.pid=", number);
	host_send(&host, "1 list\n");
	at = strstr(host_hear(&host), key);
	if (!at || atoi(at + strlen(key)) <= 1)
		bail("find a process");
	return atoi(at + strlen(key));
}

static void try_others(void)
{
	int first;

	start("wait", "");
	first = session.fd;
	ask("run name=web port=p1 token=" TOKEN, "1 error errno=EEXIST *", "what runs is not started again");
	start_other("cat", "x", 1);
	ask("list", "1 ok 1.* 2.kind=container * 3.kind=process 3.name=web 3.id=x 3.pid=* 3.port=p1", "listed");
	put_frame(&session, 'C', "", 0);
	hear_end(&session);
	ok(!strcmp(session.end, "status=0") && !exists("/bundles/web/exec-x.json"), "another process");
	configure("exec-x.json", "missing");
	begin("exec", 1, " id=x");
	host_hears(&host, "1 error errno=ENOENT step=exec *", "one that does not start");
	hear_end(&session);
	start_other("wait", "y", 1);
	int held = session.fd;
	start_other("seven", "z", 1);
	hear_end(&session);
	ok(!strcmp(session.end, "status=7"), "a session that wants the port gets it");
	session.fd = held;
	session.end[0] = '\0';
	hear_end(&session);
	ok(!session.end[0], "and the one before is ended");
	kill(listed_pid(3), SIGKILL);
	put_file("/sys/fs/cgroup/containers/web/cgroup.events", "populated 1\nfrozen 1\n");
	ask("list", "1 ok 1.* 2.kind=container 2.name=web 2.state=paused *", "a container that is frozen");
	ask("exec name=web id=x port=p1 token=" TOKEN, "1 error errno=EBUSY * note=it%20is%20paused", "takes none");
	put_file("/sys/fs/cgroup/containers/web/cgroup.events", "populated 0\nfrozen 0\n");
	ask("pause name=web limit=100", "1 error errno=ETIMEDOUT step=wait%20for *", "one that does not freeze");
	ok(file_is("/sys/fs/cgroup/containers/web/cgroup.freeze", "0"), "is let go on");
	ask("resume name=web", "1 ok", "one that runs");
	ask("signal name=web signal=15 all=1", "1 ok", "a signal to all of nobody");
	session.fd = first;
}

/* Of whoever is not the process: the supervisor is its parent. */
static pid_t parent_of(pid_t pid)
{
	char path[64];
	int parent = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1)
		parent = 0;
	if (file)
		fclose(file);
	return parent;
}

static void try_lost(void)
{
	pid_t pid = listed_pid(2);

	if (parent_of(pid) <= 1)
		bail("find the supervisor");
	kill(parent_of(pid), SIGKILL);
	host_hears(&host, "[*] exited name=web status=137 signal=9 oom=0", "a supervisor that is killed is told");
	hear_end(&session);
	ask("list", "1 ok 1.* 2.kind=container 2.name=web 2.state=exited 2.pid=* 2.status=137 *",
	    "so is its container");
	kill(pid, SIGKILL); /* there is no cgroup that would do it */
	start("wait", "");
	ask("delete name=web limit=300", "1 error errno=ETIMEDOUT *", "one that cannot be ended is not forgotten");
	put_frame(&session, 'K', "\0\0\0\11", 4);
	hear_end(&session);
	host_hears(&host, "[*] exited *", "an event");
	ask("delete name=web", "1 ok", "deleted");
	ask("delete name=web", "1 ok", "and again");
	ask("list", "1 ok 1.kind=union 1.name=web", "nothing is left");
	ok(!exists("/bundles/web") && !exists("/run/container.web") && !exists("/run/running.web") &&
		   !exists("/sys/fs/cgroup/containers/web") && !exists("/run/process.web,x"),
	   "nor anywhere else");
}

int main(int argc, char **argv)
{
	(void)argc;
	if (strstr(argv[0], "/crun"))
		return be_runtime(argv);
	enter_sandbox();
	make_root();
	listen_ports();
	signal(SIGPIPE, SIG_IGN);
	host_start(&host);
	host.passes_late = true;
	try_without();
	try_words();
	try_files();
	try_users();
	try_roots();
	try_failures();
	try_session();
	try_ends();
	try_input();
	try_garbage();
	try_terminal();
	try_others();
	try_lost();
	ask("poweroff", "1 ok", "the end");
	ok(!host_wait(&host, NULL), "is clean");
	return done();
}
