/* guest.h - what the guest says. It is not trusted: what breaks the protocol ends the session. */
#ifndef MICA_MONITOR_GUEST_H
#define MICA_MONITOR_GUEST_H

#include "monitor/clients.h"
#include "monitor/ended.h"
#include "monitor/log.h"

struct guest {
	uint8_t token[STREAM_TOKEN];
	bool greeted, gone; /* gone: what is in bytes is the last of it */
	size_t size;
	uint8_t bytes[2 * STREAM_FRAME];
};

enum guest_state {
	GUEST_WAITED_FOR, /* all that came whole is done */
	GUEST_HELD,	  /* the reliable client has to read first */
	GUEST_ENDED,	  /* *ended says how */
	GUEST_LOST,	  /* it is gone, or was no guest of ours */
};

/* Reads what has come, once, as far as there is room. */
void guest_read(struct guest *guest, int fd);
bool guest_has_room(const struct guest *guest);
/* Does what it has said. The frame that ends it is left to the caller in *last, until the next call. */
enum guest_state guest_take(struct guest *guest, struct log *log, struct clients *clients, struct ended *ended,
			    struct stream_frame *last);

#endif
