// SPDX-License-Identifier: Apache-2.0
// PostgreSQL refuses to run as root, and rightly: everything that touches the cluster runs in a
// child that has given up root for good.
#include "store/cluster_parts.h"

#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAMES_MAX = 4096, ARGUMENTS_MAX = 16 };

char *path_join(const char *folder, const char *name)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s", folder, name);
	return path.data;
}

static bool take_user(struct cluster *cluster, const struct passwd *entry)
{
	cluster->uid = entry->pw_uid;
	cluster->gid = entry->pw_gid;
	free(cluster->user);
	cluster->user = xstrdup(entry->pw_name);
	return true;
}

static bool find_by_name(struct cluster *cluster, const char *name)
{
	struct passwd entry, *found = NULL;
	char names[NAMES_MAX];
	return getpwnam_r(name, &entry, names, sizeof names, &found) == 0 && found &&
	       found->pw_uid != 0 && take_user(cluster, found);
}

static bool find_by_id(struct cluster *cluster, uid_t uid)
{
	struct passwd entry, *found = NULL;
	char names[NAMES_MAX];
	return getpwuid_r(uid, &entry, names, sizeof names, &found) == 0 && found &&
	       take_user(cluster, found);
}

// As root; a failure shows in the look-up that follows.
static void make_system_user(void)
{
	static const char *const argv[] = {"--system",          "--user-group", "--no-create-home",
					   "--home-dir",        "/nonexistent", "--shell",
					   "/usr/sbin/nologin", CLUSTER_USER,   NULL};
	struct cluster root = {.uid = 0};
	pid_t child = cluster_fork(&root, &(struct child_files){-1, -1, false, true});
	if (child == 0)
		cluster_exec("/usr/sbin/useradd", argv);
	if (child > 0)
		child_wait(child);
}

bool cluster_find_user(struct cluster *cluster, struct err *err)
{
	uid_t own = geteuid();
	if (own != 0) {
		if (find_by_id(cluster, own))
			return true;
		return err_set(err, ERR_USAGE,
			       "embedded database: user id %ld has no name, PostgreSQL needs one",
			       (long)own);
	}
	if (find_by_name(cluster, CLUSTER_USER))
		return true;
	make_system_user();
	if (find_by_name(cluster, CLUSTER_USER) || find_by_name(cluster, "postgres"))
		return true;
	return err_set(
		err, ERR_USAGE,
		"embedded database: PostgreSQL does not run as root and there is no system user "
		"\"" CLUSTER_USER "\": make one with useradd --system " CLUSTER_USER);
}

// --- children ---

static void child_signals(void)
{
	static const int reset[] = {SIGINT,  SIGTERM, SIGHUP,  SIGQUIT,
				    SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2};
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < sizeof reset / sizeof *reset; i++)
		signal(reset[i], SIG_DFL);
}

static bool child_files(const struct child_files *files)
{
	int null = open("/dev/null", O_RDWR);
	if (null < 0)
		return false;
	int in = files->in < 0 ? null : files->in;
	int out = files->out < 0 ? null : files->out;
	return dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
	       dup2(out, STDERR_FILENO) >= 0 && close_range(3, ~0U, 0) == 0;
}

static bool child_user(const struct cluster *cluster)
{
	if (geteuid() != 0 || cluster->uid == 0)
		return true;
	return initgroups(cluster->user, cluster->gid) == 0 && setgid(cluster->gid) == 0 &&
	       setuid(cluster->uid) == 0 && setuid(0) != 0;
}

pid_t cluster_fork(const struct cluster *cluster, const struct child_files *files)
{
	pid_t parent = getpid();
	pid_t child = fork();
	if (child != 0)
		return child;
	child_signals();
	if (files->detach)
		setsid();
	umask(077);
	// Our working folder may be closed to that user.
	if (!child_files(files) || !child_user(cluster) || chdir("/") != 0)
		_exit(126);
	// After setuid, which would clear it.
	if (files->bound && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
		_exit(126);
	return 0;
}

_Noreturn void cluster_exec(const char *path, const char *const *argv)
{
	const char *full[ARGUMENTS_MAX + 1] = {path}; // PostgreSQL finds its files by its own path
	for (int i = 1; i < ARGUMENTS_MAX && argv[i - 1]; i++)
		full[i] = argv[i - 1];
	char environment[][40] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "TZ=UTC"};
	char *list[] = {environment[0], environment[1], environment[2], NULL};
	// execve takes char *const[] for history's sake and changes nothing.
	execve(path, (char *const *)(uintptr_t)full, list);
	_exit(127);
}

int child_wait(pid_t child)
{
	int status = 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
