// SPDX-License-Identifier: Apache-2.0
// Socket reads to stanzas: any cut, several connections, what must not come out.
#include "core/buf.h"
#include "ingest/reassembly.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void keep(void *self, const struct record *record)
{
	struct buf *out = self;

	buf_printf(out, "%llu.%u ", (unsigned long long)record->offset, record->index);
	buf_text(out, record->session_key);
	buf_char(out, ' ');
	if (record->kind != RECORD_STANZA)
		buf_printf(out, "%s%s", record->kind == RECORD_GAP ? "gap: " : "", record->reason);
	else
		buf_text(out, record->xml);
	buf_char(out, '\n');
}

static void give(struct reassembly *reassembly, const char *key, uint64_t offset, struct text xml)
{
	reassembly_read(reassembly,
			&(struct record){.dir = DIR_IN,
					 .session_key = text_of(key),
					 .offset = offset,
					 .at = (usec_t)offset * USEC_PER_SEC,
					 .xml = xml},
			false);
}

static void tick(struct reassembly *reassembly, uint64_t offset)
{
	reassembly_tick(reassembly,
			&(struct record){.offset = offset, .at = (usec_t)offset * USEC_PER_SEC});
}

static uint64_t low(const struct reassembly *reassembly, long second)
{
	return reassembly_low_water(reassembly, second * USEC_PER_SEC);
}

static const char talk[] =
	"<?xml version='1.0'?><stream:stream to='a'><auth mechanism='PLAIN'>c2VjcmV0</auth>"
	" <message id='1'><body>&lt;/message> <![CDATA[</message>]]></body></message>"
	"<iq id='2'/><a xmlns='urn:xmpp:sm:3' h='1'/>\n<presence/></stream:stream>";

static const char wanted[] =
	"<message id='1'><body>&lt;/message> <![CDATA[</message>]]></body></message>\n"
	"<iq id='2'/>\n<presence/>\n";

static void just_xml(void *self, const struct record *record)
{
	struct buf *out = self;

	assert_int_equal(record->kind, RECORD_STANZA);
	buf_text(out, record->xml);
	buf_char(out, '\n');
}

static void any_cut_gives_the_same_stanzas_and_no_password(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < sizeof(talk); cut++) {
		struct buf out = {0};
		struct reassembly *reassembly =
			reassembly_new(&(struct reassembly_sink){&out, just_xml, NULL});
		for (size_t at = 0; at < sizeof(talk) - 1; at += cut) {
			size_t left = sizeof(talk) - 1 - at;
			give(reassembly, "c", at,
			     (struct text){talk + at, left < cut ? left : cut});
		}
		assert_string_equal(out.data, wanted);
		assert_true(low(reassembly, 1 << 20) == UINT64_MAX);
		reassembly_free(reassembly);
		buf_free(&out);
	}
}

static void connections_do_not_mix_and_positions_grow(void **state)
{
	(void)state;
	struct buf out = {0};
	struct reassembly *reassembly = reassembly_new(&(struct reassembly_sink){&out, keep, NULL});

	give(reassembly, "a", 10, TEXT("<message id='a1'><body>x"));
	give(reassembly, "b", 20, TEXT("<message id='b1'/><message id='b2'/>"));
	assert_int_equal(low(reassembly, 20), 10);
	give(reassembly, "a", 30, TEXT("</body></message><mess"));
	assert_int_equal(low(reassembly, 30), 30);
	reassembly_closed(reassembly, &(struct record){.session_key = TEXT("a"), .offset = 40});
	assert_string_equal(out.data, "20.0 b <message id='b1'/>\n20.1 b <message id='b2'/>\n"
				      "30.0 a <message id='a1'><body>x</body></message>\n"
				      "40.0 a connection ended inside a stanza\n"
				      "40.1 a gap: part of a stanza is missing\n");
	reassembly_free(reassembly);
	buf_free(&out);
}

