// SPDX-License-Identifier: Apache-2.0
#include "core/json.h"

#include "core/json_out.h"

json_t *json_text(struct text text)
{
	if (!text.p)
		return json_null();
	json_t *value = json_stringn(text.p, text.n); // NULL unless valid UTF-8
	if (value)
		return value;
	struct buf repaired = {0};
	text = json_utf8(text, &repaired);
	value = json_stringn_nocheck(text.p, text.n);
	buf_free(&repaired);
	return value;
}

json_t *json_usec(usec_t at, int digits)
{
	if (at == USEC_NONE)
		return json_null();
	char text[USEC_TEXT];
	return json_string(usec_format(at, digits, text));
}

void json_put_text(json_t *object, const char *key, struct text text)
{
	if (text.p)
		json_object_set_new(object, key, json_text(text));
}

void json_put_usec(json_t *object, const char *key, usec_t at, int digits)
{
	if (at != USEC_NONE)
		json_object_set_new(object, key, json_usec(at, digits));
}

struct text json_get_text(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	if (!json_is_string(value))
		return TEXT_NONE;
	return (struct text){json_string_value(value), json_string_length(value)};
}
