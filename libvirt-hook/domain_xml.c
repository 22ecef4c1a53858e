/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "domain_xml.h"

#include <string.h>

struct cursor {
	const char *at;
	const char *end;
};

static bool starts_with(const struct cursor *cursor, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(cursor->end - cursor->at) >= length &&
	       memcmp(cursor->at, text, length) == 0;
}

/* Moves past the next occurrence of text; false if there is none. */
static bool skip_past(struct cursor *cursor, const char *text)
{
	const char *found =
		memmem(cursor->at, (size_t)(cursor->end - cursor->at), text, strlen(text));

	if (!found)
		return false;
	cursor->at = found + strlen(text);
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_name(char c)
{
	return is_space(c) || c == '=' || c == '>' || c == '/' || c == '<';
}

static size_t name_length(const struct cursor *cursor)
{
	const char *p = cursor->at;

	while (p < cursor->end && !ends_name(*p))
		p++;
	return (size_t)(p - cursor->at);
}

static bool name_is(const char *name, size_t length, const char *text)
{
	return length == strlen(text) && memcmp(name, text, length) == 0;
}

static bool local_name_is(const char *name, size_t length, const char *text)
{
	const char *colon = memchr(name, ':', length);

	if (colon) {
		length -= (size_t)(colon + 1 - name);
		name = colon + 1;
	}
	return name_is(name, length, text);
}

static void skip_space(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_space(*cursor->at))
		cursor->at++;
}

/*
 * Reads one attribute; at the tag's end returns true with *name_size 0 and the cursor past '>'.
 * False: not well formed.
 */
static bool next_attribute(struct cursor *cursor, const char **name, size_t *name_size,
			   const char **value, size_t *value_size)
{
	const char *close;

	skip_space(cursor);
	if (cursor->at < cursor->end && *cursor->at == '/')
		cursor->at++;
	if (cursor->at == cursor->end)
		return false;
	*name_size = 0;
	if (*cursor->at == '>') {
		cursor->at++;
		return true;
	}
	*name = cursor->at;
	*name_size = name_length(cursor);
	cursor->at += *name_size;
	skip_space(cursor);
	if (*name_size == 0 || cursor->at == cursor->end || *cursor->at != '=')
		return false;
	cursor->at++;
	skip_space(cursor);
	if (cursor->at == cursor->end || (*cursor->at != '"' && *cursor->at != '\''))
		return false;
	close = memchr(cursor->at + 1, *cursor->at, (size_t)(cursor->end - cursor->at - 1));
	if (!close)
		return false;
	*value = cursor->at + 1;
	*value_size = (size_t)(close - *value);
	cursor->at = close + 1;
	return true;
}

bool xml_mentions_sim(const char *xml, size_t length)
{
	return memmem(xml, length, SIM_NAMESPACE, strlen(SIM_NAMESPACE)) != NULL;
}

/* Whether an attribute of <sim:sim> leaves it open whether the domain demands SIM. */
static bool may_require(const char *name, size_t name_size, const char *value, size_t value_size)
{
	if (name_is(name, name_size, "required"))
		return !name_is(value, value_size, "no");
	return !name_is(name, name_size, "gate") && !name_is(name, name_size, "xmlns") &&
	       !(name_size > 6 && memcmp(name, "xmlns:", 6) == 0);
}

bool xml_requires_sim(const char *xml, size_t length)
{
	struct cursor cursor = { xml, xml + length };

	while (skip_past(&cursor, "<")) {
		const char *element = cursor.at;
		size_t element_size;

		if (starts_with(&cursor, "!--")) {
			if (!skip_past(&cursor, "-->"))
				return true;
			continue;
		}
		if (starts_with(&cursor, "![CDATA[")) {
			if (!skip_past(&cursor, "]]>"))
				return true;
			continue;
		}
		if (starts_with(&cursor, "?") || starts_with(&cursor, "!") ||
		    starts_with(&cursor, "/")) {
			if (!skip_past(&cursor, ">"))
				return true;
			continue;
		}
		element_size = name_length(&cursor);
		cursor.at += element_size;
		for (;;) {
			const char *name, *value;
			size_t name_size, value_size;

			if (!next_attribute(&cursor, &name, &name_size, &value, &value_size))
				return true;
			if (name_size == 0)
				break;
			if (local_name_is(element, element_size, "sim") &&
			    may_require(name, name_size, value, value_size))
				return true;
		}
	}
	return false;
}
