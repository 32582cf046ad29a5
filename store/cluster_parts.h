// SPDX-License-Identifier: Apache-2.0
// Inside of store/cluster*.c: who runs the private cluster, where it is, and what makes it.
//
//	base/pg           the data folder of PostgreSQL, owned by the user that runs it
//	base/pg.new       one that is being made; removed or renamed to pg
//	base/pg.log       what initdb and the server say before the server's own log is open
//	base/run          the socket (elsewhere when the path would be too long); there while it runs
//	base/cluster.lock shared lock: its holder uses the server
//	base/start.lock   exclusive lock: its holder makes, starts or stops the server
#ifndef STORE_CLUSTER_PARTS_H
#define STORE_CLUSTER_PARTS_H

#include "store/cluster.h"

#include <sys/types.h>

#define CLUSTER_USER "receiptd" // system user, database and role

struct cluster {
	struct app *app;
	uid_t uid; // who runs the server
	gid_t gid;
	char *user; // name of uid
	char *base; // see above
	char *data; // base/pg
	char *run;  // folder of the socket
	char *bin;  // folder of initdb and postgres
	char *conninfo;
	int share;   // descriptor of cluster.lock, -1
	pid_t child; // the server when this object started it, else 0
};

char *path_join(const char *folder, const char *name); // owned by the caller

// --- cluster_user.c ---

// Fills uid, gid and user. Root: the system user, made when it is missing.
bool cluster_find_user(struct cluster *cluster, struct err *err);

struct child_files {
	int in, out; // descriptors that become standard input, and output with error; -1 = /dev/null
	bool detach; // a session of its own: Ctrl-C at our terminal does not reach it
	bool bound;  // ends when we end
};

// Forks. In the child (returns 0): rights dropped to cluster->uid for good, umask 077, signals
// as at the start of a program, nothing open but the three standard descriptors.
// The child must end in cluster_exec or _exit. Parent: its id, or -1.
pid_t cluster_fork(const struct cluster *cluster, const struct child_files *files);
// In the child: runs a program by its path; argv are its arguments after the name, at most 14,
// ended by NULL. Its environment holds nothing of ours.
_Noreturn void cluster_exec(const char *path, const char *const *argv);
// In the parent: waits; exit status, or -1 when it was killed.
int child_wait(pid_t child);

// --- cluster_place.c ---

// Fills base (made when it is missing), data and run.
bool cluster_find_place(struct cluster *cluster, struct err *err);
// Makes run or proves that it is ours alone, before anything is connected to.
bool cluster_make_run(const struct cluster *cluster, struct err *err);

// --- cluster_make.c ---

bool cluster_find_programs(struct cluster *cluster, struct err *err); // fills bin
bool cluster_make(struct cluster *cluster, struct err *err);      // initdb when there is no cluster
bool cluster_configure(struct cluster *cluster, struct err *err); // writes our settings
int cluster_log_open(const struct cluster *cluster);              // base/pg.log; -1

#endif
