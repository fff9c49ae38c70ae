/*
 * The sessions of the agent's containers on this host (container-host.h): what goes through them, how they end, and
 * what a host does wrong in one. The agent's loop and supervisors are the real ones.
 */
#include "container-host.h"

#define WINDOW 196608

static void hear_output(struct session *s, const char *text)
{
	while (!memmem(s->out, s->out_len, text, strlen(text)))
		if (!hear(s))
			return;
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

int main(int argc, char **argv)
{
	(void)argc;
	if (strstr(argv[0], "/crun"))
		return be_runtime(argv);
	start_agent();
	NEED(rename("/usr/bin/program", RUNTIME));
	try_session();
	try_ends();
	try_input();
	try_garbage();
	try_terminal();
	return end_agent();
}
