/* guest.h - reads the frames of the guest. The guest is not trusted: if it breaks the protocol, the session ends. */
#ifndef MICA_MONITOR_GUEST_H
#define MICA_MONITOR_GUEST_H

#include "monitor/clients.h"
#include "monitor/ended.h"
#include "monitor/log.h"

struct guest {
	uint8_t token[STREAM_TOKEN];
	bool greeted, gone; /* gone: it has disconnected, and no more bytes come */
	size_t size;
	uint8_t bytes[2 * STREAM_FRAME];
};

enum guest_state {
	GUEST_WAITED_FOR, /* all whole frames are handled */
	GUEST_HELD,	  /* a frame has to wait until the reliable client has read more */
	GUEST_ENDED,	  /* the container has ended; *ended says how */
	GUEST_LOST,	  /* the guest has disconnected, or has broken the protocol */
};

/* Reads once from fd, which is borrowed, as much as there is room for. */
void guest_read(struct guest *guest, int fd);
/* Whether there is room for more bytes, and the guest has not disconnected. */
bool guest_has_room(const struct guest *guest);
/* Handles the frames that were read. If it returns GUEST_ENDED, *last is the frame that says so, which is valid until
 * the next call. */
enum guest_state guest_take(struct guest *guest, struct log *log, struct clients *clients, struct ended *ended,
			    struct stream_frame *last);

#endif
