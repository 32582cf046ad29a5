// SPDX-License-Identifier: Apache-2.0
// XML in, facts out: one row per rule of PAIRING K, and of E1-E6 as far as the parser goes.
// stanza_check.h says how facts are written. What is refused is in test_stanza_limits.c.
#include "tests/unit/stanza_check.h"

#define RECEIPTS "xmlns='urn:xmpp:receipts'"
#define MARKERS "xmlns='urn:xmpp:chat-markers:0'"
#define STATES "xmlns='http://jabber.org/protocol/chatstates'"
#define XEVENT "xmlns='jabber:x:event'"
#define SID "xmlns='urn:xmpp:sid:0'"
#define MDS "xmlns='urn:xmpp:mds:displayed:0'"
#define AMP "xmlns='http://jabber.org/protocol/amp'"
#define CONDITIONS "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"
#define FALLBACK "xmlns='urn:xmpp:fallback:0'"
#define FORWARDED(inside) "<forwarded xmlns='urn:xmpp:forward:0'>" inside "</forwarded>"
#define CARBON(kind, inside) "<" kind " xmlns='urn:xmpp:carbons:2'>" inside "</" kind ">"

static const struct row roots[] = {
	{"E1 no namespace", M(""), "message"},
	{"E1 client", "<message xmlns='jabber:client'/>", "message"},
	{"E1 server", "<message xmlns='jabber:server'><body>x</body></message>",
	 "message body=x part=x"},
	{"E1 accept", "<message xmlns='jabber:component:accept'><body>x</body></message>",
	 "message body=x part=x"},
	{"E1 connect", "<message xmlns='jabber:component:connect'/>", "message"},
	{"E1 empty namespace", "<message xmlns=''><body>x</body></message>",
	 "message body=x part=x"},
	{"E1 foreign namespace", "<message xmlns='urn:other' id='1'/>", "other bad-namespace"},
	{"E1 look-alike namespace", "<message xmlns='jabber:client '/>", "other bad-namespace"},
	{"E1 iq", "<iq type='get' id='1' to='a'><query xmlns='jabber:iq:roster'/></iq>",
	 "iq to=a id=1"},
	{"E1 presence", "<presence from='a'/>", "presence from=a"},
	{"E1 presence elsewhere", "<presence xmlns='urn:other'/>", "other bad-namespace"},
	{"E1 something else", "<r xmlns='urn:xmpp:sm:3' id='x'/>", "other"},
	{"E1 white space around", "\r\n\t <message id='1'/> \n", "message id=1"},
	{"E1 declaration", "<?xml version='1.0' encoding='utf-8'?><message/>", "message"},
	{"E1 declaration, no encoding", "<?xml version='1.0'?>\n<message/>", "message"},
	{"E2 attributes", "<message from='a@b/c' to='d@e' id='f' type='normal'/>",
	 "message from=a@b/c to=d@e id=f"},
	{"E2 empty is not missing", "<message id='' to=''/>", "message to= id="},
	{"E2 prefixed attribute", "<message xmlns:q='urn:q' q:id='1'/>", "message"},
	{"E2 references", "<message id='a&amp;b&#x41;&lt;&gt;&quot;&apos;'/>",
	 "message id=a&bA<>\"'"},
	{"E2 references, once only", "<message id='&amp;#38;&#38;amp;&amp;'/>",
	 "message id=&#38;&amp;&"},
	{"E2 line feeds", "<message id='a\nb&#10;c'/>", "message id=a b\nc"},
	{"E6 unknown type", "<message type='weird'/>", "message"},
	{"E6 type is exact", "<message type='Chat'/>", "message"},
	{"E6 chat", "<message type='chat'/>", "message chat"},
	{"E6 groupchat", "<message type='groupchat'/>", "message groupchat"},
	{"E6 headline", "<message type='headline'/>", "message headline"},
};

