/*
 * client.h - a program that is attached. To a client the monitor behaves as the guest does: it greets with the client's
 * own token, allows input, and sends the frames of the guest as they come.
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
	struct client *reliable; /* the client for which the container waits, so that it loses nothing; NULL: none */
	bool started;
	uint32_t started_size;
	uint8_t started_text[STREAM_TEXT];
	bool over;     /* no frame comes any more */
	uint64_t last; /* the position of the last frame */
};

struct client {
	int fd;		     /* -1: it has disconnected, and some of its input was not sent to the guest yet */
	bool greeted;	     /* it gets the frames from then on */
	bool waits_for_room; /* a whole frame of it waits for room in to_guest */
	bool owes_start, owes_reliable;
	uint32_t owed,
		promised;      /* bytes of input: those that it must still be allowed, and those that it was allowed */
	uint32_t watched;      /* events */
	uint64_t at, boundary; /* positions in the ring: of what it was sent, and of the end of a frame of which it was
				  sent a part */
	size_t own_size, own_sent;
	uint8_t own[4 * STREAM_HEADER + STREAM_TOKEN + STREAM_TEXT + 4]; /* frames for it alone */
	struct input input;
	size_t in_size;
	uint8_t in[STREAM_FRAME];
};

/* Takes fd over, which must be non-blocking. NULL: no memory. */
struct client *client_new(int fd);
/* Reads once what it has sent. False: it has disconnected. */
bool client_read(struct client *client);
/* Handles the frames that it has sent. False: it breaks the protocol. */
bool client_take(struct client *client, struct attached *attached);
/* Whether anything is to be sent to it. */
bool client_is_behind(const struct client *client, const struct attached *attached);
/* Sends as much as it takes without waiting. False: it has disconnected. */
bool client_send(struct client *client, const struct attached *attached);

#endif
