/*
 * The agent's own verbs on this host, in a root of their own with tmpfs for shares: unions are mounted and unmounted
 * for real, and what is asked twice or wrongly is answered as docs/agent-protocol.md says. Not here: finding virtiofs
 * devices, and what changes the machine (its clock, its power).
 */
#include "agent-host.h"

static struct host host;

static void ask(const char *request, const char *pattern, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "1 %s\n", request);
	host_send(&host, text);
	host_hears(&host, pattern, name);
}

static void mount_share(const char *name, const char *note)
{
	char path[64];

	snprintf(path, sizeof(path), "/shares/%s", name);
	NEED(mkdir(path, 0755));
	NEED(mount(name, path, "tmpfs", 0, "mode=0755"));
	snprintf(path, sizeof(path), "/run/share.%s", name);
	put_file(path, note);
}

static void make_root(void)
{
	static const char *const folders[] = {"root",	  "root/proc",	 "root/dev",
					      "root/run", "root/shares", "root/unions"};

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		NEED(mkdir(folders[i], 0755));
	NEED(mount("proc", "root/proc", "proc", 0, NULL));
	NEED(mount("/dev", "root/dev", NULL, MS_BIND, NULL));
	NEED(chroot("root"));
	NEED(chdir("/"));
}

static void make_shares(void)
{
	static const char *const folders[] = {
		"/shares/a/low",    "/shares/a/low/folder", "/shares/a/odd,name: \\",
		"/shares/a/other",  "/shares/b/upper",	    "/shares/b/work",
		"/shares/b/upper2", "/shares/b/work2",	    "/shares/plain",
	};

	mount_share("a", "tag=ta ro=1");
	mount_share("b", "tag=tb ro=0");
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		NEED(mkdir(folders[i], 0755));
	put_file("/shares/a/low/file", "low");
	put_file("/shares/a/low/gone", "");
	put_file("/shares/a/odd,name: \\/odd", "odd");
	NEED(symlink("low", "/shares/a/link"));
	NEED(symlink("/etc", "/shares/a/out"));
}

static void try_shares(void)
{
	ask("mount-share tag=tb name=b",
	    "1 ok maxname=255 xattr=[01] trusted=1 whiteout=1 link=1 tmpfile=1 acl=1 times=1 "
	    "case=1 exchange=1 noreplace=1",
	    "a share that is there already is probed");
	ask("mount-share tag=tb name=b probe=0", "1 ok", "or not");
	ask("mount-share tag=tb name=b probe=link,trusted", "1 ok maxname=255 trusted=1 link=1",
	    "or for some abilities");
	ask("mount-share tag=tb name=b probe=exchange", "1 ok maxname=255 exchange=1 noreplace=1", "with its like");
	ask("mount-share tag=tb name=b probe=link,more", "1 error errno=EINVAL step=probe *",
	    "or for one there is not");
	ask("mount-share tag=ta name=a ro=1", "1 ok maxname=255 xattr=[01] acl=1", "a read-only one is looked at");
	ask("mount-share tag=ta name=a", "1 error errno=EEXIST step=mount path=/shares/a note=*tag%3Dta%20ro%3D1",
	    "the same not read-only is another");
	ask("mount-share tag=tc name=b", "1 error errno=EEXIST *", "another tag is another");
	ask("mount-share tag=tb name=../b", "1 error errno=EINVAL step=name *", "a name that is none");
	ask("mount-share tag=tb name=b ro=2", "1 error errno=EINVAL step=ro *", "a flag that is none");
	ask("mount-share tag=1234567890123456789012345678901234567 name=c", "1 error errno=EINVAL step=tag *",
	    "a tag that is too long");
	ask("unmount-share name=c", "1 ok", "a share that is not there is unmounted");
	ask("unmount-share name=c device=0000:1f:1f.0", "1 ok", "and its device let go of");
	ask("unmount-share name=b device=0000:1f:1F.0", "1 error errno=EINVAL step=device path=0000:1f:1F.0 *",
	    "an address that is none");
	ask("unmount-share name=b device=0000:1f:1f.0/", "1 error errno=EINVAL step=device *", "nor this");
	ask("unmount-share name=b device=0000:1f", "1 error errno=EINVAL step=device *", "nor this one");
	ok(!exists("/shares/c") && exists("/shares/plain"), "and nothing is left or removed");
}

