/*
 * client.c - buffers between a descriptor and the lines on it.
 *
 * The host's port is watched edge-triggered, because its hang-up cannot be masked and lasts as long as nobody is there.
 */
#include "agent.h"

#include "client.h"

#include <sys/epoll.h>

#define OUT_ENOUGH (CLIENT_OUT_ROOM / 2)
#define READS_A_TURN 16

static struct answer failure;

static void flush(struct client *client)
{
	size_t done = 0;
	ssize_t put = 0;

	while (done < client->out_len && (put = write(client->fd, client->out + done, client->out_len - done)) > 0)
		done += (size_t)put;
	if (done)
		client->cut = client->out[done - 1] != '\n';
	memmove(client->out, client->out + done, client->out_len - done);
	client->out_len -= done;
}

/* Answers are kept even while nobody seems to be there: the first request of a new host can be read before the kernel
 * reports that the host has opened the port. */
void client_send(struct client *client, const struct answer *answer)
{
	if (answer->len > sizeof(client->out) - client->out_len) {
		say("nobody reads the answers: %s lost", client->there ? "one is" : "some are");
		if (client->there)
			return;
		client->out_len = 0;
	}
	memcpy(client->out + client->out_len, answer->text, answer->len);
	client->out_len += answer->len;
	flush(client);
}

void client_fail(struct client *client, const char *id, const struct mica_error *err)
{
	answer_fail(&failure, id, err);
	answer_end(&failure, id);
	client_send(client, &failure);
}

static void refuse_long_line(struct client *client)
{
	struct mica_error err = {0};

	mica_fail_note(&err, -EMSGSIZE, "parse", "", "a line has at most %d bytes: this one was skipped",
		       LINE_MAX_BYTES);
	client_fail(client, "-", &err);
}

static void take_lines(struct client *client, client_line *take)
{
	char *at = client->in, *const end = client->in + client->in_len, *newline;

	for (; (newline = memchr(at, '\n', (size_t)(end - at))); at = newline + 1) {
		if (!client->skipping) {
			*newline = '\0';
			take(client, at, (size_t)(newline - at));
		}
		client->skipping = false;
	}
	client->in_len = client->skipping ? 0 : (size_t)(end - at);
	memmove(client->in, at, client->in_len);
	if (client->in_len == sizeof(client->in)) {
		refuse_long_line(client);
		client->skipping = true;
		client->in_len = 0;
	}
}

bool client_is_ready(const struct client *client)
{
	return client->unread && client->out_len < OUT_ENOUGH;
}

/* Reads only a few times, because the children would wait otherwise, and not while many answers are unsent. */
void client_read(struct client *client, client_line *take)
{
	for (int i = 0; i < READS_A_TURN && client_is_ready(client); i++) {
		ssize_t len = read(client->fd, client->in + client->in_len, sizeof(client->in) - client->in_len);
		if (len <= 0) {
			client->unread = false;
			return;
		}
		client->in_len += (size_t)len;
		take_lines(client, take);
	}
}

/*
 * A half line that was read or written belongs to the old client, and is dropped. Whole answers stay: the kernel may
 * report the hang-up late, when the first request of the next client has been read already. If its answer were dropped,
 * that client would wait for ever. It skips answers to the old client by their ids.
 */
static void hang_up(struct client *client)
{
	char *newline = client->cut ? memchr(client->out, '\n', client->out_len) : NULL;

	if (newline) {
		client->out_len -= (size_t)(newline + 1 - client->out);
		memmove(client->out, newline + 1, client->out_len);
	}
	client->in_len = 0;
	client->cut = client->skipping = false;
}

/* Only the first event with EPOLLHUP is a hang-up: the next ones may come with the first bytes of a new client. */
void client_event(struct client *client, uint32_t events)
{
	bool there = !(events & EPOLLHUP);

	if (client->there && !there)
		hang_up(client);
	client->there = there;
	client->unread = true;
	flush(client);
}
