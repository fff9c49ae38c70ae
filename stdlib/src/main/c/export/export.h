/*
 * export.h - serves a directory tree (a union) to mica-relay on the host, over a port: the FUSE
 * protocol in the frames of docs/export-protocol.md. Runs in a process of its own.
 */
#ifndef MICA_EXPORT_H
#define MICA_EXPORT_H

#include "base.h"
#include "budget.h"

struct export_spec {
	const char *root;	   /* the mounted union */
	const char *const *layers; /* its layers as mounted here: the upper (NULL: there is none), then the lowers */
	unsigned layer_count;
	int port;		      /* a virtio-serial port or a stream socket; stays the caller's */
	unsigned threads;	      /* requests in flight; 0: 8 */
	unsigned fd_limit;	      /* descriptors kept for nodes not in use; 0: 4,096 */
	unsigned node_limit;	      /* above this many the host is asked to forget; 0: 100,000 */
	struct export_budget *budget; /* NULL: the kernel may remember as many files as it likes */
	bool no_backing;	      /* never say where data lie: all of it goes through the port (a test) */
};

/*
 * Waits for a host, serves it until it goes, and returns 0; the caller may call again for the next
 * one. Raises the limit on descriptors of the process. A failure is one of the set-up, or the port's.
 */
errint_t export_serve(const struct export_spec *spec, struct mica_error *err);

#endif
