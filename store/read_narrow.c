// SPDX-License-Identifier: Apache-2.0
// Parameters of part/message_narrow.sql, and the devices that are of some software (F9): these are looked up once
// for all pages and pieces of one answer.
#include "store/read_messages.h"
#include "store/rollup.h"

static usec_t day_after(usec_t at)
{
	usec_t day = rollup_day(at);
	return day == at ? day : day + USEC_PER_DAY;
}

static bool take_device(void *self, const struct rows *rows)
{
	struct message_stream *stream = self;
	usec_t day = row_usec(rows, 0, 1);
	if (day == USEC_NONE) {
		put_int8(&stream->devices, row_int(rows, 0, 0));
		return true;
	}
	put_int8(&stream->day_devices, row_int(rows, 0, 0));
	put_date(&stream->device_days, day);
	return true;
}

bool narrow_open(struct message_stream *stream, struct err *err)
{
	const struct message_filter *filter = stream->filter;
	const struct message_narrow *narrow = &filter->narrow;
	FIELDS_AUTO params = {0};
	if (narrow->client_is == CLIENT_ANYTHING || narrow->client_is == CLIENT_NO_DEVICE)
		return true;
	if (filter->since == USEC_NONE || filter->until == USEC_NONE)
		return err_set(err, ERR_USAGE, "software is known of an interval only");
	put_int4(&params, filter->realm);
	put_usec(&params, usec_bounded(rollup_day(filter->since)));
	put_usec(&params, usec_bounded(day_after(filter->until)));
	put_safe(&params, narrow->client);
	put_safe(&params, narrow->version);
	put_bool(&params, narrow->client_is == CLIENT_NO_VERSION);
	return sql_each(stream->store, "client_devices", &params, stream, take_device, err);
}

void narrow_close(struct message_stream *stream)
{
	fields_free(&stream->devices);
	fields_free(&stream->day_devices);
	fields_free(&stream->device_days);
}

bool is_narrowed(const struct message_narrow *narrow)
{
	return narrow->condition.p || narrow->from_domain.p || narrow->to_domain.p ||
	       narrow->counted || narrow->reached || narrow->has_took_from || narrow->has_took_to ||
	       narrow->client_is;
}

// 0 is no choice, the first one is 0 to the statement.
static void put_choice(struct fields *params, int choice)
{
	if (choice)
		put_int4(params, choice - 1);
	else
		put_null(params);
}

static void put_bound(struct fields *params, bool given, int64_t bound)
{
	if (given)
		put_int8(params, bound);
	else
		put_null(params);
}

static void put_client(struct fields *params, const struct message_stream *stream)
{
	static const int devices[] = {[CLIENT_NAMED] = 0,
				      [CLIENT_NO_VERSION] = 0,
				      [CLIENT_NO_DEVICE] = 1,
				      [CLIENT_NO_SOFTWARE] = 2};
	enum client_is is = stream->filter->narrow.client_is;
	if (is == CLIENT_ANYTHING) {
		for (int i = 0; i < 4; i++)
			put_null(params);
		return;
	}
	put_int4(params, devices[is]);
	put_array(params, OF_INT8, &stream->devices);
	put_array(params, OF_INT8, &stream->day_devices);
	put_array(params, OF_DATE, &stream->device_days);
}

void put_narrow(struct fields *params, const struct message_stream *stream)
{
	const struct message_narrow *narrow = &stream->filter->narrow;
	put_safe(params, narrow->condition);
	put_safe(params, narrow->from_domain);
	put_safe(params, narrow->to_domain);
	put_choice(params, (int)narrow->counted);
	put_choice(params, (int)narrow->reached);
	put_bound(params, narrow->has_took_from, narrow->took_from);
	put_bound(params, narrow->has_took_to, narrow->took_to);
	put_client(params, stream);
}
