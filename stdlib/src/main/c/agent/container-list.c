/* container-list.c - lists containers and the processes in them. */
#include "container.h"

#include <stdio.h>

static void put(struct answer *answer, uint32_t number, const char *key, const char *value)
{
	char name[48];

	snprintf(name, sizeof(name), "%u.%s", number, key);
	answer_put(answer, name, value);
}

static void put_number(struct answer *answer, uint32_t number, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(answer, number, key, text);
}

static const char *state_of(const char *name, const struct container_facts *facts)
{
	cleanup_fd int cgroup = facts->running ? cgroup_open(name) : -1;

	return !facts->running ? "exited" : cgroup >= 0 && cgroup_is_frozen(cgroup) ? "paused" : "running";
}

static void put_container(const char *name, struct answer *answer, uint32_t number)
{
	struct container_facts facts;

	container_facts(name, &facts, NULL);
	put(answer, number, "kind", "container");
	put(answer, number, "name", name);
	put(answer, number, "state", state_of(name, &facts));
	put_number(answer, number, "pid", (uint64_t)facts.pid);
	if (facts.running)
		return;
	put_number(answer, number, "status", facts.status);
	put_number(answer, number, "signal", facts.signal);
	put_number(answer, number, "oom", facts.oom);
}

/* A process without a note has ended, and its streams are about to end. */
static void put_process(const struct request *call, struct answer *answer, uint32_t *number)
{
	const char *name = line_value(call, "name"), *id = line_value(call, "id");
	char key[2 * LINE_MAX_NAME + 2], text[160];
	struct request note;

	snprintf(key, sizeof(key), "%s,%s", name, id);
	if (!note_read("process", key, text, sizeof(text)) || note_parse(text, &note))
		return;
	put(answer, ++*number, "kind", "process");
	put(answer, *number, "name", name);
	put(answer, *number, "id", id);
	for (uint32_t i = 0; i < note.count; i++)
		put(answer, *number, note.fields[i].key, note.fields[i].value);
}

void containers_list(struct answer *answer, uint32_t *number)
{
	const struct request *call = NULL;
	const char *name;
	DIR *dir = NULL;

	while ((name = container_next(&dir)))
		put_container(name, answer, ++*number);
	while ((call = calls_next_serving("exec", call)))
		put_process(call, answer, number);
}
