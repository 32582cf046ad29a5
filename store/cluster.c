// SPDX-License-Identifier: Apache-2.0
// Starting, sharing and stopping the private cluster. Two locks (see cluster_parts.h) make the
// life of the server plain: whoever makes, starts or stops it holds start.lock; whoever uses it
// holds cluster.lock shared. Locks end with their process, so a kill -9 leaves nothing to clean
// up: the server goes on, the next user finds it, the last one stops it.
#include "store/cluster_parts.h"

#include "core/arena.h"
#include "store/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_PATIENCE (60 * USEC_PER_SEC) // crash recovery replays up to 1 GB of WAL
#define STOP_PATIENCE (30 * USEC_PER_SEC)

enum { NAP_MS = 50, START_TRIES = 10 };

// --- locks ---

static int lock_open(const struct cluster *cluster, const char *name)
{
	char *path = path_join(cluster->base, name);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	return fd;
}

static bool lock_wait(const struct app *app, int fd, int kind, usec_t patience)
{
	usec_t deadline = usec_monotonic() + patience;
	while (flock(fd, kind | LOCK_NB) != 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || usec_monotonic() > deadline ||
		    (app->stop && *app->stop))
			return false;
		poll(NULL, 0, NAP_MS);
	}
	return true;
}

static int lock_start(const struct cluster *cluster, usec_t patience, struct err *err)
{
	int fd = lock_open(cluster, "start.lock");
	if (fd >= 0 && lock_wait(cluster->app, fd, LOCK_EX, patience))
		return fd;
	err_set(err, ERR_DATABASE, "embedded database: %s/start.lock: %s", cluster->base,
		fd < 0 ? strerror(errno) : "another receiptd holds it");
	if (fd >= 0)
		close(fd);
	return -1;
}

// --- the server ---

static PGPing ping(const struct cluster *cluster)
{
	const char *const keys[] = {"dbname", "connect_timeout", NULL};
	const char *const values[] = {cluster->conninfo, "3", NULL};
	return PQpingParams(keys, values, 1);
}

static void spawn(struct cluster *cluster)
{
	char *path = path_join(cluster->bin, "postgres");
	int log = cluster_log_open(cluster);
	const char *const argv[] = {"-D", cluster->data, NULL};
	cluster->child = cluster_fork(cluster, &(struct child_files){-1, log, true, false});
	if (cluster->child == 0) {
		if (chdir(cluster->data) != 0)
			_exit(126);
		cluster_exec(path, argv);
	}
	if (cluster->child < 0)
		cluster->child = 0;
	if (log >= 0)
		close(log);
	free(path);
}

// First line of postmaster.pid; 0: no server.
static pid_t server_pid(const struct cluster *cluster)
{
	char *path = path_join(cluster->data, "postmaster.pid");
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	long pid = strtol(text, NULL, 10);
	return pid > 1 ? (pid_t)pid : 0;
}

// A dead server that nobody has waited for still looks alive to the next one. It may be our
// child by another object than this.
static void reap(const struct cluster *cluster)
{
	pid_t pid = server_pid(cluster);
	if (pid)
		waitpid(pid, NULL, WNOHANG);
}

static bool child_ended(struct cluster *cluster)
{
	if (cluster->child && waitpid(cluster->child, NULL, WNOHANG) != 0)
		cluster->child = 0;
	return cluster->child == 0;
}

static bool stopped(const struct cluster *cluster)
{
	return cluster->app->stop && *cluster->app->stop;
}

// A start may fail for a moment: remains of a killed server still hold its shared memory. A server
// of ours that is coming up is waited for even when we are asked to stop: only one that answers can
// be stopped again.
static bool bring_up(struct cluster *cluster, struct err *err)
{
	usec_t deadline = usec_monotonic() + START_PATIENCE, again = 0;
	int tries = 0;
	while (usec_monotonic() < deadline && !(stopped(cluster) && child_ended(cluster))) {
		PGPing state = ping(cluster);
		if (state == PQPING_OK)
			return true;
		if (state == PQPING_NO_RESPONSE && child_ended(cluster) &&
		    usec_monotonic() >= again) {
			if (tries++ == START_TRIES)
				break;
			reap(cluster);
			if (!cluster_configure(cluster, err))
				return false;
			spawn(cluster);
			again = usec_monotonic() + USEC_PER_SEC;
		}
		poll(NULL, 0, NAP_MS);
	}
	return err_set(err, ERR_DATABASE,
		       "embedded database: PostgreSQL did not start, see %s/pg.log and %s/log",
		       cluster->base, cluster->data);
}

