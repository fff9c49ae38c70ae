/* export.c - serves one host: its session with libfuse, and the threads that handle its requests. */
#include "io.h"
#include "ops.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <sys/resource.h>

#define DEFAULT_THREADS 8
#define DEFAULT_FDS 4096
#define DEFAULT_NODES 100000

static void op_init(void *data, struct fuse_conn_info *conn)
{
	(void)data;
	conn->want = conn->capable & (FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_DONT_MASK |
				      FUSE_CAP_READDIRPLUS | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS |
				      FUSE_CAP_POSIX_ACL | FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_EXPLICIT_INVAL_DATA);
	conn->max_write = FRAME_MAX_WRITE;
}

/* Above the limit the host is asked to forget the oldest files. It does so if nobody there uses them. */
static void trim_nodes(struct export *ex)
{
	struct node_name old[64];

	if (nodes_count(ex->nodes) <= ex->spec->node_limit)
		return;
	size_t count = nodes_oldest(ex->nodes, old, sizeof(old) / sizeof(*old));

	for (size_t i = 0; i < count; i++) {
		fuse_lowlevel_notify_inval_entry(ex->session, old[i].parent, old[i].name, strlen(old[i].name));
		free(old[i].name);
	}
}

/* Whether the request removes set-id bits. libfuse 3.14 does not know of this, so it is read from the raw request. */
static bool kills_setid(const char *request, size_t size)
{
	const struct fuse_in_header *head = (const void *)request;
	const char *body = request + sizeof(*head);
	size_t len = size - sizeof(*head);

	switch (head->opcode) {
	case FUSE_SETATTR:
		return len >= sizeof(struct fuse_setattr_in) &&
		       ((const struct fuse_setattr_in *)body)->valid & FATTR_KILL_SUIDGID;
	case FUSE_OPEN:
		return len >= sizeof(struct fuse_open_in) &&
		       ((const struct fuse_open_in *)body)->open_flags & FUSE_OPEN_KILL_SUIDGID;
	case FUSE_WRITE:
		return len >= sizeof(struct fuse_write_in) &&
		       ((const struct fuse_write_in *)body)->write_flags & FUSE_WRITE_KILL_SUIDGID;
	case FUSE_FALLOCATE:
	case FUSE_COPY_FILE_RANGE:
		return head->uid != 0; /* these requests do not say it */
	default:
		return false;
	}
}

static bool changes_nothing(const struct fuse_in_header *head, size_t size)
{
	const struct fuse_open_in *in = (const void *)(head + 1);

	switch (head->opcode) {
	case FUSE_LOOKUP:
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_GETATTR:
	case FUSE_READLINK:
	case FUSE_READ:
	case FUSE_STATFS:
	case FUSE_GETXATTR:
	case FUSE_LISTXATTR:
	case FUSE_OPENDIR:
	case FUSE_READDIR:
	case FUSE_READDIRPLUS:
	case FUSE_RELEASEDIR:
		return true;
	case FUSE_OPEN:
		return size >= sizeof(*head) + sizeof(*in) && !(in->flags & (O_ACCMODE | O_TRUNC));
	default:
		return false;
	}
}

/*
 * If a file server had no descriptor for a request, the request is done once more after files were forgotten. It is
 * rare that something was made before the failure: then the caller is told that it exists.
 */
static void process(struct export *ex, char *request, size_t size)
{
	io_withhold(true);
	fuse_session_process_buf(ex->session, &(struct fuse_buf){.size = size, .mem = request});
	tail_clear();
	if (!io_withheld())
		return;
	nodes_let_go(ex->nodes);
	io_withhold(false);
	fuse_session_process_buf(ex->session, &(struct fuse_buf){.size = size, .mem = request});
	tail_clear();
}

static void *serve(void *data)
{
	struct export *ex = data;
	char *request = malloc(FRAME_MAX);
	ssize_t size;

	caller_thread_init();
	while (request && (size = io_next(ex->io, request)) > 0) {
		bool changes = !changes_nothing((const struct fuse_in_header *)request, (size_t)size);

		ex->changes += changes;
		request_kills_setid = kills_setid(request, (size_t)size);
		process(ex, request, (size_t)size);
		ex->done += changes;
		trim_nodes(ex);
	}
	free(request);
	return NULL;
}

static errint_t run_threads(struct export *ex, struct mica_error *err)
{
	unsigned started = 0, wanted = ex->spec->threads;
	pthread_t threads[wanted];

	while (started < wanted && !pthread_create(&threads[started], NULL, serve, ex))
		started++;
	for (unsigned i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	return started ? 0 : mica_fail(err, -EAGAIN, "start a thread", ex->spec->root);
}

static errint_t session_open(struct export *ex, struct mica_error *err)
{
	char *argv[] = {"export", NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	struct fuse_lowlevel_ops ops = {.init = op_init};
	const struct fuse_custom_io custom = {.writev = io_writev, .read = io_read};

	ops_names(&ops);
	ops_attributes(&ops);
	ops_directories(&ops);
	ops_files(&ops);
	ex->session = fuse_session_new(&args, &ops, sizeof(ops), ex);
	if (!ex->session || fuse_session_custom_io(ex->session, &custom, ex->spec->port))
		return mica_fail(err, -ENOMEM, "start libfuse", ex->spec->root);
	return 0;
}

static void raise_fd_limit(void)
{
	struct rlimit limit = {1 << 20, 1 << 20};

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 && !getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int open_directory(const char *path, struct mica_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? mica_fail(err, -errno, "open", path) : fd;
}

static errint_t serve_layers(struct export *ex, int root, struct mica_error *err)
{
	errint_t code;

	ex->nodes = nodes_new(root, ex->layers, ex->spec->layer_count, ex->spec->fd_limit, ex->spec->budget);
	if (!ex->nodes)
		return mica_fail(err, -errno, "look at", ex->spec->root);
	code = session_open(ex, err);
	if (!code && !(code = io_greet(ex->io, err)))
		code = run_threads(ex, err);
	if (ex->session)
		fuse_session_destroy(ex->session);
	nodes_free(ex->nodes);
	return code;
}

errint_t export_serve(const struct export_spec *given, struct mica_error *err)
{
	struct export_spec spec = *given;
	int layers[spec.layer_count + 1];
	_Atomic uint64_t devs[spec.layer_count + 1];
	struct export ex = {.spec = &spec, .layers = layers, .layer_devs = devs};
	cleanup_fd int root = -1;
	errint_t code = 0;

	mica_error_clear(err);
	for (unsigned i = 0; i <= spec.layer_count; i++)
		devs[i] = 0;
	spec.threads = spec.threads ? spec.threads : DEFAULT_THREADS;
	spec.fd_limit = spec.fd_limit ? spec.fd_limit : DEFAULT_FDS;
	spec.node_limit = spec.node_limit ? spec.node_limit : DEFAULT_NODES;
	raise_fd_limit();
	unsigned opened = 0;
	for (; !code && opened < spec.layer_count; opened++) {
		layers[opened] = spec.layers[opened] ? open_directory(spec.layers[opened], err) : -1;
		if (spec.layers[opened] && layers[opened] < 0)
			code = layers[opened--];
	}
	if (!code && (root = open_directory(spec.root, err)) < 0)
		code = root;
	if (!code && !(ex.io = io_new(spec.port)))
		code = mica_fail(err, -ENOMEM, "start", spec.root);
	if (!code)
		code = serve_layers(&ex, root, err);
	io_free(ex.io);
	while (opened)
		close(layers[--opened]);
	return code;
}
