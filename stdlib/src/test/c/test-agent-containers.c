/*
 * The agent's containers on this host (container-host.h): its loop and supervisors are the real ones, the runtime is a
 * stand-in, and a port is a socket. What goes through a session is in test-agent-streams.c, and what a real runtime and
 * kernel do is in test-agent-container.sh.
 */
#include "container-host.h"

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
	start_agent();
	try_without();
	try_words();
	try_files();
	try_users();
	try_roots();
	try_failures();
	try_others();
	try_lost();
	return end_agent();
}
