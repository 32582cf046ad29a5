// SPDX-License-Identifier: Apache-2.0
#include "api/report/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENVIRONMENT_MAX = 8, PAUSE_MS = 20 };

// A file without a name: however slowly it is read, nobody here waits. -1: errno.
static int input_of(struct text text)
{
	int fd = memfd_create("report", MFD_CLOEXEC);
	while (fd >= 0 && text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			close(fd);
			return -1;
		}
		text = (struct text){text.p + n, text.n - (size_t)n};
	}
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

// Signals as a program expects them; a group of its own, so that what it started ends with it.
static int spawn(const struct program *program, int input, pid_t *pid)
{
	const char *environment[ENVIRONMENT_MAX] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
						    "/usr/bin:/sbin:/bin",
						    "LC_ALL=C.UTF-8"};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none, all;
	for (size_t i = 0; program->more && program->more[i] && i + 3 < ENVIRONMENT_MAX; i++)
		environment[i + 2] = program->more[i];
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, input, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&how);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETPGROUP);
	int status = posix_spawn(pid, program->argv[0], &files, &how,
				 (char *const *)(uintptr_t)program->argv,
				 (char *const *)(uintptr_t)environment);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return status;
}

static bool wait_for(const struct program *program, pid_t pid, struct err *err)
{
	usec_t until = usec_monotonic() + program->limit;
	int status;
	pid_t ended;
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0) {
		if (usec_monotonic() > until || (program->stop && *program->stop)) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			return err_set(err, ERR_STORAGE, "%s was ended: it took too long",
				       program->argv[0]);
		}
		poll(NULL, 0, PAUSE_MS);
	}
	if (ended < 0)
		return err_set(err, ERR_STORAGE, "%s: %s", program->argv[0], strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status))
		return err_set(err, ERR_STORAGE, "%s ended with status %d", program->argv[0],
			       WEXITSTATUS(status));
	return err_set(err, ERR_STORAGE, "%s was ended by signal %d", program->argv[0],
		       WTERMSIG(status));
}

bool program_run(const struct program *program, struct err *err)
{
	pid_t pid;
	int input = input_of(program->input);
	if (input < 0)
		return err_set(err, ERR_STORAGE, "%s: %s", program->argv[0], strerror(errno));
	int status = spawn(program, input, &pid);
	close(input);
	if (status != 0)
		return err_set(err, ERR_STORAGE, "%s: %s", program->argv[0], strerror(status));
	return wait_for(program, pid, err);
}
