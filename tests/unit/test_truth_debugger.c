// SPDX-License-Identifier: Apache-2.0
// The XML debugger's logs against what the clients themselves wrote down: each message that a client
// sent is there once, read from its full JID, and each that it received, written to it; nothing else
// has a direction; no text has a character that a network read destroyed. Times are compared where
// the log has some.
#include "tests/unit/openfire_truth.h"

struct capture {
	const char *name, *log, *truth;
	size_t sent_missing; // written by a client while its connection went down
	size_t destroyed;    // by cut characters, and nothing is interpreted: quarantined
	bool dated;
};

static const struct capture captures[] = {
	{"3.7.1, plugin 1.2", FULL("of371-en/logs/nohup.out.gz"),
	 FULL("of371-en/truth-events.jsonl"), 1, 0, false},
	{"3.7.1 in Chinese", DATA("of371-zh-java8names/nohup.out.gz"),
	 DATA("of371-zh-java8names/truth-events.jsonl.gz"), 0, 0, false},
	{"4.1.6, plugin 1.6", FULL("of416-en/logs/nohup.out.gz"),
	 FULL("of416-en/truth-events.jsonl"), 0, 0, false},
	{"4.1.6, nothing interpreted", DATA("of416-messages-only/nohup.out.gz"),
	 DATA("of416-messages-only/truth-events.jsonl.gz"), 0, 3, false},
	{"4.1.6 in Chinese", DATA("of416-zh/nohup.out.gz"), DATA("of416-zh/truth-events.jsonl.gz"),
	 0, 0, false},
	{"4.2.4, plugin 1.7.6", FULL("of424-en/logs/nohup.out.gz"),
	 FULL("of424-en/truth-events.jsonl"), 0, 0, true},
	{"4.2.4, second run", FULL("of424-logfile/logs/nohup.out"),
	 FULL("of424-logfile/truth-events.jsonl"), 0, 0, true},
	{"4.2.4, info.log", DATA("of424-logfile/info.log.gz"),
	 DATA("of424-logfile/truth-events.jsonl.gz"), 0, 0, true},
	{"4.2.4, all.log", FULL("of424-logfile/logs/all.log"),
	 FULL("of424-logfile/truth-events.jsonl"), 0, 0, true},
	{"4.9, openfire.log", FULL("constructed/openfire-4.9-with-xmldebugger.log.gz"),
	 FULL("of424-en/truth-events.jsonl"), 0, 0, true},
	{"plugin 1.7.2", DATA("constructed/xmldebugger-1.7.2.log.gz"),
	 DATA("of424-en/truth-events.jsonl.gz"), 0, 0, false},
	{"plugin 1.9.0", DATA("constructed/xmldebugger-1.9.0-netty.log.gz"),
	 DATA("of424-en/truth-events.jsonl.gz"), 0, 0, true},
};

static void check(const struct capture *capture)
{
	if (access(capture->log, R_OK)) {
		print_message("# %s: not here\n", capture->name);
		return;
	}
	struct truth *truth = xcalloc(1, sizeof *truth);
	struct buf log = file_bytes(capture->log);
	truth->name = capture->name;
	truth->dated = capture->dated;
	truth->near = 2 * USEC_PER_SEC;
	truth_read_log(truth, "openfire-debugger", "UTC", buf_view(&log));
	truth_read_events(truth, capture->truth, NULL);
	buf_free(&log);
	print_message("# %s: %zu of %zu sends and %zu of %zu receives missing, %zu and %zu left, "
		      "%zu destroyed\n",
		      capture->name, truth->sent_missing, truth->sent, truth->received_missing,
		      truth->received, truth->left_in, truth->left_out, truth->quarantined);
	assert_true(truth->sent > 30);
	assert_int_equal(truth->quarantined, capture->destroyed);
	assert_int_equal(truth->sent_missing, capture->sent_missing + capture->destroyed);
	assert_int_equal(truth->received_missing, 0);
	assert_int_equal(truth->left_in, 0);
	assert_int_equal(truth->left_out, 0);
	truth_free(truth);
}

static void debugger_agrees_with_the_clients(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof captures / sizeof *captures; i++)
		check(&captures[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(debugger_agrees_with_the_clients)};
	return cmocka_run_group_tests_name("XML debugger against the clients' truth", tests, NULL,
					   NULL);
}
