// SPDX-License-Identifier: Apache-2.0
#include "ingest/spool_format.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static const char block_word[] = "block ", mark_word[] = "ok ";

// ---- numbers of a line

static bool take_number(struct text *line, int64_t *number)
{
	size_t i = 0;
	uint64_t value = 0;
	while (line->n && line->p[0] == ' ')
		*line = (struct text){line->p + 1, line->n - 1};
	bool minus = line->n && line->p[0] == '-';
	for (i = minus; i < line->n && line->p[i] >= '0' && line->p[i] <= '9'; i++) {
		if (value > (uint64_t)INT64_MAX / 10 - 1)
			return false;
		value = value * 10 + (uint64_t)(line->p[i] - '0');
	}
	if (i == minus)
		return false;
	*number = minus ? -(int64_t)value : (int64_t)value;
	*line = (struct text){line->p + i, line->n - i};
	return true;
}

static bool take_hex(struct text *line, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";
	if (line->n < 17 || line->p[0] != ' ')
		return false;
	*value = 0;
	for (size_t i = 1; i <= 16; i++) {
		const char *digit = line->p[i] ? strchr(digits, line->p[i]) : NULL;
		if (!digit)
			return false;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	*line = (struct text){line->p + 17, line->n - 17};
	return true;
}

// ---- blocks

static uint64_t digest(struct text bytes)
{
	unsigned char sum[crypto_generichash_BYTES_MIN];
	uint64_t value = 0;
	crypto_generichash(sum, sizeof sum, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
	for (size_t i = 0; i < 8; i++)
		value = value << 8 | sum[i];
	return value;
}

uint64_t spool_hash(struct text text)
{
	uint64_t value = digest(text);
	return value ? value : 1;
}

void spool_block_write(struct buf *out, uint64_t delivery, struct text payload)
{
	size_t from = out->len;
	buf_printf(out, "%s%zu %016" PRIx64 " %016" PRIx64, block_word, payload.n, delivery,
		   digest(payload));
	uint64_t sum = digest((struct text){out->data + from, out->len - from});
	buf_printf(out, " %016" PRIx64 "\n", sum);
	buf_text(out, payload);
	buf_char(out, '\n');
}

void spool_mark_write(struct buf *out, int64_t upto)
{
	buf_printf(out, "%s%" PRId64 "\n", mark_word, upto);
}

struct head {
	int64_t bytes;
	uint64_t delivery, payload;
};

static bool read_head(struct text line, struct head *head)
{
	struct text whole = line;
	uint64_t sum;
	line = (struct text){line.p + sizeof block_word - 1, line.n - (sizeof block_word - 1)};
	if (!take_number(&line, &head->bytes) || !take_hex(&line, &head->delivery) ||
	    !take_hex(&line, &head->payload))
		return false;
	size_t covered = (size_t)(line.p - whole.p);
	return take_hex(&line, &sum) && !line.n && head->bytes >= 0 &&
	       head->bytes <= SPOOL_PAYLOAD_MOST && sum == digest((struct text){whole.p, covered});
}

// Where the next block or mark may begin, behind a newline.
static enum spool_found skip_damage(struct text bytes, struct spool_block *block)
{
	for (size_t at = 1; at < bytes.n; at++) {
		struct text rest = {bytes.p + at, bytes.n - at};
		if (bytes.p[at - 1] != '\n' ||
		    (!text_starts(rest, block_word) && !text_starts(rest, mark_word)))
			continue;
		block->size = at;
		return SPOOL_DAMAGED;
	}
	block->size = bytes.n;
	return bytes.n > SPOOL_PAYLOAD_MOST ? SPOOL_DAMAGED : SPOOL_MORE;
}

static bool may_become(struct text bytes, const char *word)
{
	size_t n = strlen(word);
	return memcmp(bytes.p, word, bytes.n < n ? bytes.n : n) == 0;
}

static enum spool_found look_mark(struct text bytes, struct spool_block *block)
{
	size_t look = bytes.n < SPOOL_HEAD_MOST ? bytes.n : SPOOL_HEAD_MOST;
	const char *end = memchr(bytes.p, '\n', look);
	if (!end)
		return bytes.n < SPOOL_HEAD_MOST ? SPOOL_MORE : skip_damage(bytes, block);
	struct text line = {bytes.p + 2, (size_t)(end - bytes.p) - 2};
	if (!take_number(&line, &block->upto) || line.n)
		return skip_damage(bytes, block);
	block->size = (size_t)(end - bytes.p) + 1;
	return SPOOL_MARK;
}

static enum spool_found look_block(struct text bytes, struct spool_block *block)
{
	struct head head;
	size_t look = bytes.n < SPOOL_HEAD_MOST ? bytes.n : SPOOL_HEAD_MOST;
	const char *end = memchr(bytes.p, '\n', look);
	if (!end)
		return bytes.n < SPOOL_HEAD_MOST ? SPOOL_MORE : skip_damage(bytes, block);
	size_t n = (size_t)(end - bytes.p);
	if (!read_head((struct text){bytes.p, n}, &head))
		return skip_damage(bytes, block);
	size_t whole = n + 1 + (size_t)head.bytes + 1;
	if (bytes.n < whole)
		return SPOOL_MORE;
	block->payload = (struct text){end + 1, (size_t)head.bytes};
	block->delivery = head.delivery;
	block->size = whole;
	bool right = bytes.p[whole - 1] == '\n' && digest(block->payload) == head.payload;
	return right ? SPOOL_BLOCK : SPOOL_DAMAGED; // the head is right: so is the length
}

enum spool_found spool_look(struct text bytes, struct spool_block *block)
{
	*block = (struct spool_block){0};
	if (!bytes.n)
		return SPOOL_MORE;
	if (text_starts(bytes, mark_word))
		return look_mark(bytes, block);
	if (text_starts(bytes, block_word))
		return look_block(bytes, block);
	return may_become(bytes, mark_word) || may_become(bytes, block_word)
		       ? SPOOL_MORE
		       : skip_damage(bytes, block);
}

// ---- items

static int64_t length_of(struct text text)
{
	return text.p ? (int64_t)text.n : -1;
}

static void write_stanza(struct buf *out, const struct spool_item *item)
{
	buf_printf(out, "stanza %" PRId64 " %d %" PRId64 " %zu\n", item->at, (int)item->dir,
		   length_of(item->session), item->xml.n);
	buf_text(out, item->session);
	buf_text(out, item->xml);
}

static void write_gap(struct buf *out, const struct spool_item *item)
{
	buf_printf(out, "gap %" PRId64 " %" PRId64 " %" PRId64 " %zu\n", item->since, item->at,
		   item->lost, item->reason.n);
	buf_text(out, item->reason);
}

static void write_unreadable(struct buf *out, const struct spool_item *item)
{
	buf_printf(out, "unreadable %" PRId64 " %zu %zu\n", item->at, item->reason.n, item->xml.n);
	buf_text(out, item->reason);
	buf_text(out, item->xml);
}

void spool_item_write(struct buf *out, const struct spool_item *item)
{
	static void (*const writers[])(struct buf *, const struct spool_item *) = {
		[SPOOL_STANZA] = write_stanza,
		[SPOOL_GAP] = write_gap,
		[SPOOL_UNREADABLE] = write_unreadable,
	};
	writers[item->kind](out, item);
	buf_char(out, '\n');
}

void spool_stream_write(struct buf *out, struct text name, int64_t number)
{
	buf_printf(out, "stream %" PRId64 " %zu\n", number, name.n);
	buf_text(out, name);
	buf_char(out, '\n');
}

void spool_delivery_write(struct buf *out, uint64_t hash, usec_t at)
{
	buf_printf(out, "delivery %016" PRIx64 " %" PRId64 "\n", hash, at);
}

void spool_last_write(struct buf *out, usec_t at)
{
	buf_printf(out, "last %" PRId64 "\n", at);
}

// A text of so many bytes; -1: absent.
static bool take_text(struct text *rest, int64_t n, struct text *out)
{
	*out = TEXT_NONE;
	if (n < 0)
		return n == -1;
	if ((uint64_t)n > rest->n)
		return false;
	*out = (struct text){rest->p, (size_t)n};
	*rest = (struct text){rest->p + n, rest->n - (size_t)n};
	return true;
}

static bool read_stanza(struct text line, struct text *rest, struct spool_entry *entry)
{
	int64_t at, dir, session, xml;
	if (!take_number(&line, &at) || !take_number(&line, &dir) ||
	    !take_number(&line, &session) || !take_number(&line, &xml) || dir < 0 ||
	    dir >= DIR_COUNT)
		return false;
	entry->item =
		(struct spool_item){.kind = SPOOL_STANZA, .at = at, .dir = (enum direction)dir};
	return take_text(rest, session, &entry->item.session) &&
	       take_text(rest, xml, &entry->item.xml);
}

static bool read_gap(struct text line, struct text *rest, struct spool_entry *entry)
{
	int64_t since, at, lost, reason;
	if (!take_number(&line, &since) || !take_number(&line, &at) || !take_number(&line, &lost) ||
	    !take_number(&line, &reason))
		return false;
	entry->item =
		(struct spool_item){.kind = SPOOL_GAP, .since = since, .at = at, .lost = lost};
	return take_text(rest, reason, &entry->item.reason);
}

static bool read_unreadable(struct text line, struct text *rest, struct spool_entry *entry)
{
	int64_t at, reason, raw;
	if (!take_number(&line, &at) || !take_number(&line, &reason) || !take_number(&line, &raw))
		return false;
	entry->item = (struct spool_item){.kind = SPOOL_UNREADABLE, .at = at};
	return take_text(rest, reason, &entry->item.reason) &&
	       take_text(rest, raw, &entry->item.xml);
}

static bool read_stream(struct text line, struct text *rest, struct spool_entry *entry)
{
	int64_t name;
	return take_number(&line, &entry->number) && take_number(&line, &name) &&
	       take_text(rest, name, &entry->stream);
}

static bool read_delivery(struct text line, struct text *rest, struct spool_entry *entry)
{
	(void)rest;
	return take_hex(&line, &entry->delivery) && take_number(&line, &entry->item.at);
}

static bool read_last(struct text line, struct text *rest, struct spool_entry *entry)
{
	(void)rest;
	return take_number(&line, &entry->item.at);
}

static const struct reader {
	const char *word;
	enum spool_what what;
	bool text; // and so a newline behind it
	bool (*read)(struct text line, struct text *rest, struct spool_entry *entry);
} readers[] = {
	{"stanza", IS_STANZA, true, read_stanza},
	{"gap", IS_GAP, true, read_gap},
	{"unreadable", IS_UNREADABLE, true, read_unreadable},
	{"stream", IS_STREAM, true, read_stream},
	{"delivery", IS_DELIVERY, false, read_delivery},
	{"last", IS_LAST, false, read_last},
};

static const struct reader *reader_of(struct text *line)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		size_t n = strlen(readers[i].word);
		if (!text_starts(*line, readers[i].word) || line->n == n || line->p[n] != ' ')
			continue;
		*line = (struct text){line->p + n, line->n - n};
		return &readers[i];
	}
	return NULL;
}

bool spool_entry_read(struct text payload, struct text *rest, struct spool_entry *entry)
{
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	if (!end)
		return false;
	*entry = (struct spool_entry){.offset = (size_t)(rest->p - payload.p)};
	struct text line = {rest->p, (size_t)(end - rest->p)};
	struct text left = {end + 1, rest->n - line.n - 1};
	const struct reader *reader = reader_of(&line);
	if (!reader || !reader->read(line, &left, entry))
		return false;
	entry->what = reader->what;
	if (reader->text) {
		if (!left.n || left.p[0] != '\n')
			return false;
		left = (struct text){left.p + 1, left.n - 1};
	}
	entry->size = (size_t)(left.p - rest->p);
	*rest = left;
	return true;
}