static const struct row content[] = {
	{"K0 prefixes (F116)",
	 "<m:message xmlns:m='jabber:client'> <m:body>x</m:body>"
	 "<r:request xmlns:r='urn:xmpp:receipts'/></m:message>",
	 "message body=x part=x request other"},
	{"K0 body elsewhere", M("<body xmlns='urn:other'>x</body>"), "message other"},
	{"K1 body", M("<body>hi there</body>"), "message body=hi there part=hithere"},
	{"K1 empty body", M("<body/>"), "message other"},
	{"K1 blank body", M("<body> </body>"), "message body= "},
	{"K1 languages", M("<body xml:lang='de'>ja</body><body>yes</body><body>no</body>"),
	 "message body=yes part=ja part=yes part=no"},
	{"K1 only languages", M("<body xml:lang='de'>ja</body><body xml:lang='fr'>oui</body>"),
	 "message body=ja part=ja part=oui"},
	{"K1 empty, then not", M("<body/><body>x</body>"), "message body=x part=x other"},
	{"K1 text of the body itself", M("<body>a<b>no</b>c</body>"), "message body=ac part=ac"},
	{"K1 references", M("<body>&lt;a&gt; &amp;amp; &#x1F44D;</body>"),
	 "message body=<a> &amp; \360\237\221\215 part=<a>&amp;\360\237\221\215"},
	{"K1 CDATA", M("<body>a<![CDATA[<received/>&lt;]]>b</body>"),
	 "message body=a<received/>&lt;b part=a<received/>&lt;b"},
	{"K1 comment, instruction", M("<body>a<!-- <x> -->b<?go on?>c</body>"),
	 "message body=abc part=abc"},
	{"K1 line ends", M("<body>a\r\nb\rc</body>"), "message body=a\nb\nc part=abc"},
	{"K1 thread", M("<thread>t 1</thread><thread>t2</thread>"), "message thread=t 1"},
	{"K1 OMEMO",
	 M("<encrypted xmlns='eu.siacs.conversations.axolotl'><header/>"
	   "<payload> QQ== </payload></encrypted>"),
	 "message encrypted part=QQ=="},
	{"K1 OMEMO 1", M("<encrypted xmlns='urn:xmpp:omemo:1'><payload>Q</payload></encrypted>"),
	 "message encrypted part=Q"},
	{"K1 OMEMO 2", M("<encrypted xmlns='urn:xmpp:omemo:2'><payload/></encrypted>"),
	 "message encrypted"},
	{"K1 OMEMO without payload", M("<encrypted xmlns='urn:xmpp:omemo:2'><header/></encrypted>"),
	 "message bare-omemo other"},
	{"K1 OMEMO, one with",
	 M("<encrypted xmlns='urn:xmpp:omemo:2'/>"
	   "<encrypted xmlns='urn:xmpp:omemo:1'><payload>Q</payload></encrypted>"),
	 "message encrypted part=Q other"},
	{"K1 payload must be a child",
	 M("<encrypted xmlns='urn:xmpp:omemo:2'><x><payload>Q</payload></x></encrypted>"),
	 "message bare-omemo other"},
	{"K1 OpenPGP, old", M("<x xmlns='jabber:x:encrypted'>Q\nR</x>"),
	 "message encrypted part=QR"},
	{"K1 OpenPGP", M("<openpgp xmlns='urn:xmpp:openpgp:0'>Q</openpgp>"),
	 "message encrypted part=Q"},
	{"K1 oob", M("<x xmlns='jabber:x:oob'><url>https://e/ f</url><desc>d</desc></x>"),
	 "message oob part=https://e/f"},
	{"K1 sfs",
	 M("<file-sharing xmlns='urn:xmpp:sfs:0'><file xmlns='urn:f'><name>n</name>"
	   "<size>7</size></file></file-sharing>"),
	 "message sfs part=n7"},
	{"K1 fallback, whole", M("<fallback " FALLBACK "/>"), "message fallback other"},
	{"K1 fallback, body", M("<fallback " FALLBACK "><body/></fallback>"),
	 "message fallback other"},
	{"K1 fallback, part", M("<fallback " FALLBACK "><body start='0' end='3'/></fallback>"),
	 "message other"},
	{"K1 fallback, subject", M("<fallback " FALLBACK "><subject/></fallback>"),
	 "message other"},
	{"M3 folding",
	 M("<body>a\t\n&#13;&#x85;&#xA0;&#x2028;&#x3000;&#x240A;&#xFFFD;"
	   "&#x7F;&#x9B;b&#x200B;</body>"),
	 "message body=a\t\n\r\302\205\302\240\342\200\250\343\200\200\342\220\212\357\277\275\177"
	 "\302\233b\342\200\213 part=ab\342\200\213"},
};

