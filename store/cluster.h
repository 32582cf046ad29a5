// SPDX-License-Identifier: Apache-2.0
// The embedded PostgreSQL: a private cluster in the data folder. Unix socket only (folder 0700, path
// under the 107-byte limit), never run as root (started by root it runs as system user "receiptd",
// made if missing, else "postgres"), durable settings, JIT off. Several commands may use it at once: whoever finds it
// stopped starts it; the one that started it stops it when the last of its own users is done,
// unless another receiptd process still uses it.
#ifndef STORE_CLUSTER_H
#define STORE_CLUSTER_H

#include "core/app.h"
#include "core/buf.h"

struct cluster; // opaque

// Makes it when it is not there (initdb, database "receiptd"), starts it when it does not run.
// Errors: ERR_USAGE when no PostgreSQL of a supported version is installed (says which package),
// ERR_DATABASE when it does not start (names its log file).
bool cluster_start(struct app *app, struct cluster **cluster, struct err *err);
// Conninfo for libpq.
const char *cluster_conninfo(const struct cluster *cluster);
// Releases it; stops the server (fast) when nobody else uses it.
void cluster_release(struct cluster *cluster);

#endif
