#include "monitor/clients.h"

#include <sys/epoll.h>

/* Closes the socket and drops what was to be sent to it. What it has typed stays, if the guest can still get it. */
static void lose(struct clients *clients, unsigned which)
{
	struct client *client = clients->all[which];

	if (client->fd >= 0)
		close(steal_fd(&client->fd));
	if (clients->attached.reliable == client)
		clients->attached.reliable = NULL;
	if (!clients->attached.over && input_waits(&client->input))
		return;
	free(client);
	clients->all[which] = NULL;
}

/* Drops everything that the client has sent. */
static void cut_off(struct clients *clients, unsigned which)
{
	clients->all[which]->input.given = clients->all[which]->input.taken;
	clients->all[which]->input.end_count = 0;
	lose(clients, which);
}

bool clients_has_slot(const struct clients *clients)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!clients->all[i] || clients->all[i]->fd < 0)
			return true;
	return false;
}

/* Input of clients that have gone is kept as long as nobody needs their slot. */
void clients_add(struct clients *clients, int fd)
{
	unsigned slot = CLIENTS;

	for (unsigned i = 0; i < CLIENTS; i++)
		if (!clients->all[i])
			slot = i;
	for (unsigned i = 0; i < CLIENTS && slot == CLIENTS; i++)
		if (clients->all[i]->fd < 0) {
			cut_off(clients, i);
			slot = i;
		}
	if (slot == CLIENTS || !(clients->all[slot] = client_new(fd)))
		close(fd);
}

void clients_read(struct clients *clients, unsigned which)
{
	struct client *client = clients->all[which];

	if (client && client->fd >= 0 && !client_read(client)) {
		/* What it sent before it went counts. */
		if (!client_take(client, &clients->attached))
			cut_off(clients, which);
		else
			lose(clients, which);
	}
}

static bool is_behind_too_far(const struct clients *clients, const struct client *client, size_t length)
{
	return client && client->fd >= 0 && client->greeted && clients->attached.ring.head + length - client->at > RING;
}

bool clients_have_room(const struct clients *clients, size_t length)
{
	return !is_behind_too_far(clients, clients->attached.reliable, length + CLIENTS_KEPT);
}

void clients_put(struct clients *clients, const struct stream_frame *frame)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (is_behind_too_far(clients, clients->all[i], STREAM_HEADER + frame->size))
			cut_off(clients, i);
	ring_put_frame(&clients->attached.ring, frame);
}

void clients_start(struct clients *clients, const struct stream_frame *frame)
{
	clients_put(clients, frame);
	clients->attached.started = true;
	clients->attached.started_size = frame->size;
	memcpy(clients->attached.started_text, frame->payload, frame->size);
}

void clients_finish(struct clients *clients, const struct stream_frame *frame)
{
	clients->attached.last = clients->attached.ring.head;
	if (frame)
		clients_put(clients, frame);
	clients->attached.over = true;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients->all[i] && clients->all[i]->fd < 0)
			cut_off(clients, i);
}

/*
 * A client's input is passed on until there is no more of it; then it is the turn of the next client. So the input of
 * two clients is mixed in the same way as that of two processes that write to one pipe.
 */
static void give_input(struct clients *clients)
{
	for (unsigned tried = 0; tried < CLIENTS; tried++) {
		struct client *client = clients->all[clients->giving];

		if (client) {
			client->owed += (uint32_t)input_give(&client->input, &clients->attached.to);
			if (input_waits(&client->input))
				return;
			if (client->fd < 0)
				lose(clients, clients->giving);
		}
		clients->giving = (clients->giving + 1) % CLIENTS;
	}
}

static void pump_one(struct clients *clients, unsigned which)
{
	struct client *client = clients->all[which];
	const struct attached *attached = &clients->attached;

	if (!client || client->fd < 0)
		return;
	if (!client_send(client, attached) ||
	    (attached->over && client->greeted && !client_is_behind(client, attached)))
		lose(clients, which);
}

void clients_pump(struct clients *clients)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients->all[i] && clients->all[i]->fd >= 0 && !client_take(clients->all[i], &clients->attached))
			cut_off(clients, i);
	if (!clients->attached.over)
		give_input(clients);
	for (unsigned i = 0; i < CLIENTS; i++)
		pump_one(clients, i);
}

bool clients_wait_for_room(const struct clients *clients)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct client *client = clients->all[i];

		if (client && (client->waits_for_room ||
			       (input_waits(&client->input) && to_guest_input_room(&clients->attached.to))))
			return true;
	}
	return false;
}

uint32_t clients_events(const struct clients *clients, unsigned which)
{
	const struct client *client = clients->all[which];

	return (client->in_size < sizeof(client->in) ? EPOLLIN : 0u) |
	       (client_is_behind(client, &clients->attached) ? EPOLLOUT : 0u);
}

bool clients_are_gone(struct clients *clients, bool impatient)
{
	bool gone = true;

	for (unsigned i = 0; i < CLIENTS; i++) {
		if (clients->all[i] && impatient && clients->all[i] != clients->attached.reliable)
			cut_off(clients, i);
		gone = gone && !clients->all[i];
	}
	return gone;
}

void clients_close(struct clients *clients)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients->all[i])
			cut_off(clients, i);
}
