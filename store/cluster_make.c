// SPDX-License-Identifier: Apache-2.0
// Finding PostgreSQL's programs, making a cluster, and its settings.
#include "store/cluster_parts.h"

#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OLDEST = 13, CLEAR_TRIES = 20 };

int cluster_log_open(const struct cluster *cluster)
{
	char *path = path_join(cluster->base, "pg.log");
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	return fd;
}

// --- programs ---

// "postgres (PostgreSQL) 15.4": 15; 0 when it cannot be run.
// All that comes, whatever signals interrupt the waiting (a TERM while we start up).
static void read_all(int fd, char *said, size_t size)
{
	size_t length = 0;

	while (length < size - 1) {
		ssize_t n = read(fd, said + length, size - 1 - length);
		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		length += n > 0 ? (size_t)n : 0;
	}
	said[length] = '\0';
}

static int program_version(const struct cluster *cluster, const char *folder)
{
	char *path = path_join(folder, "postgres");
	int ends[2];
	char said[256] = "";
	if (pipe2(ends, O_CLOEXEC) == 0) {
		pid_t child =
			cluster_fork(cluster, &(struct child_files){-1, ends[1], false, true});
		if (child == 0)
			cluster_exec(path, (const char *[]){"--version", NULL});
		close(ends[1]);
		read_all(ends[0], said, sizeof said);
		close(ends[0]);
		if (child < 0 || child_wait(child) != 0)
			said[0] = '\0';
	}
	free(path);
	const char *number = strstr(said, ") ");
	return number ? (int)strtol(number + 2, NULL, 10) : 0;
}

