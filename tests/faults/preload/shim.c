// SPDX-License-Identifier: Apache-2.0
// Preloaded into the program by tests/faults/machine.t: the n-th allocation fails (SHIM_FAIL=n, F174), or system
// calls are interrupted and do less than they were asked for (SHIM_SHORT=1, F179).
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static atomic_long allocations, calls;
static atomic_long wanted = -1;

static int fails(void)
{
	long n = atomic_load(&wanted);
	if (n == 0)
		return 0;
	return atomic_fetch_add(&allocations, 1) + 1 == n;
}

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("SHIM_FAIL");
	atomic_store(&allocations, 0);
	atomic_store(&wanted, text ? strtol(text, NULL, 10) : 0);
}

__attribute__((destructor)) static void end(void)
{
	const char *path = getenv("SHIM_COUNT");
	if (!path)
		return;
	char text[32];
	long n = atomic_load(&allocations);
	size_t at = sizeof text;
	do
		text[--at] = (char)('0' + n % 10);
	while (n /= 10);
	int fd = (int)strtol(path, NULL, 10);
	ssize_t ignored = write(fd, text + at, sizeof text - at);
	(void)ignored;
}

void *malloc(size_t size)
{
	if (fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	if (fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	if (size && fails()) {
		errno = ENOMEM;
		return NULL;
	}
	return __libc_realloc(old, size);
}

// Every third call is interrupted; of the others each does at most a few bytes.
static int interrupted(size_t *size)
{
	static atomic_int on = -1;
	if (atomic_load(&on) < 0)
		atomic_store(&on, getenv("SHIM_SHORT") != NULL);
	if (!atomic_load(&on) || !*size)
		return 0;
	long n = atomic_fetch_add(&calls, 1);
	if (n % 3 == 2) {
		errno = EINTR;
		return 1;
	}
	size_t most = 1 + (size_t)(n * 7 % 61);
	if (*size > most)
		*size = most;
	return 0;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t read(int fd, void *to, size_t size)
{
	REAL(read);
	return interrupted(&size) ? -1 : real(fd, to, size);
}

ssize_t pread(int fd, void *to, size_t size, off_t at)
{
	REAL(pread);
	return interrupted(&size) ? -1 : real(fd, to, size, at);
}

ssize_t write(int fd, const void *from, size_t size)
{
	REAL(write);
	return interrupted(&size) ? -1 : real(fd, from, size);
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
	REAL(recv);
	return interrupted(&size) ? -1 : real(fd, to, size, flags);
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
	REAL(send);
	return interrupted(&size) ? -1 : real(fd, from, size, flags);
}
