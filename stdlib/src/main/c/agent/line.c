#include "line.h"

#include <stdarg.h>
#include <stdio.h>

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool line_is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!is_alnum(text[i]) && (!text[i] || !strchr("._-", text[i])))
			return false;
	return len > 0 && len <= LINE_MAX_NAME && *text != '.';
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

/* A key consists of the characters below. A value is printable, and each '%' is followed by two hexadecimal digits. */
static const char *field_problem(const char *key, const char *value)
{
	for (const char *c = key; *c; c++)
		if (!is_alnum(*c) && !strchr(".-", *c))
			return "a key is letters, digits, '.' and '-'";
	for (; *value; value++)
		if (*value == '=')
			return "'=' in a value is written %3D";
		else if (*value == '%' && (hex_digit(value[1]) < 0 || hex_digit(value[2]) < 0))
			return "'%' is followed by two hexadecimal digits";
	return *key ? NULL : "a field is KEY=VALUE";
}

static errint_t add_field(struct request *request, char *word, struct mica_error *err)
{
	char *equals = strchr(word, '=');
	const char *problem = "a field is KEY=VALUE";

	if (equals) {
		*equals = '\0';
		problem = field_problem(word, equals + 1);
	}
	if (!problem && line_value(request, word))
		problem = "a key is given twice";
	if (!problem && request->count == LINE_MAX_FIELDS)
		problem = "too many fields";
	if (problem)
		return mica_fail_note(err, -EBADMSG, "parse", word, "%s", problem);
	request->fields[request->count++] = (struct field){word, equals + 1};
	return 0;
}

/* Returns the next word, which gets a NUL in place; NULL at the end of the line. */
static char *next_word(char **at)
{
	char *word = *at + strspn(*at, " ");
	size_t len = strcspn(word, " ");

	if (!len)
		return NULL;
	*at = word + len + (word[len] == ' ');
	word[len] = '\0';
	return word;
}

static bool is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < 0x20 || text[i] > 0x7e)
			return false;
	return true;
}

static errint_t add_fields(char *text, struct request *request, struct mica_error *err)
{
	char *word;
	errint_t code = 0;

	while (!code && (word = next_word(&text)))
		code = add_field(request, word, err);
	return code;
}

errint_t line_parse_fields(char *text, struct request *request, struct mica_error *err)
{
	*request = (struct request){.id = "-", .verb = ""};
	return add_fields(text, request, err);
}

errint_t line_parse(char *text, size_t len, struct request *request, struct mica_error *err)
{
	char *word;

	*request = (struct request){.id = "-", .verb = ""};
	if (len && text[len - 1] == '\r')
		text[--len] = '\0';
	if (!is_printable(text, len))
		return mica_fail_note(err, -EBADMSG, "parse", "", "a byte that must be percent-encoded");
	word = next_word(&text);
	if (!word)
		return -ENOMSG;
	if (!line_is_name(word, strlen(word)) || strlen(word) > LINE_MAX_ID)
		return mica_fail_note(err, -EBADMSG, "parse", word,
				      "a request begins with an id of at most %d letters "
				      "and digits",
				      LINE_MAX_ID);
	request->id = word;
	word = next_word(&text);
	if (!word)
		return mica_fail_note(err, -EBADMSG, "parse", request->id, "a verb is missing");
	request->verb = word;
	return add_fields(text, request, err);
}

const char *line_value(const struct request *request, const char *key)
{
	for (uint32_t i = 0; i < request->count; i++)
		if (!strcmp(request->fields[i].key, key))
			return request->fields[i].value;
	return NULL;
}

/* Returns the byte at value[*i]; *i is moved to the last character of it. */
static char decode_byte(const char *value, size_t len, size_t *i)
{
	if (value[*i] != '%' || *i + 2 >= len)
		return value[*i];
	*i += 2;
	return (char)(hex_digit(value[*i - 1]) << 4 | hex_digit(value[*i]));
}

size_t line_decode_bytes(const char *value, size_t len, char *out)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++)
		out[used++] = decode_byte(value, len, &i);
	return used;
}

errint_t line_decode(const char *value, size_t len, char *out, size_t room)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		char c = decode_byte(value, len, &i);
		if (!c)
			return -EINVAL;
		if (used + 1 >= room)
			return -ENAMETOOLONG;
		out[used++] = c;
	}
	out[used] = '\0';
	return 0;
}

