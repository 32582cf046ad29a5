// SPDX-License-Identifier: Apache-2.0
// The records of sockets, which may go on over many lines.
#include "ingest/dialects/ejabberd.h"

enum { TERM_LIMIT = 4 << 20 };

bool ejabberd_record_open(struct ejabberd_record *p, const struct ejabberd_line *parts,
			  const struct line *line)
{
	static const char received[] = "Received XML on stream = ",
			  sent[] = "Send XML on stream = ";
	bool is_received = text_starts(parts->text, received);
	struct text connection = ejabberd_connection(parts);
	if (!connection.p || (!is_received && !text_starts(parts->text, sent)))
		return false;
	size_t skip = is_received ? sizeof received - 1 : sizeof sent - 1;
	p->open = true;
	p->received = is_received;
	p->too_long = line->kind == LINE_LONG;
	p->cut = line->kind == LINE_CUT;
	p->offset = line->offset;
	p->length = line->length;
	p->connection.len = p->stamp.len = p->term.len = 0;
	buf_text(&p->connection, connection);
	buf_text(&p->stamp, parts->stamp);
	buf_add(&p->term, parts->text.p + skip, parts->text.n - skip);
	return true;
}

void ejabberd_record_continue(struct ejabberd_record *p, const struct line *line)
{
	p->length += line->length;
	p->cut = p->cut || line->kind == LINE_CUT;
	if (p->too_long || line->kind == LINE_LONG || p->term.len + line->text.n > TERM_LIMIT) {
		p->too_long = true;
		return;
	}
	buf_char(&p->term, '\n');
	buf_text(&p->term, line->text);
}

void ejabberd_record_free(struct ejabberd_record *record)
{
	buf_free(&record->connection);
	buf_free(&record->stamp);
	buf_free(&record->term);
}
