/*
 * client.h - one who is attached. To a client the monitor is the guest: it greets with the client's own token, allows
 * input, and sends the frames of the guest as they come.
 */
#ifndef MICA_MONITOR_CLIENT_H
#define MICA_MONITOR_CLIENT_H

#include "monitor/input.h"
#include "monitor/ring.h"

/* What all clients share. */
struct attached {
	struct ring ring;
	struct to_guest to;
	bool takes_input;	 /* the container has an input */
	struct client *reliable; /* for whom the container is held up rather than anything lost; NULL: nobody */
	bool started;
	uint32_t started_size;
	uint8_t started_text[STREAM_TEXT];
	bool over;     /* nothing more comes: */
	uint64_t last; /* the position of the last frame */
};

struct client {
	int fd;		     /* -1: it has gone, and some of its input is not with the guest yet */
	bool greeted;	     /* then it hears what comes from here on */
	bool waits_for_room; /* a whole frame of it does, in to_guest */
	bool owes_start, owes_reliable;
	uint32_t owed, promised; /* bytes of input that it is still to be told, and that it was told, it may send */
	uint32_t watched;	 /* events */
	uint64_t at, boundary;	 /* what it was sent, and where the frame ends of which it was sent a part */
	size_t own_size, own_sent;
	uint8_t own[4 * STREAM_HEADER + STREAM_TOKEN + STREAM_TEXT + 4]; /* frames for it alone */
	struct input input;
	size_t in_size;
	uint8_t in[STREAM_FRAME];
};

struct client *client_new(int fd);
/* Takes what it has sent, once. False: it has gone. */
bool client_read(struct client *client);
/* Does what it has said. False: it breaks the protocol. */
bool client_take(struct client *client, struct attached *attached);
/* Whether anything is to be sent to it. */
bool client_is_behind(const struct client *client, const struct attached *attached);
/* Sends what it takes. False: it has gone. */
bool client_send(struct client *client, const struct attached *attached);

#endif