static const struct row events[] = {
	{"K2", M("<request " RECEIPTS "/>"), "message request other"},
	{"K2 look-alike", M("<request xmlns='urn:xmpp:receipts:1'/>"), "message other"},
	{"K3", M("<received id='a' " RECEIPTS "/><received id='b' " RECEIPTS "/>"),
	 "message receipt=a receipt=b other"},
	{"K3 without id", M("<received " RECEIPTS "/>"), "message receipt=- other"},
	{"K3 empty id", M("<received id='' " RECEIPTS "/>"), "message receipt= other"},
	{"F115 blank", M("<received id='a' xmlns='urn:xmpp:receipts '/>"), "message other"},
	{"F115 case", M("<received id='a' xmlns='URN:xmpp:receipts'/>"), "message other"},
	{"F115 slash", M("<received id='a' xmlns='urn:xmpp:receipts/'/>"), "message other"},
	{"F115 name", M("<Received id='a' " RECEIPTS "/>"), "message other"},
	{"F115 not a child", M("<x><received id='a' " RECEIPTS "/></x>"), "message other"},
	{"F118", M("<body><![CDATA[<received xmlns='urn:xmpp:receipts' id='a'/>]]></body>"),
	 "message body=<received xmlns='urn:xmpp:receipts' id='a'/>"
	 " part=<receivedxmlns='urn:xmpp:receipts'id='a'/>"},
	{"F118 comment", M("<!--<received xmlns='urn:xmpp:receipts' id='a'/>-->"), "message"},
	{"K4", M("<markable " MARKERS "/>"), "message markable other"},
	{"K5", M("<displayed id='a' " MARKERS "/>"), "message displayed=a other"},
	{"K5 legacy", M("<received id='a' " MARKERS "/><acknowledged id='b' " MARKERS "/>"),
	 "message mark-received=a acknowledged=b other"},
	{"K6", M("<paused " STATES "/>"), "message state=paused/1"},
	{"K6 several", M("<gone " STATES "/><active " STATES "/>"), "message state=gone/2"},
	{"K6 unknown", M("<angry " STATES "/>"), "message other"},
	{"K7", M("<x " XEVENT "><offline/><composing/></x>"),
	 "message x( offline composing ) other"},
	{"K8", M("<x " XEVENT "><delivered/><displayed/><id>i</id></x>"),
	 "message x( delivered displayed id=i ) other"},
	{"K8 empty id", M("<x " XEVENT "><id/></x>"), "message x( id= ) other"},
	{"K7 and K8 side by side", M("<x " XEVENT "><offline/></x><x " XEVENT "><id>i</id></x>"),
	 "message x( id=i ) x( offline ) other"},
	{"K9", M("<replace id='a' xmlns='urn:xmpp:message-correct:0'/>"),
	 "message correction=a other"},
	{"K10", M("<retract id='a' xmlns='urn:xmpp:message-retract:1'/>"),
	 "message retraction=a other"},
	{"K10 version 0", M("<retract id='a' xmlns='urn:xmpp:message-retract:0'/>"),
	 "message retraction=a other"},
	{"K10 fastened",
	 M("<apply-to id='a' xmlns='urn:xmpp:fasten:0'>"
	   "<retract xmlns='urn:xmpp:message-retract:0'/></apply-to>"),
	 "message retraction=a other"},
	{"K10 other fastening", M("<apply-to id='a' xmlns='urn:xmpp:fasten:0'><x/></apply-to>"),
	 "message other"},
	{"K11", M("<reactions id='a' xmlns='urn:xmpp:reactions:0'/>"), "message reaction=a other"},
	{"K12", M("<reply id='a' to='b' xmlns='urn:xmpp:reply:0'/>"), "message reply=a other"},
	{"K13",
	 M("<delay xmlns='urn:xmpp:delay' from='d' stamp='2026-03-02T10:00:00.5Z'/>"
	   "<x xmlns='jabber:x:delay' stamp='20260302T10:00:01'/>"
	   "<delay xmlns='urn:xmpp:delay' stamp='soon'/>"),
	 "message delay=2026-03-02T10:00:00.500Z@d delay=2026-03-02T10:00:01.000Z@- delay=bad@-"},
	{"K14", M("<origin-id id='o' " SID "/>"), "message origin=o"},
	{"K15", M("<stanza-id id='a' by='b' " SID "/><stanza-id id='c' " SID "/>"),
	 "message sid=a@b sid=c@-"},
	{"K17",
	 M("<amp status='notify' " AMP "><rule condition='expire-at' value='x'/>"
	   "<rule condition='deliver' value='stored'/></amp>"),
	 "message amp=notify@stored other"},
	{"K17 request", M("<amp " AMP "><rule condition='deliver' value='none'/></amp>"),
	 "message other"},
	{"K20",
	 M("<no-permanent-store xmlns='urn:xmpp:hints'/><no-copy xmlns='urn:xmpp:hints'/>"
	   "<store xmlns='urn:xmpp:hints'/><new xmlns='urn:xmpp:hints'/>"
	   "<private xmlns='urn:xmpp:carbons:2'/>"),
	 "message no-copy store private no-permanent-store"},
	{"CS-EXTRA",
	 M("<active " STATES "/><x xmlns='http://jabber.org/protocol/muc#user'/>"
	   "<occupant-id xmlns='urn:xmpp:occupant-id:0'/><archived xmlns='urn:xmpp:mam:tmp'/>"
	   "<thread>t</thread>"),
	 "message state=active/1 thread=t"},
	{"CS-EXTRA found", M("<active " STATES "/><x xmlns='vcard-temp:x:update'/>"),
	 "message state=active/1 other"},
};

