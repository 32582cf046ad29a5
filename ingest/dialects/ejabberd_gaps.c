// SPDX-License-Identifier: Apache-2.0
// ejabberd's logger drops what is beyond its limit (500 lines a second by default), and says so only
// in some versions (F50). Otherwise it is seen by what is missing: the server ran the hook of an element
// whose read is not there. What is seen within about a second is one gap.
#include "ingest/dialects/ejabberd.h"
#include "ingest/dialects/fact.h"
#include "ingest/reassembly.h"

static int64_t number_at(struct text text)
{
	return text.n && text.p[0] >= '0' && text.p[0] <= '9' ? (int64_t)fact_number(text) : -1;
}

int64_t ejabberd_dropped(const struct ejabberd_line *line, const char **cause)
{
	// lager: by its file backend, its error_logger handler, its console
	static const char *const lager[] = {"lager_file_backend dropped ",
					    "lager_error_logger_h dropped ",
					    "lager_console_backend dropped "};
	struct text text = line->text;
	*cause = "the server's logger dropped lines";
	for (size_t i = 0; i < sizeof lager / sizeof *lager; i++)
		if (text_starts(text, lager[i]) &&
		    text_after(text, " messages in the last second").p)
			return number_at(text_after(text, " dropped "));
	if (!text_starts(text, "Handler ")) // Erlang's logger
		return 0;
	if (text_after(text, " flushed ").p && text_after(text, " log events").p)
		return number_at(text_after(text, " flushed "));
	return text_after(text, " to drop mode").p ? -1 : 0;
}

int64_t ejabberd_sent_count(const struct ejabberd_line *line)
{
	if (!text_starts(line->location, "mod_stream_mgmt:check_h_attribute") || !line->process.p)
		return -1;
	struct text rest = text_after(line->text, " acknowledged ");
	return rest.p && text_after(rest, " stanzas").p ? number_at(text_after(rest, " of ")) : -1;
}

// Hooks that the server runs in the process of a client's connection, once for each element that it has
// read or written.
int ejabberd_report(const struct ejabberd_line *parts)
{
	static const char begins[] = "Running hook ";
	static const char *const hooks[READ_REPORTS + WRITE_REPORTS] = {
		"c2s_handle_recv: mod_stream_mgmt:c2s_handle_recv/",
		"c2s_authenticated_packet: mod_stream_mgmt:c2s_authenticated_packet/",
		"c2s_authenticated_packet: mod_client_state:c2s_authenticated_packet/",
		"user_send_packet: mod_privacy:user_send_packet/",
		"user_send_packet: mod_caps:user_send_packet/",
		"user_send_packet: mod_carboncopy:user_send_packet/",
		"user_send_packet: mod_mam:user_send_packet_strip_tag/",
		"c2s_handle_send: mod_stream_mgmt:c2s_handle_send/"};
	if (!text_starts(parts->text, begins) || !text_starts(parts->location, "ejabberd_hooks:") ||
	    !parts->process.p)
		return -1;
	size_t n = sizeof begins - 1;
	struct text rest = {parts->text.p + n, parts->text.n - n};
	for (int i = 0; i < READ_REPORTS + WRITE_REPORTS; i++)
		if (text_starts(rest, hooks[i]))
			return i;
	return -1;
}

void ejabberd_gap_init(struct ejabberd_gap *gap)
{
	*gap = (struct ejabberd_gap){.lossy = USEC_NONE};
}

void ejabberd_gap_lossy(struct ejabberd_gap *gap, usec_t since, uint64_t offset)
{
	if (gap->lossy != USEC_NONE)
		return;
	gap->lossy = since;
	gap->lossy_offset = offset;
}

void ejabberd_gap_add(struct ejabberd_gap *gap, usec_t from, usec_t to, uint64_t offset)
{
	if (to == USEC_NONE || (gap->lost && offset <= gap->last)) // counted before a restart
		return;
	if (!gap->lost)
		gap->from = from;
	gap->lost++;
	gap->to = to;
	gap->last = offset;
	ejabberd_gap_lossy(gap, to, offset);
	gap->changed = true;
}

bool ejabberd_gap_is_over(const struct ejabberd_gap *gap, usec_t now)
{
	return gap->lost && now != USEC_NONE && now - gap->to > USEC_PER_SEC;
}

void ejabberd_gap_teach(struct ejabberd_gap *gap, struct later *later)
{
	char text[32];
	if (gap->lossy == USEC_NONE || gap->told)
		return;
	int n = snprintf(text, sizeof text, "%" PRId64, gap->lossy);
	later_put(later, gap->lossy_offset, TEXT("lossy"), (struct text){text, (size_t)n});
	gap->told = true;
}

void ejabberd_gap_save(struct ejabberd_gap *gap, const struct dialect_sink *sink)
{
	char text[128];
	if (gap->changed && gap->lost) {
		int n = snprintf(text, sizeof text, "%" PRId64 ":%" PRId64 ":%" PRId64 ":%" PRIu64,
				 gap->from, gap->to, gap->lost, gap->last);
		sink->remember(sink->self, TEXT("gap"), (struct text){text, (size_t)n});
	} else if (gap->changed) {
		sink->remember(sink->self, TEXT("gap"), TEXT_NONE);
	}
	gap->changed = false;
}

void ejabberd_gap_recall(struct ejabberd_gap *gap, struct text key, struct text value)
{
	uint64_t numbers[4] = {0};
	if (text_is(key, "lossy")) {
		gap->lossy = (usec_t)fact_number(value);
		gap->told = true;
		return;
	}
	for (size_t i = 0; i < 4 && value.n; i++) {
		const char *colon = memchr(value.p, ':', value.n);
		numbers[i] = fact_number(value);
		size_t n = colon ? (size_t)(colon - value.p) + 1 : value.n;
		value = (struct text){value.p + n, value.n - n};
	}
	gap->from = (usec_t)numbers[0];
	gap->to = (usec_t)numbers[1];
	gap->lost = (int64_t)numbers[2];
	gap->last = numbers[3];
}
