// SPDX-License-Identifier: Apache-2.0
// Every dialect's row, each defined in its own file.
#ifndef INGEST_DIALECTS_TABLE_H
#define INGEST_DIALECTS_TABLE_H

#include "ingest/dialect.h"

extern const struct dialect_type openfire_audit_dialect;
extern const struct dialect_type ejabberd_debug_dialect;
extern const struct dialect_type ejabberd_lager_dialect;
extern const struct dialect_type openfire_debugger_dialect;
extern const struct dialect_type openfire_chatlogs_dialect;
extern const struct dialect_type prosody_dialect;
extern const struct dialect_type prosody_console_dialect;
extern const struct dialect_type prosody_syslog_dialect;
extern const struct dialect_type observations_dialect;
extern const struct dialect_type pattern_dialect;
extern const struct dialect_type spool_dialect;
extern const struct dialect_type tigase_dialect;

// Of logs that are recognised and refused: below what is certain enough, with the reason.
int mongooseim_score(struct text head, const char **why);

#endif
