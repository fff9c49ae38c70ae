/*
 * verb.c - finds the verb of a request, and checks the keys of the request.
 */
#include "agent.h"

#include <stdio.h>

/* Whether keys contains key, or "key!". */
static bool takes(const char *keys, const char *key)
{
	size_t len = strlen(key);

	for (; *keys; keys += strcspn(keys, " "), keys += strspn(keys, " "))
		if (!strncmp(keys, key, len) && strchr("! ", keys[len]))
			return true;
	return !strcmp(key, "limit");
}

static errint_t check_needed(const struct verb *verb, const struct request *request, struct mica_error *err)
{
	char key[32];

	for (const char *at = verb->keys; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		snprintf(key, sizeof(key), "%.*s", (int)strcspn(at, " !"), at);
		if (at[strlen(key)] == '!' && !line_value(request, key))
			return mica_fail_note(err, -EINVAL, verb->name, key, "%s= is missing", key);
	}
	return 0;
}

static errint_t check_fields(const struct verb *verb, const struct request *request, struct mica_error *err)
{
	uint64_t limit;

	for (uint32_t i = 0; i < request->count; i++)
		if (!takes(verb->keys, request->fields[i].key))
			return mica_fail_note(err, -EINVAL, verb->name, request->fields[i].key,
					      "%s does not take %s=", verb->name, request->fields[i].key);
	if (line_value(request, "limit") && line_number(request, "limit", 1, 3600000, &limit, err))
		return err->code;
	return check_needed(verb, request, err);
}

const struct verb *verb_find(const struct request *request, struct mica_error *err)
{
	for (const struct verb *verb = agent_verbs; verb->name; verb++)
		if (!strcmp(verb->name, request->verb))
			return check_fields(verb, request, err) ? NULL : verb;
	mica_fail_note(err, -ENOSYS, "find verb", request->verb, "this agent has no such verb");
	return NULL;
}

/* Puts a line such as "mount-share tag= name= [ro=] [probe=]". */
static void put_usage(struct answer *answer, const struct verb *verb)
{
	answer_text(answer, "%s", verb->name);
	for (const char *at = verb->keys; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		int len = (int)strcspn(at, " !");
		answer_text(answer, at[len] == '!' ? " %.*s=" : " [%.*s=]", len, at);
	}
}

void verb_help(struct answer *answer)
{
	answer->len = 0;
	answer->overflow = false;
	answer_text(answer, "ID VERB KEY=VALUE ...: ID is any word, and begins the answer\n");
	for (const struct verb *verb = agent_verbs; verb->name; verb++) {
		put_usage(answer, verb);
		answer_text(answer, ": %s\n", verb->about);
	}
	answer_text(answer, "help: this list\n");
}
