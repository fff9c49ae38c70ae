/* clients.h - all who are attached: who comes, who is cut off, whose input goes to the guest. */
#ifndef MICA_MONITOR_CLIENTS_H
#define MICA_MONITOR_CLIENTS_H

#include "monitor/client.h"

#define CLIENTS 64u
/* Left in the ring for the last frame, which nobody holds up. */
#define CLIENTS_KEPT 256u

struct clients {
	struct attached attached;
	struct client *all[CLIENTS];
	unsigned giving; /* whose input the guest gets */
};

/* Whether one more may come: if not, some have to go first. */
bool clients_has_slot(const struct clients *clients);
/* Takes the socket. */
void clients_add(struct clients *clients, int fd);
/* Something may be read from it. */
void clients_read(struct clients *clients, unsigned which);

/* Whether a frame of that length may be put without anything being lost for the one who must not lose anything. */
bool clients_have_room(const struct clients *clients, size_t length);
/* Hands a frame to all; who is too far behind is cut off. */
void clients_put(struct clients *clients, const struct stream_frame *frame);
/* The process was started, of which those who come later are told too. */
void clients_start(struct clients *clients, const struct stream_frame *frame);
/* No frame comes after this one; NULL: none comes after the last. */
void clients_finish(struct clients *clients, const struct stream_frame *frame);

/* Does what can be done: what they say, whose input is the guest's next, what they are sent. */
void clients_pump(struct clients *clients);
/* Whether pumping again would do more, now that there is room on the way to the guest. */
bool clients_wait_for_room(const struct clients *clients);
/* The events that one is waited for. */
uint32_t clients_events(const struct clients *clients, unsigned which);
/* When all is over: whether nobody is there any more; with impatience, nobody but the reliable one is kept. */
bool clients_are_gone(struct clients *clients, bool impatient);
void clients_close(struct clients *clients);

#endif
