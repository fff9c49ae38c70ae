/*
 * export.h - serves a directory tree (a union) to mica-relay on the host, over a port: the FUSE
 * protocol in the frames of docs/export-protocol.md. It runs in a process of its own.
 */
#ifndef MICA_EXPORT_H
#define MICA_EXPORT_H

#include "base.h"
#include "budget.h"

struct export_spec {
	const char *root;	   /* the mounted union */
	const char *const *layers; /* its layers as mounted here: the upper (NULL: there is none), then the lowers */
	unsigned layer_count;
	int port;		      /* a virtio-serial port or a stream socket; borrowed */
	unsigned threads;	      /* how many requests are handled at the same time; 0: 8 */
	unsigned fd_limit;	      /* descriptors kept for nodes not in use; 0: 4,096 */
	unsigned node_limit;	      /* above this many the host is asked to forget; 0: 100,000 */
	struct export_budget *budget; /* NULL: the kernel may remember as many files as it likes */
	bool no_backing; /* for tests: the host is never told where data lie, so all data go through the port */
};

/*
 * Waits for a host, serves it until it disconnects, and returns 0; the caller may call again for the next host. Raises
 * the limit of open files of the process. It fails only if it cannot start, or if the greeting fails.
 */
errint_t export_serve(const struct export_spec *spec, struct mica_error *err);

#endif