static const struct {
	const char *what, *fields, *want;
} refused[] = {
	{"no such share", "lower=c", "errno=ENOENT step=find%20layer path=c *"},
	{"a folder that is no share", "lower=plain", "errno=ENOENT step=find%20layer path=plain *"},
	{"an absolute path", "lower=/a", "errno=ENOENT step=find%20layer *"},
	{"an empty item", "lower=a,", "errno=ENOENT step=find%20layer *"},
	{"no such folder", "lower=a/none", "errno=ENOENT step=open path=/shares/a/none *"},
	{"a file", "lower=a/low/file", "errno=ENOTDIR step=open *"},
	{"a symbolic link", "lower=a/link", "errno=E* step=open *"},
	{"one on the way", "lower=a/link/folder", "errno=ELOOP step=open *"},
	{"one that leads out", "lower=a/out", "errno=E* step=open *"},
	{"a way out", "lower=a/../../etc", "errno=E* step=open *"},
	{"a way to a folder that is no share", "lower=a/../plain", "errno=E* step=open *"},
	{"a NUL", "lower=a%00b", "errno=EINVAL step=read%20layer *"},
	{"a lower alone", "lower=a/low", "errno=EINVAL step=overlay *"},
	{"an upper without work", "lower=a/low upper=b/upper", "errno=EINVAL step=overlay *"},
	{"upper and work in two shares", "lower=a/low upper=b/upper work=a/other", "errno=EINVAL *"},
	{"a name that is none", "lower=a/low upper=b/upper work=b/work limit=1 name=..", "errno=EBADMSG *"},
};

static void try_refusals(void)
{
	char request[256], want[256];

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		snprintf(request, sizeof(request), "union name=x %s", refused[i].fields);
		snprintf(want, sizeof(want), "1 error %s", refused[i].want);
		ask(request, want, refused[i].what);
	}
	ok(!exists("/unions/x") && !exists("/run/union.x"), "a union that is refused leaves nothing");
}

static void try_union(void)
{
	ask("union name=u lower=a/low,a/odd%2Cname:%20\\ upper=b/upper work=b/work", "1 ok", "a union");
	ok(file_is("/unions/u/file", "low") && file_is("/unions/u/odd", "odd"), "of its lowers");
	NEED(unlink("/unions/u/gone"));
	put_file("/unions/u/new", "new");
	ok(is_whiteout("/shares/b/upper/gone") && file_is("/shares/b/upper/new", "new"),
	   "what changes is in its upper");
	ask("union name=u lower=a/low,a/odd%2Cname:%20\\ upper=b/upper work=b/work", "1 ok", "the same again");
	ask("union name=u lower=a/low upper=b/upper work=b/work", "1 error errno=EEXIST step=union path=/unions/u *",
	    "another in its place");
	ask("union name=ro lower=a/other,a/low", "1 ok", "a union without an upper");
	ok(open("/unions/ro/file", O_WRONLY | O_CLOEXEC) < 0 && errno == EROFS, "is read-only");
	ask("list",
	    "1 ok 1.kind=share 1.name=a 1.tag=ta 1.ro=1 2.kind=share 2.name=b 2.tag=tb 2.ro=0 3.kind=union 3.name=u "
	    "3.lower=a/low,a/odd%2Cname:%20[\\\\] 3.upper=b/upper 3.work=b/work 4.kind=union 4.name=ro "
	    "4.lower=a/other,a/low",
	    "all of it is listed");
	ask("stats",
	    "1 ok uptime=[1-9]* time=[1-9]* memory=[1-9]* free=[1-9]* available=[1-9]* cached=[1-9]* slab=[1-9]* "
	    "load=* processes=* files=[1-9]* shares=2 unions=2",
	    "and counted");
	ask("sync name=u", "1 ok", "a union is flushed");
	ask("sync name=v", "1 error errno=ENOENT step=sync path=/unions/v *", "one that is not there is not");
}

static void try_export(void)
{
	ask("export-fuse name=v port=p", "1 error errno=ENOENT step=export *", "no union to export");
	ask("export-fuse name=u port=mica.none limit=50", "1 error errno=E* *", "no port to export it over");
	ask("export-fuse name=u port=mica.none files=0", "1 error errno=EINVAL *",
	    "file servers that can have no file open");
	ask("unexport name=u", "1 ok", "an export that is not there is ended");
}

static void try_unmounting(void)
{
	int held = open("/unions/u/file", O_RDONLY | O_CLOEXEC);

	NEED(held);
	ask("unmount-share name=b", "1 error errno=EBUSY step=unmount path=/shares/b note=union%20u%20uses%20it*",
	    "a share in use stays");
	ask("unmount name=u", "1 error errno=EBUSY step=umount path=/unions/u *", "a union in use stays");
	ok(file_is("/unions/u/file", "low") && exists("/run/union.u"), "as it is");
	close(held);
	ask("unmount name=u", "1 ok", "a union is unmounted");
	ask("unmount name=u", "1 ok", "and again");
	ask("unmount-share name=a", "1 error errno=EBUSY *", "the other union uses the first share");
	ask("unmount-share name=b", "1 ok", "a share that nothing uses is unmounted");
	ask("unmount name=ro", "1 ok", "the other union");
	ask("unmount-share name=a", "1 ok", "the other share");
	ask("list", "1 ok", "nothing is left");
	ok(!exists("/unions/u") && !exists("/shares/a") && !exists("/run/union.u") && !exists("/run/share.a"),
	   "no folder and no note either");
}

