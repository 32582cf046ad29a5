// SPDX-License-Identifier: Apache-2.0
#include "core/json_members.h"

#include "core/json_out.h"

#include <math.h>

static void put_name(struct json_members *out, const char *name)
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

void out_open(struct json_members *out, const char *name, char bracket)
{
	put_name(out, name);
	buf_char(out->buf, bracket);
	out->more = false;
}

void out_close(struct json_members *out, char bracket)
{
	buf_char(out->buf, bracket);
	out->more = true;
}

void out_null(struct json_members *out, const char *name)
{
	put_name(out, name);
	buf_add(out->buf, "null", 4);
}

void out_bool(struct json_members *out, const char *name, bool value)
{
	put_name(out, name);
	buf_zstr(out->buf, value ? "true" : "false");
}

void out_int(struct json_members *out, const char *name, int64_t value)
{
	put_name(out, name);
	json_out_integer(out->buf, value);
}

void out_share(struct json_members *out, const char *name, double value)
{
	enum { DECIMALS = 15 };
	static const double scale =
		1e15; // a share times this is whole to an eighth: the digits are right
	char digits[2 + DECIMALS];
	put_name(out, name);
	if (!(value >= 0 && value <= 1)) { // not a share, and not hidden
		buf_printf(out->buf, isfinite(value) ? "%.15g" : "null", value);
		return;
	}
	uint64_t whole = (uint64_t)llround(value * scale);
	digits[0] = (char)('0' + whole / (uint64_t)scale);
	digits[1] = '.';
	for (char *at = digits + sizeof digits; at > digits + 2; whole /= 10)
		*--at = (char)('0' + whole % 10);
	size_t n = sizeof digits;
	while (digits[n - 1] == '0' && digits[n - 2] != '.')
		n--;
	buf_add(out->buf, digits, n);
}

void out_word(struct json_members *out, const char *name, const char *value)
{
	put_name(out, name);
	buf_char(out->buf, '"');
	buf_zstr(out->buf, value);
	buf_char(out->buf, '"');
}

void out_usec(struct json_members *out, const char *name, usec_t at, int digits)
{
	put_name(out, name);
	json_out_usec(out->buf, at, digits);
}
