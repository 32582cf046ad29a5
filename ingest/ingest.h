// SPDX-License-Identifier: Apache-2.0
// The door of this room: commands that receiptd.c has in its table.
#ifndef INGEST_INGEST_H
#define INGEST_INGEST_H

#include "core/app.h"

// explain FILE...: what a log is, how sure that is, and what an import would store. Writes nothing.
int cmd_explain(struct app *app, int argc, char **argv);

// import FILE...: reads whole files once; a file that was read before adds nothing.
int cmd_import(struct app *app, int argc, char **argv);

// reprocess: drops an interval with its positions and reads its logs again.
int cmd_reprocess(struct app *app, int argc, char **argv);

// doctor: what is wrong with the configured sources, and what to change. Changes nothing.
int cmd_doctor(struct app *app, int argc, char **argv);

#endif