static void damage_is_told_and_the_next_read_is_clean(void **state)
{
	(void)state;
	struct buf out = {0};
	struct reassembly *reassembly = reassembly_new(&(struct reassembly_sink){&out, keep, NULL});

	give(reassembly, "a", 1, TEXT("<message></body></message>"));
	give(reassembly, "a", 2, TEXT("<message id='2'/>"));
	assert_string_equal(out.data, "1.0 a stream not well-formed\n2.0 a <message id='2'/>\n");
	reassembly_free(reassembly);
	buf_free(&out);
}

// A client that never ends its stanza and fills it with what could be beginnings: all are tried only so
// often, or a megabyte would be read a hundred thousand times.
static void many_beginnings_cost_no_quadratic_time(void **state)
{
	(void)state;
	struct buf out = {0};
	struct reassembly *reassembly = reassembly_new(&(struct reassembly_sink){&out, keep, NULL});
	uint64_t offset = 100000000;

	give(reassembly, "a", offset, TEXT("<message><body>"));
	for (int i = 0; i < 200000; i++)
		reassembly_read(reassembly,
				&(struct record){.session_key = TEXT("a"),
						 .offset = ++offset,
						 .at = USEC_PER_SEC * 100000000,
						 .xml = i % 2 ? TEXT("<a>") : TEXT("<a/>")},
				false);
	reassembly_closed(reassembly, &(struct record){.session_key = TEXT("a"), .offset = offset});
	assert_true(low(reassembly, 0) == UINT64_MAX);
	assert_true(out.len < 10000);
	reassembly_free(reassembly);
	buf_free(&out);
}

static void a_half_stanza_waits_ten_minutes_and_no_longer(void **state)
{
	(void)state;
	struct buf out = {0};
	struct reassembly *reassembly = reassembly_new(&(struct reassembly_sink){&out, keep, NULL});

	give(reassembly, "a", 1, TEXT("<message id='1'><body>"));
	give(reassembly, "a", 300, TEXT("<message id='2'/>"));
	tick(reassembly, 601);
	give(reassembly, "b", 601, TEXT("<iq/>"));
	assert_int_equal(low(reassembly, 601), 1);
	assert_string_equal(out.data, "601.0 b <iq/>\n");
	tick(reassembly, 603);
	give(reassembly, "b", 603, TEXT("<iq/>"));
	assert_string_equal(out.data, "601.0 b <iq/>\n603.0 a rest of a stanza did not come\n"
				      "603.1 a gap: part of a stanza is missing\n"
				      "603.2 a <message id='2'/>\n603.3 b <iq/>\n");
	reassembly_free(reassembly);
	buf_free(&out);
}

static void dropped_lines_end_all_halves(void **state)
{
	(void)state;
	struct buf out = {0};
	struct reassembly *reassembly = reassembly_new(&(struct reassembly_sink){&out, keep, NULL});

	give(reassembly, "a", 1, TEXT("<message id='1'><body>"));
	give(reassembly, "b", 2, TEXT("<iq/>"));
	reassembly_holes(reassembly, &(struct record){.offset = 3}, "dropped");
	give(reassembly, "a", 4, TEXT("rest</body></message>"));
	give(reassembly, "a", 5, TEXT("<message id='2'/>"));
	give(reassembly, "b", 6, TEXT("<iq id='3'/>"));
	assert_string_equal(out.data, "2.0 b <iq/>\n3.0 a dropped\n"
				      "3.1 a gap: part of a stanza is missing\n"
				      "4.0 a beginning of a stanza is missing\n"
				      "5.0 a <message id='2'/>\n6.0 b <iq id='3'/>\n");
	reassembly_free(reassembly);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same_stanzas_and_no_password),
		cmocka_unit_test(connections_do_not_mix_and_positions_grow),
		cmocka_unit_test(damage_is_told_and_the_next_read_is_clean),
		cmocka_unit_test(many_beginnings_cost_no_quadratic_time),
		cmocka_unit_test(a_half_stanza_waits_ten_minutes_and_no_longer),
		cmocka_unit_test(dropped_lines_end_all_halves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