/* What the host says is lost is detached, whoever uses it, and stays as it is for those who do. */
static void try_lost(void)
{
	int held, below;

	mount_share("a", "tag=ta ro=1");
	mount_share("b", "tag=tb ro=0");
	NEED(mkdir("/shares/a/low", 0755));
	NEED(mkdir("/shares/b/upper", 0755));
	NEED(mkdir("/shares/b/work", 0755));
	put_file("/shares/a/low/file", "low");
	ask("union name=u lower=a/low upper=b/upper work=b/work", "1 ok", "a union whose shares will be lost");
	held = open("/unions/u/file", O_RDONLY | O_CLOEXEC);
	below = open("/shares/b", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	NEED(held);
	NEED(below);
	ask("unmount name=u lost=2", "1 error errno=EINVAL step=lost *", "a flag that is none");
	ask("unmount-share name=b lost=1", "1 error errno=EBUSY *", "a share that a union uses stays all the same");
	ask("unmount name=u lost=1", "1 ok", "a lost union in use is taken away");
	ask("unmount name=u lost=1", "1 ok", "and again");
	ask("unmount-share name=b lost=1", "1 ok", "and a share of it");
	ask("list", "1 ok 1.kind=share 1.name=a 1.tag=ta 1.ro=1", "the other stays");
	ok(!exists("/unions/u") && !exists("/shares/b") && !exists("/run/union.u") && !exists("/run/share.b"),
	   "nothing is in the way");
	char byte;
	ok(read(held, &byte, 1) == 1 && byte == 'l' && !faccessat(below, "upper", F_OK, 0),
	   "who had something open has it still");
	close(held);
	close(below);
	mount_share("b", "tag=tc ro=0");
	NEED(mkdir("/shares/b/upper", 0755));
	NEED(mkdir("/shares/b/work", 0755));
	ask("union name=u lower=a/low upper=b/upper work=b/work", "1 ok", "the names can be had again");
	ask("unmount name=u", "1 ok", "unmounted");
	ask("unmount-share name=b", "1 ok", "with its share");
	ask("unmount-share name=a", "1 ok", "and the other");
}

static void try_modules(void)
{
	ask("await-modules", "1 ok", "all modules are loaded");
	put_file("/run/modules.failed", "load module /m/x.ko: no");
	ask("await-modules", "1 error errno=ENODEV step=load%20modules path=/modules note=load%20module%20/m/x.ko*",
	    "one that failed is told");
	ask("mount-share name=b tag=tb", "1 error errno=ENODEV step=load%20modules *", "to whoever needs it");
	ask("union name=u lower=b", "1 error errno=ENODEV step=load%20modules *", "and mounts nothing");
}

/* What would change this machine is asked wrongly only. */
static void try_hello(void)
{
	ask("hello version=2 time=1", "1 error errno=EPROTONOSUPPORT * note=*version%201", "another version");
	ask("hello version=1", "1 error errno=EINVAL step=hello path=time *", "no time");
	ask("hello version=1 time=x", "1 error errno=EINVAL step=time *", "a time that is none");
	ask("hello version=1 time=1 seed=0", "1 error errno=EINVAL step=seed *", "half a byte of seed");
	ask("hello version=1 time=1 seed=0g", "1 error errno=EINVAL step=seed *", "a seed that is none");
	ask("idle seconds=x", "1 error errno=EINVAL step=seconds *", "a delay that is none");
}

/* The agent after the end of a call that was killed between its note and its mount. */
static void try_half_done(void)
{
	mount_share("a", "tag=ta ro=1");
	NEED(mkdir("/shares/a/1", 0755));
	NEED(mkdir("/shares/a/2", 0755));
	put_file("/run/union.u", "lower=gone");
	NEED(mkdir("/unions/u", 0755));
	ask("list", "1 ok 1.kind=share 1.name=a 1.tag=ta 1.ro=1", "a note without a mount is nothing");
	ask("union name=u lower=a/1,a/2", "1 ok", "and in nobody's way");
	ask("unmount name=u", "1 ok", "unmounted");
	ask("unmount-share name=a", "1 ok", "and its share");
}

int main(void)
{
	enter_sandbox();
	make_root();
	make_shares();
	host_start(&host);
	try_shares();
	try_refusals();
	try_union();
	try_export();
	try_unmounting();
	try_half_done();
	try_lost();
	try_modules();
	try_hello();
	ask("poweroff", "1 ok", "the end");
	ok(!host_wait(&host, NULL), "is clean");
	return done();
}
