// SPDX-License-Identifier: Apache-2.0
// Audit logs of messages alone (no iq, no presence): the sessions must be learnt from what is sent.
// One capture is of that kind; of the others all else is taken out. At least 98 of 100 sends and
// receives have the right direction, and nothing has a wrong one.
#include "tests/unit/openfire_truth.h"

struct capture {
	const char *name, *zone, *folder;
	const char *logs[3];
	size_t left_in, left_out; // written to a client that was gone, or came late to it
};

#define LOG(number) "jive.audit-20261122-00" number ".log.gz"

static const struct capture captures[] = {
	{"messages only", "UTC", DATA("of416-messages-only/"), {LOG("0")}, 0, 0},
	{"4.1.6", "UTC", DATA("of416-en/"), {LOG("0"), LOG("1"), LOG("2")}, 0, 0},
	{"3.7.1", "UTC", DATA("of371-en/"), {LOG("0"), LOG("1")}, 0, 2},
	{"4.2.4", "UTC", DATA("of424-en/"), {LOG("0")}, 0, 0},
	{"4.1.6 in Chinese", "Asia/Shanghai", DATA("of416-zh/"), {LOG("0")}, 0, 0},
	{"3.7.1 in Chinese", "Asia/Shanghai", DATA("of371-zh-java8names/"), {LOG("0")}, 0, 0},
};

// Packets whose stanza is a message, and what is between packets.
static struct buf messages_of(struct text log)
{
	struct buf out = {0};
	static const char begin[] = "<packet ", end[] = "</packet>";
	while (log.n) {
		const char *packet = memmem(log.p, log.n, begin, sizeof begin - 1);
		const char *close = packet ? memmem(packet, (size_t)(log.p + log.n - packet), end,
						    sizeof end - 1)
					   : NULL;
		const char *stop = close ? close + sizeof end - 1 : log.p + log.n;
		const char *child = packet ? memchr(packet, '>', (size_t)(stop - packet)) : NULL;
		size_t before = packet ? (size_t)(packet - log.p) : log.n;
		buf_add(&out, log.p, before);
		if (child && text_starts((struct text){child, (size_t)(stop - child)}, "><message"))
			buf_add(&out, packet, (size_t)(stop - packet));
		log = (struct text){stop, (size_t)(log.p + log.n - stop)};
	}
	return out;
}

static void check(const struct capture *capture)
{
	struct truth *truth = xcalloc(1, sizeof *truth);
	char path[256], gaps[256];
	truth->name = capture->name;
	truth->dated = true;
	truth->near = USEC_PER_SEC;
	for (size_t i = 0; i < 3 && capture->logs[i]; i++) {
		(void)snprintf(path, sizeof path, "%s%s", capture->folder, capture->logs[i]);
		struct buf log = file_bytes(path), messages = messages_of(buf_view(&log));
		truth_read_log(truth, "openfire-audit", capture->zone, buf_view(&messages));
		buf_free(&log);
		buf_free(&messages);
	}
	(void)snprintf(path, sizeof path, "%struth-events.jsonl.gz", capture->folder);
	(void)snprintf(gaps, sizeof gaps, "%saudit-gaps.json", capture->folder);
	truth_read_events(truth, path, gaps);
	print_message("# %s: %zu of %zu sends and %zu of %zu receives missing, %zu and %zu left\n",
		      capture->name, truth->sent_missing, truth->sent, truth->received_missing,
		      truth->received, truth->left_in, truth->left_out);
	assert_true(truth->sent > 30);
	assert_true(truth->sent_missing * 100 <= truth->sent * 2);
	assert_true(truth->received_missing * 100 <= truth->received * 2);
	assert_int_equal(truth->left_in, capture->left_in);
	assert_int_equal(truth->left_out, capture->left_out);
	truth_free(truth);
}

static void directions_are_learnt_from_messages_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++)
		check(&captures[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directions_are_learnt_from_messages_alone)};
	return cmocka_run_group_tests_name("audit logs of messages alone", tests, NULL, NULL);
}