static const struct row errors[] = {
	{"K16",
	 "<message type='error'><error code='404' type='cancel'><text " CONDITIONS
	 ">x</text><gone " CONDITIONS ">y</gone><conflict " CONDITIONS "/></error></message>",
	 "message error error=gone other"},
	{"K16 code", "<message type='error'><error code='510'/></message>",
	 "message error error=service-unavailable other"},
	{"K16 unknown code", "<message type='error'><error code='999'/></message>",
	 "message error error=undefined-condition other"},
	{"K16 foreign condition", "<message type='error'><error><conflict/></error></message>",
	 "message error error=undefined-condition other"},
	{"K16 no error child", "<message type='error'/>",
	 "message error error=undefined-condition"},
	{"K16 not an error", M("<error code='404'/>"), "message other"},
	{"E6 echo", "<message type='error'><body>x</body><received id='z' " RECEIPTS "/></message>",
	 "message error body=x part=x receipt=z error=undefined-condition other"},
};

#define DELAY "<delay xmlns='urn:xmpp:delay' stamp='2026-03-02T10:00:00Z'/>"
#define INNER "<message xmlns='jabber:client' from='a' id='i'><body>x</body></message>"
#define SAYS_INNER "[message from=a id=i body=x part=x]"
#define ITEM(ns, id)                                                                               \
	"<item><displayed " MDS "><stanza-id by='b' id='" id "' " SID "/></displayed></item>"
#define EVENT(node)                                                                                \
	"<event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" node                \
	"'>" ITEM("", "a") "</items></event>"
#define PUBLISH(type)                                                                              \
	"<iq type='" type "' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"            \
	"<publish node='urn:xmpp:mds:displayed:0'>" ITEM("", "a") "</publish></pubsub></iq>"