// Version of the cluster that is there, 0 when there is none.
static int cluster_version(const struct cluster *cluster)
{
	char *path = path_join(cluster->data, "PG_VERSION");
	char text[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	free(path);
	if (fd >= 0) {
		ssize_t n = read(fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	return (int)strtol(text, NULL, 10);
}

// Where distributions put the programs, then PATH.
static void candidates(const struct cluster *cluster, struct string_list *list)
{
	static const char *const patterns[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin"};
	if (cluster->app->settings->pg_bindir) {
		string_list_add(list, text_of(cluster->app->settings->pg_bindir));
		return;
	}
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
		glob_t found;
		if (glob(patterns[i], 0, NULL, &found) != 0)
			continue;
		for (size_t at = 0; at < found.gl_pathc; at++)
			string_list_add(list, text_of(found.gl_pathv[at]));
		globfree(&found);
	}
	const char *path = getenv("PATH");
	while (path && *path) {
		size_t length = strcspn(path, ":");
		if (*path == '/')
			string_list_add(list, (struct text){path, length});
		path += length + (path[length] == ':');
	}
}

static bool has_programs(const char *folder)
{
	char *initdb = path_join(folder, "initdb"), *postgres = path_join(folder, "postgres");
	bool has = access(initdb, X_OK) == 0 && access(postgres, X_OK) == 0;
	free(initdb);
	free(postgres);
	return has;
}

bool cluster_find_programs(struct cluster *cluster, struct err *err)
{
	__attribute__((cleanup(string_list_free))) struct string_list list = {0};
	int wanted = cluster_version(cluster), best = 0;
	candidates(cluster, &list);
	for (size_t i = 0; i < list.count; i++) {
		int version =
			has_programs(list.items[i]) ? program_version(cluster, list.items[i]) : 0;
		if (version < OLDEST || version <= best || (wanted && version != wanted))
			continue;
		best = version;
		free(cluster->bin);
		cluster->bin = xstrdup(list.items[i]);
	}
	if (cluster->bin)
		return true;
	if (cluster->app->stop &&
	    *cluster->app->stop) // Ctrl-C reaches the children that were asked
		return err_set(err, ERR_DATABASE, "embedded database: stopped while starting");
	if (wanted)
		return err_set(err, ERR_USAGE,
			       "embedded database: %s was made by PostgreSQL %d, which is not "
			       "installed: install postgresql-%d, or set pg_bindir",
			       cluster->data, wanted, wanted);
	return err_set(err, ERR_USAGE,
		       "embedded database: no PostgreSQL %d or newer found: install the package "
		       "\"postgresql\", or set pg_bindir or database",
		       OLDEST);
}

// --- making ---

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	return at->level > 0 ? remove(path) : 0;
}

static char *new_folder(const struct cluster *cluster)
{
	return path_join(cluster->base, "pg.new");
}

// An initdb that was killed leaves a half cluster: emptied as its owner, never as root. Its last
// process may still be writing for a moment.
static bool clear_new(const struct cluster *cluster, const char *folder)
{
	for (int tries = 0; tries < CLEAR_TRIES; tries++) {
		if (rmdir(folder) == 0 || errno == ENOENT)
			return true;
		pid_t child = cluster_fork(cluster, &(struct child_files){-1, -1, false, true});
		if (child == 0)
			_exit(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) ? 1 : 0);
		if (child > 0)
			child_wait(child);
		if (tries > 0)
			poll(NULL, 0, 100);
	}
	return rmdir(folder) == 0;
}

static int run_logged(const struct cluster *cluster, const char *program, int in,
		      const char *const *argv)
{
	char *path = path_join(cluster->bin, program);
	int log = cluster_log_open(cluster);
	pid_t child = cluster_fork(cluster, &(struct child_files){in, log, true, true});
	if (child == 0)
		cluster_exec(path, argv);
	if (log >= 0)
		close(log);
	free(path);
	return child > 0 ? child_wait(child) : -1;
}

static bool run_initdb(const struct cluster *cluster, const char *folder)
{
	locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
	const char *locale = utf8 ? "--locale=C.UTF-8" : "--locale=C";
	if (utf8)
		freelocale(utf8);
	const char *const argv[] = {"-D",
				    folder,
				    "--username=" CLUSTER_USER,
				    "--encoding=UTF8",
				    locale,
				    "--auth-local=peer",
				    "--auth-host=reject",
				    NULL};
	return run_logged(cluster, "initdb", -1, argv) == 0;
}

// The server is not running yet: its single-user mode reads statements from standard input.
static bool make_database(const struct cluster *cluster, const char *folder)
{
	static const char statement[] = "CREATE DATABASE " CLUSTER_USER "\n";
	const char *const argv[] = {"--single", "-D", folder, "postgres", NULL};
	int in = memfd_create("statement", MFD_CLOEXEC);
	bool fine = in >= 0 && write(in, statement, sizeof statement - 1) > 0 &&
		    lseek(in, 0, SEEK_SET) == 0 && run_logged(cluster, "postgres", in, argv) == 0;
	if (in >= 0)
		close(in);
	return fine;
}

static void sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

// Made beside its place and renamed when it is whole, so that what is called pg is never half made.
static bool make_in(const struct cluster *cluster, const char *folder, struct err *err)
{
	if (!clear_new(cluster, folder) || mkdir(folder, 0700) != 0 ||
	    (geteuid() == 0 && chown(folder, cluster->uid, cluster->gid) != 0))
		return err_set(err, ERR_USAGE, "embedded database: %s: %s", folder,
			       strerror(errno));
	if (!run_initdb(cluster, folder) || !make_database(cluster, folder))
		return err_set(err, ERR_DATABASE, "embedded database: initdb failed, see %s/pg.log",
			       cluster->base);
	if (rename(folder, cluster->data) != 0)
		return err_set(err, ERR_USAGE, "embedded database: %s: %s", cluster->data,
			       strerror(errno));
	sync_folder(cluster->base);
	return true;
}

bool cluster_make(struct cluster *cluster, struct err *err)
{
	if (cluster_version(cluster) > 0)
		return true;
	log_info(cluster->app->log, "cluster-make", LOG_S("folder", cluster->data),
		 LOG_S("user", cluster->user));
	char *folder = new_folder(cluster);
	bool fine = make_in(cluster, folder, err);
	free(folder);
	return fine;
}

// --- settings ---

// Durable; no TCP; statements, parameters and rows never in the log: they hold bodies.
static const char settings[] = //
	"# Written by receiptd at every start. Own settings: ALTER SYSTEM.\n"
	"listen_addresses = ''\n"
	"port = 5432\n"
	"unix_socket_permissions = 0700\n"
	"max_connections = 50\n"
	"max_locks_per_transaction = 256\n" // a year of day partitions in one query
	"shared_buffers = 128MB\n"
	"max_wal_size = 1GB\n"
	"jit = off\n"
	"fsync = on\n"
	"full_page_writes = on\n"
	"synchronous_commit = on\n"
	"timezone = 'UTC'\n"
	"lc_messages = 'C'\n"
	"logging_collector = on\n"
	"log_destination = 'stderr'\n"
	"log_directory = 'log'\n"
	"log_filename = 'postgresql-%u.log'\n" // one per day of the week, then over again
	"log_truncate_on_rotation = on\n"
	"log_rotation_age = 1d\n"
	"log_rotation_size = 0\n"
	"log_file_mode = 0600\n"
	"log_timezone = 'UTC'\n"
	"log_line_prefix = '%m [%p] '\n"
	"log_checkpoints = off\n"
	"log_statement = none\n"
	"log_duration = off\n"
	"log_min_duration_statement = -1\n"
	"log_min_error_statement = panic\n"
	"log_parameter_max_length = 0\n"
	"log_parameter_max_length_on_error = 0\n"
	"log_error_verbosity = terse\n"; // DETAIL and CONTEXT quote rows

static bool write_whole(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	size_t length = strlen(text);
	return fd >= 0 && write(fd, text, length) == (ssize_t)length && close(fd) == 0;
}

// In the child, in the data folder.
static bool write_settings(const char *own, const char *ident)
{
	struct stat status;
	if (stat("receiptd.conf", &status) != 0 &&
	    !write_whole("postgresql.conf", "\ninclude_if_exists = 'receiptd.conf'\n", O_APPEND))
		return false;
	return write_whole("receiptd.conf", own, O_TRUNC) &&
	       write_whole("pg_hba.conf", "local all all peer map=receiptd\n", O_TRUNC) &&
	       write_whole("pg_ident.conf", ident, O_TRUNC);
}

bool cluster_configure(struct cluster *cluster, struct err *err)
{
	__attribute__((cleanup(buf_free))) struct buf own = {0}, ident = {0};
	// cluster->run holds plain characters only, see cluster_place.c.
	buf_printf(&own, "%sunix_socket_directories = '%s'\n", settings, cluster->run);
	buf_printf(&ident, "receiptd \"root\" %s\nreceiptd \"%s\" %s\n", CLUSTER_USER,
		   cluster->user, CLUSTER_USER);
	pid_t child = cluster_fork(cluster, &(struct child_files){-1, -1, false, true});
	if (child == 0)
		_exit(chdir(cluster->data) == 0 && write_settings(own.data, ident.data) ? 0 : 1);
	if (child > 0 && child_wait(child) == 0)
		return true;
	return err_set(err, ERR_DATABASE, "embedded database: its settings in %s cannot be written",
		       cluster->data);
}
