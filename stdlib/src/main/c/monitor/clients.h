/* clients.h - all clients that are attached: accepts them, cuts them off, and chooses whose input the guest gets. */
#ifndef MICA_MONITOR_CLIENTS_H
#define MICA_MONITOR_CLIENTS_H

#include "monitor/client.h"

#define CLIENTS 64u
/* The bytes of the ring that are reserved for the last frame, so that it never has to wait. */
#define CLIENTS_KEPT 256u

struct clients {
	struct attached attached;
	struct client *all[CLIENTS];
	unsigned giving; /* the index of the client whose input the guest gets */
};

/* Whether another client can be added. */
bool clients_has_slot(const struct clients *clients);
/* Adds the client at the non-blocking socket fd. The socket belongs to clients from now on, even if the client is
 * refused. */
void clients_add(struct clients *clients, int fd);
/* Reads from the client of that index. If it has disconnected, it is removed. */
void clients_read(struct clients *clients, unsigned which);

/* Whether a frame of that length can be put without cutting off the reliable client. */
bool clients_have_room(const struct clients *clients, size_t length);
/* Puts a frame into the ring for all clients. A client that is too far behind is cut off. */
void clients_put(struct clients *clients, const struct stream_frame *frame);
/* Puts the frame that says that the process was started. Clients that come later get it, too. */
void clients_start(struct clients *clients, const struct stream_frame *frame);
/* Puts the last frame, or none if frame is NULL. After this no frame may be put. */
void clients_finish(struct clients *clients, const struct stream_frame *frame);

/* Handles the frames of the clients, passes input on to the guest, and sends frames to the clients, as far as that is
 * possible without waiting. */
void clients_pump(struct clients *clients);
/* Whether clients_pump could pass more on, now that there is room on the way to the guest. */
bool clients_wait_for_room(const struct clients *clients);
/* The events for which epoll must watch the client of that index. */
uint32_t clients_events(const struct clients *clients, unsigned which);
/* Whether no client is left. If impatient is set, all clients but the reliable one are cut off first. */
bool clients_are_gone(struct clients *clients, bool impatient);
/* Cuts off all clients, and frees them. */
void clients_close(struct clients *clients);

#endif
