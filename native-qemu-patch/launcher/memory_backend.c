/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "memory_backend.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libvirt writes at most a dozen; a host-nodes list is one member. */
#define MAX_MEMBERS 48
#define MAX_VALUE 16384

struct span {
	const char *start;
	size_t length;
};

struct member {
	struct span key;
	struct span value; /* JSON: with its quotes */
};

struct object {
	struct member members[MAX_MEMBERS];
	size_t count;
};

static bool span_is(struct span span, const char *text)
{
	return span.length == strlen(text) && memcmp(span.start, text, span.length) == 0;
}

/* A JSON string without its quotes. Escapes stay: no name that matters here has any. */
static struct span unquoted(struct span span)
{
	if (span.length >= 2 && span.start[0] == '"')
		return (struct span){ span.start + 1, span.length - 2 };
	return span;
}

static const struct member *find(const struct object *object, const char *key)
{
	for (size_t i = 0; i < object->count; i++)
		if (span_is(object->members[i].key, key))
			return &object->members[i];
	return NULL;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Past the string that starts at p, or NULL. */
static const char *skip_string(const char *p)
{
	if (*p != '"')
		return NULL;
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && !*++p)
			return NULL;
	return *p ? p + 1 : NULL;
}

/* Past the value that starts at p, or NULL. Nested values are skipped by counting brackets. */
static const char *skip_value(const char *p)
{
	unsigned int depth = 0;

	if (*p == '"')
		return skip_string(p);
	while (*p) {
		if (*p == '"') {
			p = skip_string(p);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '[' || *p == '{') {
			depth++;
		} else if (*p == ']' || *p == '}') {
			if (depth == 0)
				return p;
			depth--;
		} else if (*p == ',' && depth == 0) {
			return p;
		}
		p++;
	}
	return NULL;
}

static bool parse_json(const char *text, struct object *object)
{
	const char *p = skip_space(text);

	object->count = 0;
	if (*p++ != '{')
		return false;
	p = skip_space(p);
	if (*p == '}')
		return *skip_space(p + 1) == '\0';
	for (;;) {
		struct member *member;
		const char *end;

		if (object->count == MAX_MEMBERS)
			return false;
		member = &object->members[object->count];
		end = skip_string(p);
		if (!end)
			return false;
		member->key = unquoted((struct span){ p, (size_t)(end - p) });
		p = skip_space(end);
		if (*p++ != ':')
			return false;
		p = skip_space(p);
		end = skip_value(p);
		if (!end || end == p)
			return false;
		member->value = (struct span){ p, (size_t)(end - p) };
		while (member->value.length > 1 && strchr(" \t\r\n", p[member->value.length - 1]))
			member->value.length--;
		/* The same key twice would let our reading and QEMU's differ. */
		if (find(object, "qom-type") && span_is(member->key, "qom-type"))
			return false;
		object->count++;
		p = skip_space(end);
		if (*p == '}')
			return *skip_space(p + 1) == '\0';
		if (*p++ != ',')
			return false;
		p = skip_space(p);
	}
}

/* QEMU's own option form: type,key=value,... where ",," stands for a comma in a value. */
static bool parse_options(const char *text, struct object *object)
{
	const char *p = text;
	bool first = true;

	object->count = 0;
	while (*p) {
		const char *start = p, *equals = NULL, *end;
		struct member *member;

		while (*p && !(p[0] == ',' && p[1] != ',')) {
			if (p[0] == ',')
				p++;
			else if (*p == '=' && !equals)
				equals = p;
			p++;
		}
		end = p;
		if (*p)
			p++;
		if (object->count == MAX_MEMBERS)
			return false;
		member = &object->members[object->count++];
		if (equals) {
			member->key = (struct span){ start, (size_t)(equals - start) };
			member->value = (struct span){ equals + 1, (size_t)(end - equals - 1) };
		} else if (first) {
			member->key = (struct span){ "qom-type", 8 };
			member->value = (struct span){ start, (size_t)(end - start) };
		} else {
			return false;
		}
		first = false;
	}
	return object->count > 0;
}

/* What the replacement says itself. */
static bool is_replaced(struct span key)
{
	return span_is(key, "qom-type") || span_is(key, "share") || span_is(key, "x-use-canonical-path-for-ramblock-id");
}

static char *shared_memfd(const struct object *object, bool json, size_t value_length)
{
	/* Machine types up to 3.1 would name a memfd's RAM block by its path; anonymous memory never is. */
	static const char json_head[] = "{\"qom-type\":\"memory-backend-memfd\"";
	static const char json_tail[] = ",\"share\":true,\"x-use-canonical-path-for-ramblock-id\":false}";
	static const char options_head[] = "memory-backend-memfd";
	static const char options_tail[] = ",share=on,x-use-canonical-path-for-ramblock-id=off";
	/* Members are copied with at most the separators they had, and quotes for each key. */
	size_t size = value_length + 4 * object->count + sizeof(json_head) + sizeof(json_tail);
	char *text = malloc(size);
	size_t used;

	if (!text)
		return NULL;
	used = (size_t)snprintf(text, size, "%s", json ? json_head : options_head);
	for (size_t i = 0; i < object->count; i++) {
		const struct member *member = &object->members[i];

		if (is_replaced(member->key))
			continue;
		used += (size_t)snprintf(text + used, size - used, json ? ",\"%.*s\":%.*s" : ",%.*s=%.*s",
					 (int)member->key.length, member->key.start,
					 (int)member->value.length, member->value.start);
	}
	snprintf(text + used, size - used, "%s", json ? json_tail : options_tail);
	return text;
}

static bool is_true(struct span value)
{
	return span_is(value, "true") || span_is(value, "on") || span_is(value, "yes");
}

enum backend_verdict memory_backend_judge(const char *value, char **replacement, char *id, size_t id_size)
{
	struct object object;
	const struct member *type, *name, *share;
	struct span kind, id_text = { "", 0 };
	size_t length = strlen(value);
	bool json = *skip_space(value) == '{';
	bool shared;

	id[0] = '\0';
	if (length > MAX_VALUE)
		return strstr(value, "memory-backend-") ? BACKEND_MALFORMED : BACKEND_KEEP;
	if (json ? !parse_json(value, &object) : !parse_options(value, &object))
		return strstr(value, "memory-backend-") ? BACKEND_MALFORMED : BACKEND_KEEP;
	type = find(&object, "qom-type");
	if (!type)
		return BACKEND_KEEP;
	kind = unquoted(type->value);
	name = find(&object, "id");
	if (name)
		id_text = unquoted(name->value);
	snprintf(id, id_size, "%.*s", (int)id_text.length, id_text.start);
	share = find(&object, "share");
	shared = share && is_true(share->value);

	/* NVDIMM contents and memory shared between guests (ivshmem) are files of their own, not guest RAM. */
	if (strncmp(id, "memnvdimm", 9) == 0 || strncmp(id, "shmmem-", 7) == 0)
		return BACKEND_KEEP;
	if (span_is(kind, "memory-backend-ram") || (span_is(kind, "memory-backend-memfd") && share && !shared)) {
		*replacement = shared_memfd(&object, json, length);
		return *replacement ? BACKEND_REPLACE : BACKEND_MALFORMED;
	}
	if (span_is(kind, "memory-backend-file"))
		return shared ? BACKEND_KEEP : BACKEND_PRIVATE;
	return BACKEND_KEEP;
}
