// SPDX-License-Identifier: Apache-2.0
// The head of a request, judged on its raw bytes before libmicrohttpd sees it. That library cuts
// strings at NUL, takes bare LF for a line end and Content-Length beside Transfer-Encoding, so what
// is ambiguous is refused here: there is only one reading of what passes (F138, F139, F140, F141).
#ifndef API_HTTP_HEAD_H
#define API_HTTP_HEAD_H

#include "core/text.h"

enum { HEAD_MAX = 16 * 1024, HEAD_TARGET_MAX = 8 * 1024, HEAD_LINES_MAX = 64 };

enum head_state { HEAD_MORE, HEAD_GOOD, HEAD_BAD };

struct head {
	int status;                 // HEAD_BAD: 400, 408, 413, 414, 431, 505
	const char *detail;         // HEAD_BAD: a sentence
	struct text method, target; // HEAD_GOOD, in the bytes given
	size_t lines;               // header fields
	int hosts, lengths;
	bool chunked;    // a Transfer-Encoding of any kind
	bool minor_zero; // HTTP/1.0
};

// Looks at the first bytes of a connection; HEAD_MORE while the blank line is not there yet.
enum head_state head_check(struct text bytes, struct head *head);

#endif
