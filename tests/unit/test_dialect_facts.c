// SPDX-License-Identifier: Apache-2.0
// K19: which iq and presence the dialects let through, and what direction they have.
#include "tests/unit/dialect_harness.h"

#include "ingest/stanza.h"

#define ROSTER "<query xmlns='jabber:iq:roster'><item jid='bob@acme.test'/></query>"
#define CAPS "<c xmlns='http://jabber.org/protocol/caps' node='n' ver='v'/>"
#define DISCO "<query xmlns='http://jabber.org/protocol/disco#info'/>"

static void only_what_may_hold_a_fact_is_parsed(void **state)
{
	static const struct {
		const char *xml;
		bool wanted;
	} cases[] = {
		{"<iq type='result' to='a@b/c'>" ROSTER "</iq>", true},
		{"<iq type='set' to='a@b/c'>" ROSTER "</iq>", true},
		{"<iq type='get'>" ROSTER "</iq>", false},
		{"<iq type='error'>" ROSTER "</iq>", false},
		{"<iq type='result' from='a@b/c'>" DISCO "</iq>", true},
		{"<iq type='result'>" DISCO "</iq>", true},
		{"<iq type='result' from='b'>" DISCO "</iq>", false},
		{"<iq type='result' from='a@b'>" DISCO "</iq>", false},
		{"<iq type='result'><query xmlns='jabber:iq:version'/></iq>", true},
		{"<iq type='set'><block xmlns='urn:xmpp:blocking'/></iq>", true},
		{"<iq type='result'><blocklist xmlns='urn:xmpp:blocking'/></iq>", false},
		{"<presence from='a@b/c'>" CAPS "</presence>", true},
		{"<presence from='a@b/c' type='unavailable'>" CAPS "</presence>", false},
		{"<presence from='a@b/c'/>", false},
		{"<message type='set'>" ROSTER "</message>", false},
		{"<iq type='result'", false},
		{"", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (stanza_maybe_known(text_of(cases[i].xml)) != cases[i].wanted)
			fail_msg("%s", cases[i].xml);
	}
	assert_false(stanza_maybe_known(TEXT_NONE));
}

// --- Prosody ---

#define LINE(text) "2026-11-22T10:00:00+0000 c2saa01\tdebug\t" text "\n"

static void prosody_gives_facts_with_their_session(void **state)
{
	(void)state;
	struct run *run =
		run_text("prosody", "UTC", 2026,
			 TEXT(LINE("Resource bound: anna@acme.test/phone") LINE(
				 "SEND: <iq type='result' to='anna@acme.test/phone'>" ROSTER
				 "</iq>") LINE("RECV: <presence>" CAPS "</presence>")
				      LINE("RECV: <iq type='get'>" ROSTER "</iq>")
					      LINE("RECV: <presence/>")),
			 64);
	assert_int_equal(run->stanzas, 2);
	assert_int_equal(run->ignored, 3); // the server event, the request, the plain presence
	assert_true(says(run, "stanza out anna@acme.test/phone"));
	assert_true(says(run, "stanza in anna@acme.test/phone"));
	run_free(run);
}

// A fact that cannot be believed is no loss that anybody should look after.
static void prosody_quarantines_no_facts(void **state)
{
	(void)state;
	struct run *run = run_text(
		"prosody", "UTC", 2026,
		TEXT(LINE("RECV: <presence from='eve@acme.test/x'>" CAPS "</presence>")
			     LINE("RECV: <iq type='set' from='eve@acme.test/x'>" ROSTER "</iq>")),
		64);
	assert_int_equal(run->stanzas + run->quarantined, 0);
	assert_int_equal(run->ignored, 2);
	run_free(run);
}

// --- Openfire ---

#define PACKET(stanza)                                                                             \
	"<packet xmlns=\"http://www.jivesoftware.org\" streamID=\"s1\" status=\"auth\" "           \
	"timestamp=\"Nov 22, 2026 10:00:00:001 AM\">" stanza "</packet>"
#define BIND                                                                                       \
	PACKET("<iq xmlns=\"\" type=\"result\" id=\"b\" to=\"of.test/s1\">"                        \
	       "<bind xmlns=\"urn:ietf:params:xml:ns:xmpp-bind\"><jid>anna@of.test/a</jid></bind>" \
	       "</iq>")
#define BLOCK "<block xmlns=\"urn:xmpp:blocking\"><item jid=\"eve@x\"/></block>"

static void openfire_knows_their_direction(void **state)
{
	(void)state;
	struct run *run = run_text(
		"openfire-audit", "UTC", 0,
		TEXT("<jive xmlns=\"http://www.jivesoftware.org\">" BIND PACKET(
			"<iq xmlns=\"\" type=\"result\" to=\"anna@of.test/a\">" ROSTER
			"</iq>") PACKET("<iq xmlns=\"\" type=\"set\" from=\"anna@of.test/a\">" BLOCK
					"</iq>")
			     PACKET("<iq xmlns=\"\" type=\"set\" from=\"anna@of.test/a\">" BLOCK
				    "</iq>") PACKET("<presence xmlns=\"\" "
						    "from=\"anna@of.test/a\">" CAPS "</presence>")
				     PACKET("<presence xmlns=\"\" from=\"anna@of.test/a\"/>")),
		100);
	const char *out = strstr(said(run), "stanza out anna@of.test/a");
	assert_int_equal(run->stanzas, 4);
	assert_non_null(out);
	// Two blocks within a moment are two, and not one that was written back.
	assert_null(strstr(out + 1, "stanza out"));
	assert_false(says(run, "stanza route"));
	run_free(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_may_hold_a_fact_is_parsed),
		cmocka_unit_test(prosody_gives_facts_with_their_session),
		cmocka_unit_test(prosody_quarantines_no_facts),
		cmocka_unit_test(openfire_knows_their_direction),
	};
	return cmocka_run_group_tests_name("facts of dialects", tests, NULL, NULL);
}
