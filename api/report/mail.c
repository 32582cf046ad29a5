// SPDX-License-Identifier: Apache-2.0
// The mail of a report: a line of text, and the page as an attachment.
#include "api/report/deliver.h"
#include "api/report/report.h"

#include <sodium.h>
#include <stdio.h>

enum { LINE_BYTES = 57 }; // 76 characters of base64

static bool is_plain(const char *address)
{
	for (; *address; address++) {
		if ((unsigned char)*address < ' ' || *address == 0x7f)
			return false;
	}
	return true;
}

static bool put_addresses(struct buf *out, const struct settings *settings, struct err *err)
{
	const char *from = settings->report_mail_from;
	bool fine = !from || is_plain(from);
	if (from)
		buf_printf(out, "From: %s\r\n", from);
	for (size_t i = 0; i < settings->report_mail.count; i++) {
		fine = fine && is_plain(settings->report_mail.items[i]);
		buf_printf(out, "%s%s", i ? ",\r\n " : "To: ", settings->report_mail.items[i]);
	}
	buf_zstr(out, "\r\n");
	return fine || err_set(err, ERR_USAGE, "report_mail: an address has a control character");
}

static void put_base64(struct buf *out, struct text bytes)
{
	char line[LINE_BYTES * 2];
	for (size_t i = 0; i < bytes.n; i += LINE_BYTES) {
		size_t n = bytes.n - i < LINE_BYTES ? bytes.n - i : LINE_BYTES;
		sodium_bin2base64(line, sizeof line, (const unsigned char *)bytes.p + i, n,
				  sodium_base64_VARIANT_ORIGINAL);
		buf_printf(out, "%s\r\n", line);
	}
}

// Made of the bytes, so that the same report is the same mail; base64 cannot hold it.
static void make_boundary(char out[40], struct text bytes)
{
	unsigned char hash[16];
	crypto_generichash(hash, sizeof hash, (const unsigned char *)bytes.p, bytes.n, NULL, 0);
	snprintf(out, 40, "=_");
	sodium_bin2hex(out + 2, 38, hash, sizeof hash);
}

// Names of files are made of harmless characters alone (file_name_part), and so is the name in the subject.
bool report_mail(struct buf *out, const struct settings *settings, const struct report_due *due,
		 struct err *err)
{
	char boundary[40], day[USEC_TEXT];
	make_boundary(boundary, due->content);
	usec_format(due->key.day, 0, day);
	day[10] = '\0';
	if (!put_addresses(out, settings, err))
		return false;
	buf_printf(out, "Subject: Message report, %s %s, revision %d: %s\r\n", due->key.period, day,
		   due->key.revision, due->incomplete ? "INCOMPLETE" : "complete");
	buf_printf(out,
		   "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		   "Content-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n",
		   boundary);
	buf_printf(
		out,
		"--%s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
		"%s: the report of the %s that begins on %s (%s) is attached, revision %d%s.\r\n",
		boundary, due->incomplete ? "INCOMPLETE" : "Complete", due->key.period, day,
		due->key.zone, due->key.revision, due->final ? ", final" : "");
	buf_printf(out,
		   "\r\n--%s\r\nContent-Type: text/html; charset=utf-8\r\n"
		   "Content-Transfer-Encoding: base64\r\n"
		   "Content-Disposition: attachment; filename=\"%.*s\"\r\n\r\n",
		   boundary, (int)due->name.n, due->name.p);
	put_base64(out, due->content);
	buf_printf(out, "--%s--\r\n", boundary);
	return true;
}
