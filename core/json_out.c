// SPDX-License-Identifier: Apache-2.0
#include "core/json_out.h"

#include <math.h>

static void put_name(struct json_out *out, const char *name)
{
	if (out->more)
		buf_char(out->buf, ',');
	out->more = true;
	if (!name)
		return;
	buf_char(out->buf, '"');
	buf_zstr(out->buf, name);
	buf_add(out->buf, "\":", 2);
}

void out_open(struct json_out *out, const char *name, char bracket)
{
	put_name(out, name);
	buf_char(out->buf, bracket);
	out->more = false;
}

void out_close(struct json_out *out, char bracket)
{
	buf_char(out->buf, bracket);
	out->more = true;
}

void out_null(struct json_out *out, const char *name)
{
	put_name(out, name);
	buf_add(out->buf, "null", 4);
}

void out_bool(struct json_out *out, const char *name, bool value)
{
	put_name(out, name);
	buf_zstr(out->buf, value ? "true" : "false");
}

// The digits end where "end" is; at least so many.
static char *write_digits(char *end, uint64_t value, int least)
{
	for (int i = 0; value || i < least; i++) {
		*--end = (char)('0' + value % 10);
		value /= 10;
	}
	return end;
}

void out_int(struct json_out *out, const char *name, int64_t value)
{
	char digits[24], *end = digits + sizeof digits;
	char *at = write_digits(end, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
	put_name(out, name);
	if (value < 0)
		*--at = '-';
	buf_add(out->buf, at, (size_t)(end - at));
}

void out_share(struct json_out *out, const char *name, double value)
{
	enum { DECIMALS = 15 };
	static const double scale =
		1e15; // a share times this is whole to an eighth: the digits are right
	char digits[DECIMALS + 2], *end = digits + sizeof digits;
	put_name(out, name);
	if (!(value >= 0 && value <= 1)) { // not a share, and not hidden
		buf_printf(out->buf, isfinite(value) ? "%.15g" : "null", value);
		return;
	}
	uint64_t whole = (uint64_t)llround(value * scale);
	uint64_t unit = whole / (uint64_t)scale;
	char *at = write_digits(end, whole % (uint64_t)scale, DECIMALS);
	*--at = '.';
	*--at = (char)('0' + unit);
	while (end[-1] == '0' && end[-2] != '.')
		end--;
	buf_add(out->buf, at, (size_t)(end - at));
}

void out_word(struct json_out *out, const char *name, const char *value)
{
	put_name(out, name);
	buf_char(out->buf, '"');
	buf_zstr(out->buf, value);
	buf_char(out->buf, '"');
}

void out_usec(struct json_out *out, const char *name, usec_t at, int digits)
{
	char text[USEC_TEXT];
	if (at == USEC_NONE)
		out_null(out, name);
	else
		out_word(out, name, usec_format(at, digits, text));
}