static const struct row wrapped[] = {
	{"E3 sent", M(CARBON("sent", FORWARDED(DELAY INNER))),
	 "message forward-delay=2026-03-02T10:00:00.000Z@- other wrap=sent " SAYS_INNER},
	{"E3 received", M(CARBON("received", FORWARDED(INNER DELAY))),
	 "message forward-delay=2026-03-02T10:00:00.000Z@- other wrap=received " SAYS_INNER},
	{"E3 version 1", M("<sent xmlns='urn:xmpp:carbons:1'>" FORWARDED(INNER) "</sent>"),
	 "message other wrap=sent " SAYS_INNER},
	{"E3 nothing held", M(CARBON("sent", "")), "message other"},
	{"E3 holds no iq", M(CARBON("sent", FORWARDED("<iq xmlns='jabber:client'/>"))),
	 "message other"},
	{"E3 forwarded elsewhere", M(CARBON("sent", "<forwarded>" INNER "</forwarded>")),
	 "message other"},
	{"E3 three namespaces",
	 M("<received id='r' " RECEIPTS "/><received id='m' " MARKERS
	   "/>" CARBON("received", FORWARDED(INNER))),
	 "message receipt=r mark-received=m other wrap=received " SAYS_INNER},
	{"E3 one message only", M(CARBON("sent", FORWARDED(INNER "<message id='2'/>"))),
	 "message other wrap=sent " SAYS_INNER},
	{"E3 outer goes on", M(CARBON("sent", FORWARDED(INNER)) "<body>o</body>"),
	 "message body=o part=o other wrap=sent " SAYS_INNER},
	{"K0 inherited namespace",
	 M(CARBON("sent", FORWARDED("<message id='i'><body>x</body>"
				    "<request " RECEIPTS "/></message>"))),
	 "message other wrap=sent [message id=i body=x part=x request other]"},
	{"E4", M("<result xmlns='urn:xmpp:mam:2'>" FORWARDED(DELAY INNER) "</result>"),
	 "message forward-delay=2026-03-02T10:00:00.000Z@- other archive " SAYS_INNER},
	{"E4 goes before E3",
	 M(CARBON("sent", FORWARDED(INNER)) "<result xmlns='urn:xmpp:mam:tmp'>" FORWARDED(
		 "<message id='2'/>") "</result>" FORWARDED(INNER)),
	 "message other archive [message id=2]"},
	{"E4 no version", M("<result xmlns='urn:xmpp:mam:'/>"), "message other"},
	{"E5 forwarded (F122)", M(FORWARDED(INNER)), "message other wrap=forwarded " SAYS_INNER},
	{"E5 forwarded, empty", M(FORWARDED("")), "message other wrap=forwarded"},
	{"E5 iq", M(FORWARDED("<iq xmlns='jabber:client' type='get' id='1'/>")),
	 "message other wrap=forwarded [iq id=1]"},
	{"E5 foreign inner",
	 M(FORWARDED("<message xmlns='urn:other' id='1'><body>x</body></message>")),
	 "message other wrap=forwarded [other bad-namespace]"},
	{"E5 carbon inside",
	 M(FORWARDED("<message xmlns='jabber:client' id='c'>" CARBON(
		 "sent", FORWARDED(INNER)) "</message>")),
	 "message other wrap=forwarded [message id=c other wrap=sent " SAYS_INNER "]"},
	{"E5 no deeper",
	 M(FORWARDED("<message id='1'>" FORWARDED(
		 "<message id='2'>" FORWARDED(INNER) "<body>y</body></message>") "</message>")),
	 "message other wrap=forwarded [message id=1 other wrap=forwarded "
	 "[message id=2 body=y part=y other wrap=forwarded]]"},
	{"E5 route", "<route from='h'><message id='1'><body>x</body></message></route>",
	 "route from=h wrap=route [message id=1 body=x part=x]"},
	{"E5 privilege",
	 M("<privilege xmlns='urn:xmpp:privilege:2'>" FORWARDED(INNER) "</privilege>"),
	 "message other privilege"},
	{"E5 pubsub", M(EVENT("urn:example")), "message other pubsub"},
	{"K18 event", M(EVENT("urn:xmpp:mds:displayed:0")), "message other pubsub mds-item=a@b"},
	{"K18 assist", M("<displayed " MDS "><stanza-id id='a' by='b' " SID "/></displayed>"),
	 "message other mds-child=a@b"},
	{"K18 assist goes first",
	 M(EVENT("urn:xmpp:mds:displayed:0") "<displayed " MDS "><stanza-id id='c' " SID
					     "/></displayed>"),
	 "message other pubsub mds-child=c@-"},
	{"K18 nothing named", M("<displayed " MDS "/>"), "message other"},
	{"K18 publish", PUBLISH("set"), "iq id=1 mds-item=a@b"},
	{"K18 result", PUBLISH("result"), "iq id=1"},
};

ROWS_TEST(roots_and_their_attributes, roots, "")
ROWS_TEST(content_and_its_digest, content, "")
ROWS_TEST(events_in_a_message, events, "")
ROWS_TEST(error_conditions, errors, "")
ROWS_TEST(stanzas_inside_stanzas, wrapped, "")
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_and_their_attributes),
		cmocka_unit_test(content_and_its_digest),
		cmocka_unit_test(events_in_a_message),
		cmocka_unit_test(error_conditions),
		cmocka_unit_test(stanzas_inside_stanzas),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