// As the server's user: root must not signal whatever that user wrote into its file.
static bool ask_to_stop(const struct cluster *cluster, pid_t pid)
{
	pid_t child = cluster_fork(cluster, &(struct child_files){-1, -1, false, true});
	if (child == 0)
		_exit(kill(pid, SIGINT) == 0 ? 0 : 1); // fast: sessions are ended, nothing is lost
	return child > 0 && child_wait(child) == 0;
}

// Only a server that answers is signalled: a number in a file that was left behind may meanwhile be
// anybody's.
static void bring_down(struct cluster *cluster)
{
	if (ping(cluster) == PQPING_NO_RESPONSE)
		return;
	pid_t pid = server_pid(cluster);
	if (!pid || !ask_to_stop(cluster, pid))
		return;
	usec_t deadline = usec_monotonic() + STOP_PATIENCE;
	while (usec_monotonic() < deadline) {
		waitpid(pid, NULL, WNOHANG);
		if (kill(pid, 0) != 0 || server_pid(cluster) != pid) {
			if (cluster->child == pid) // its file goes just before it does
				child_wait(pid);
			rmdir(cluster->run);
			return;
		}
		poll(NULL, 0, NAP_MS / 5);
	}
	log_warn(cluster->app->log, "cluster-stop", LOG_S("folder", cluster->data),
		 LOG_S("state", "still stopping"));
}

// --- the door ---

static void make_conninfo(struct cluster *cluster)
{
	struct buf text = {0};
	// What is spelled out here cannot be replaced by a PG* variable.
	buf_printf(&text,
		   "host='%s' hostaddr='' port=5432 dbname=%s user=%s password='' sslmode=disable "
		   "gssencmode=disable options=''",
		   cluster->run, CLUSTER_USER, CLUSTER_USER);
	cluster->conninfo = text.data;
}

static bool share(struct cluster *cluster, struct err *err)
{
	cluster->share = lock_open(cluster, "cluster.lock");
	if (cluster->share >= 0 && lock_wait(cluster->app, cluster->share, LOCK_SH, USEC_PER_SEC))
		return true;
	return err_set(err, ERR_DATABASE, "embedded database: %s/cluster.lock: %s", cluster->base,
		       strerror(errno));
}

static bool start_locked(struct cluster *cluster, struct err *err)
{
	int lock = lock_start(cluster, START_PATIENCE, err);
	if (lock < 0)
		return false;
	bool fine = share(cluster, err) && cluster_make_run(cluster, err) &&
		    cluster_make(cluster, err) && bring_up(cluster, err);
	close(lock);
	return fine;
}

static void cluster_free(struct cluster *cluster)
{
	if (cluster->share >= 0)
		close(cluster->share);
	free(cluster->user);
	free(cluster->base);
	free(cluster->data);
	free(cluster->run);
	free(cluster->bin);
	free(cluster->conninfo);
	free(cluster);
}

bool cluster_start(struct app *app, struct cluster **out, struct err *err)
{
	struct cluster *cluster = xcalloc(1, sizeof *cluster);
	*cluster = (struct cluster){.app = app, .share = -1};
	bool fine = cluster_find_user(cluster, err) && cluster_find_place(cluster, err) &&
		    cluster_find_programs(cluster, err);
	if (fine) {
		make_conninfo(cluster);
		fine = start_locked(cluster, err);
	}
	if (!fine) {
		cluster_free(cluster);
		return false;
	}
	*out = cluster;
	return true;
}

const char *cluster_conninfo(const struct cluster *cluster)
{
	return cluster->conninfo;
}

void cluster_release(struct cluster *cluster)
{
	if (!cluster)
		return;
	// The stop flag is usually set by now: it must not cut this wait short.
	struct app patient = *cluster->app;
	patient.stop = NULL;
	struct app *app = cluster->app;
	cluster->app = &patient;
	int lock = lock_start(cluster, STOP_PATIENCE, NULL);
	if (lock >= 0) {
		if (flock(cluster->share, LOCK_EX | LOCK_NB) == 0)
			bring_down(cluster);
		close(lock);
	}
	cluster->app = app;
	cluster_free(cluster);
}
