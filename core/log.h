// SPDX-License-Identifier: Apache-2.0
// One line per event: "<time> <level> <event> key=value ...", or the same without the time when
// standard error is the journal. Values are quoted when they need it and control characters are
// escaped, so a hostile log line cannot forge one of ours. Thread-safe: one write(2) per line.
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "core/text.h"

#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log; // opaque, made by receiptd.c, handed to everybody

enum log_type { LOG_END, LOG_TEXT, LOG_ZSTR, LOG_INT };

struct log_field {
	enum log_type type;
	const char *key;
	struct text text;
	int64_t number;
};

#define LOG_S(key, zstr) ((struct log_field){LOG_ZSTR, (key), text_of(zstr), 0})
#define LOG_T(key, slice) ((struct log_field){LOG_TEXT, (key), (slice), 0})
#define LOG_I(key, value) ((struct log_field){LOG_INT, (key), TEXT_NONE, (int64_t)(value)})

struct log *log_new(int fd, enum log_level level);
void log_free(struct log *log);
bool log_level_parse(const char *name, enum log_level *level);

// log may be NULL (then nothing is written). fields ends with an element of type LOG_END.
void log_write(struct log *log, enum log_level level, const char *event,
	       const struct log_field *fields);

#define log_error(log, event, ...) LOG_AT(log, LOG_ERROR, event, __VA_ARGS__)
#define log_warn(log, event, ...) LOG_AT(log, LOG_WARN, event, __VA_ARGS__)
#define log_info(log, event, ...) LOG_AT(log, LOG_INFO, event, __VA_ARGS__)
#define log_debug(log, event, ...) LOG_AT(log, LOG_DEBUG, event, __VA_ARGS__)
#define LOG_AT(log, level, event, ...)                                                             \
	log_write((log), (level), (event),                                                         \
		  (const struct log_field[]){__VA_ARGS__, {LOG_END, NULL, {NULL, 0}, 0}})

#endif
