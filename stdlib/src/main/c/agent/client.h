/*
 * client.h - a client of the loop: the host on its port, or a person at the console. A client sends lines, and gets
 * answers. No function here waits.
 */
#ifndef MICA_AGENT_CLIENT_H
#define MICA_AGENT_CLIENT_H

#include "line.h"

#define CLIENT_OUT_ROOM (1 << 20)

struct client {
	int fd;	       /* non-blocking; -1: there is none */
	bool there;    /* somebody is at the other end */
	bool unread;   /* fd may hold more */
	bool skipping; /* the rest of a line that is too long is skipped */
	bool cut;      /* out begins in the middle of a line */
	size_t in_len, out_len;
	char in[LINE_MAX_BYTES];
	char out[CLIENT_OUT_ROOM];
};

/* Takes a whole line, with a NUL in place of its newline at text[len]. The text may be changed, and is valid only
 * during the call. */
typedef void client_line(struct client *client, char *text, size_t len);

/* Handles the events that epoll has reported for fd, which is watched edge-triggered. */
void client_event(struct client *client, uint32_t events);
/* Whether fd may have something to read, and there is room for the answers. */
bool client_is_ready(const struct client *client);
/* Reads a few times at most, and calls take for each line. */
void client_read(struct client *client, client_line *take);
/* Sends whole lines. If nobody reads and there is no room, lines are dropped, and the console says so. */
void client_send(struct client *client, const struct answer *answer);
/* Sends the answer of the request id that says how it failed. */
void client_fail(struct client *client, const char *id, const struct mica_error *err);

#endif
