/*
 * client.h - one who speaks the protocol to the loop: the host on its port, or whoever types on the console. Lines in,
 * answers out, and no call that could wait.
 */
#ifndef MICA_AGENT_CLIENT_H
#define MICA_AGENT_CLIENT_H

#include "line.h"

#define CLIENT_OUT_ROOM (1 << 20)

struct client {
	int fd;	       /* non-blocking; -1: there is none */
	bool there;    /* somebody is at the other end */
	bool unread;   /* fd may hold more */
	bool skipping; /* an over-long line, up to its end */
	bool cut;      /* out begins within a line */
	size_t in_len, out_len;
	char in[LINE_MAX_BYTES];
	char out[CLIENT_OUT_ROOM];
};

/* A whole line, without its newline; text[len] may be written. */
typedef void client_line(struct client *client, char *text, size_t len);

/* What epoll said of fd, which is watched edge by edge. */
void client_event(struct client *client, uint32_t events);
/* Whether there is something to read, and room for the answers. */
bool client_is_ready(const struct client *client);
/* Hands over the lines that are there, a few reads at a time. */
void client_read(struct client *client, client_line *take);
/* Sends whole lines; what does not fit while nobody reads is dropped with a line on the console. */
void client_send(struct client *client, const struct answer *answer);
void client_fail(struct client *client, const char *id, const struct mica_error *err);

#endif