errint_t line_number(const struct request *request, const char *key, uint64_t min, uint64_t max, uint64_t *out,
		     struct mica_error *err)
{
	const char *value = line_value(request, key);
	size_t digits = value ? strspn(value, "0123456789") : 0;
	uint64_t number = 0;
	bool good = digits && !value[digits];

	for (size_t i = 0; good && i < digits; i++)
		good = !__builtin_mul_overflow(number, 10u, &number) &&
		       !__builtin_add_overflow(number, (uint64_t)(value[i] - '0'), &number);
	if (!good || number < min || number > max)
		return mica_fail_note(err, -EINVAL, key, value ? value : "", "a number from %llu to %llu is needed",
				      (unsigned long long)min, (unsigned long long)max);
	*out = number;
	return 0;
}

errint_t line_flag(const struct request *request, const char *key, bool *out, struct mica_error *err)
{
	uint64_t value = *out;
	errint_t code = line_value(request, key) ? line_number(request, key, 0, 1, &value, err) : 0;

	*out = value;
	return code;
}

bool request_lost(const struct request *request)
{
	const char *value = line_value(request, "lost");

	return value && !strcmp(value, "1");
}

errint_t line_name(const struct request *request, const char *key, const char **out, struct mica_error *err)
{
	const char *value = line_value(request, key);

	if (!value || !line_is_name(value, strlen(value)))
		return mica_fail_note(err, -EINVAL, key, value ? value : "",
				      "a name is 1 to %d letters, digits, '.', '_', '-', and does not begin with '.'",
				      LINE_MAX_NAME);
	*out = value;
	return 0;
}

bool line_next_item(const char **at, const char **item, size_t *len)
{
	if (!*at)
		return false;
	*item = *at;
	*len = strcspn(*at, ",");
	*at = (*at)[*len] ? *at + *len + 1 : NULL;
	return true;
}

/* Two bytes are reserved for the end: the newline and the NUL. */
static void put_text(struct answer *answer, const char *text, size_t len)
{
	if (answer->overflow || len > sizeof(answer->text) - 2 - answer->len) {
		answer->overflow = true;
		return;
	}
	memcpy(answer->text + answer->len, text, len);
	answer->len += len;
}

void answer_begin(struct answer *answer, const char *id, const char *status)
{
	answer->len = 0;
	answer->overflow = false;
	put_text(answer, id, strlen(id));
	put_text(answer, " ", 1);
	put_text(answer, status, strlen(status));
}

static void put_key(struct answer *answer, const char *key)
{
	put_text(answer, " ", 1);
	put_text(answer, key, strlen(key));
	put_text(answer, "=", 1);
}

void answer_put_bytes(struct answer *answer, const char *key, const void *value, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	const unsigned char *bytes = value;

	put_key(answer, key);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = bytes[i];
		if (c > 0x20 && c <= 0x7e && c != '%' && c != '=')
			put_text(answer, (const char *)&c, 1);
		else
			put_text(answer, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
	}
}

void answer_put_encoded(struct answer *answer, const char *key, const char *value)
{
	put_key(answer, key);
	put_text(answer, value, strlen(value));
}

void answer_put(struct answer *answer, const char *key, const char *value)
{
	answer_put_bytes(answer, key, value, strlen(value));
}

void answer_put_f(struct answer *answer, const char *key, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	answer_put(answer, key, text);
}

void answer_put_number(struct answer *answer, const char *key, uint64_t value)
{
	answer_put_f(answer, key, "%llu", (unsigned long long)value);
}

void answer_text(struct answer *answer, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_text(answer, text, strlen(text));
}

void answer_fail(struct answer *answer, const char *id, const struct mica_error *err)
{
	const char *name = strerrorname_np(-err->code);

	answer_begin(answer, id, "error");
	answer_put(answer, "errno", name ? name : "EIO");
	answer_put(answer, "step", err->step);
	answer_put(answer, "path", err->path);
	answer_put(answer, "note", err->note[0] ? err->note : strerror(-err->code));
}

void answer_end(struct answer *answer, const char *id)
{
	struct mica_error err = {0};

	if (answer->overflow) {
		mica_fail_note(&err, -EMSGSIZE, "answer", "", "the answer does not fit a line: ask for less");
		answer_fail(answer, id, &err);
	}
	answer->text[answer->len++] = '\n';
	answer->text[answer->len] = '\0';
}
