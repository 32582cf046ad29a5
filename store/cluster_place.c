// SPDX-License-Identifier: Apache-2.0
// Where the cluster and its socket are.
#include "store/cluster_parts.h"

#include "core/arena.h"
#include "core/keyed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_BASE "/var/lib/receiptd"

enum { SOCKET_PATH_MAX = 107 }; // of struct sockaddr_un, without its NUL

static bool make_one(const char *path, mode_t mode)
{
	return mkdir(path, mode) == 0 || errno == EEXIST;
}

// Folders above it too. Ours alone, unless another user must pass through (root's case).
static bool make_folders(const char *path, struct err *err)
{
	mode_t mode = geteuid() == 0 ? 0755 : 0700;
	char *copy = xstrdup(path);
	bool fine = true;
	for (char *slash = strchr(copy + 1, '/'); slash && fine; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		fine = make_one(copy, mode);
		*slash = '/';
	}
	fine = fine && make_one(copy, mode);
	int error = errno;
	free(copy);
	return fine || err_set(err, ERR_USAGE, "data folder %s: %s", path, strerror(error));
}

// Can the server's user pass through to it? Asked as that user.
static bool can_enter(const struct cluster *cluster, const char *path)
{
	pid_t child = cluster_fork(cluster, &(struct child_files){-1, -1, false, true});
	if (child == 0)
		_exit(access(path, X_OK) == 0 ? 0 : 1);
	return child > 0 && child_wait(child) == 0;
}

// A folder for the server's user alone. One that is there already must be just that: in /tmp
// anybody could have made it.
static bool make_private(const struct cluster *cluster, const char *path, struct err *err)
{
	if (mkdir(path, 0700) == 0) {
		if (geteuid() == 0 && chown(path, cluster->uid, cluster->gid) != 0)
			return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	} else if (errno != EEXIST) {
		return err_set(err, ERR_USAGE, "%s: %s", path, strerror(errno));
	}
	struct stat status;
	if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode) ||
	    status.st_uid != cluster->uid || (status.st_mode & 077))
		return err_set(err, ERR_USAGE,
			       "%s is not a private folder (mode 0700) of user %s: remove it", path,
			       cluster->user);
	return true;
}

static bool find_base(struct cluster *cluster, struct err *err)
{
	const char *folder = cluster->app->settings->data_dir;
	if (!make_folders(folder, err))
		return false;
	char *real = realpath(folder, NULL); // the server does not share our working folder
	if (!real)
		return err_set(err, ERR_USAGE, "data folder %s: %s", folder, strerror(errno));
	cluster->base = real;
	if (can_enter(cluster, real))
		return true;
	// Root with a data folder below a closed home: the system user cannot get there.
	free(cluster->base);
	cluster->base = xstrdup(ROOT_BASE);
	return make_folders(ROOT_BASE, err);
}

// A cluster that is there stays with the user who made it.
static bool adopt_owner(struct cluster *cluster, struct err *err)
{
	struct stat status;
	if (stat(cluster->data, &status) != 0 || status.st_uid == cluster->uid)
		return true;
	if (geteuid() != 0 || status.st_uid == 0)
		return err_set(err, ERR_USAGE,
			       "embedded database: %s belongs to user id %ld, not to %s",
			       cluster->data, (long)status.st_uid, cluster->user);
	cluster->uid = status.st_uid;
	cluster->gid = status.st_gid;
	return true;
}

// Characters that mean nothing special in a configuration file, a list of folders or a conninfo.
static bool is_plain(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-+~";
	return path[strspn(path, plain)] == '\0';
}

static bool fits(const char *folder)
{
	return strlen(folder) + strlen("/.s.PGSQL.5432") <= SOCKET_PATH_MAX && is_plain(folder);
}

static char *short_folder(const struct cluster *cluster)
{
	static const struct hash_key no_secret = {{0}};
	uint64_t tag = (uint64_t)KEYED(&no_secret, text_of(cluster->base));
	const char *runtime = geteuid() == 0 ? NULL : getenv("XDG_RUNTIME_DIR");
	struct buf path = {0};
	if (runtime && runtime[0] == '/' && access(runtime, W_OK | X_OK) == 0) {
		buf_printf(&path, "%s/receiptd-%016" PRIx64, runtime, tag);
		if (fits(path.data))
			return path.data;
		path.len = 0;
	}
	buf_printf(&path, "/tmp/receiptd-%ld-%016" PRIx64, (long)cluster->uid, tag);
	return path.data;
}

bool cluster_find_place(struct cluster *cluster, struct err *err)
{
	if (!find_base(cluster, err))
		return false;
	cluster->data = path_join(cluster->base, "pg");
	if (!adopt_owner(cluster, err))
		return false;
	cluster->run = path_join(cluster->base, "run");
	if (!fits(cluster->run)) {
		free(cluster->run);
		cluster->run = short_folder(cluster);
	}
	return true;
}

bool cluster_make_run(const struct cluster *cluster, struct err *err)
{
	return make_private(cluster, cluster->run, err);
}
