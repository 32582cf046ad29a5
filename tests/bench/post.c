// SPDX-License-Identifier: Apache-2.0
// A client of the webhook bench: so many deliveries on so many threads, a connection each (the server ends it
// with its answer). Prints one line: deliveries, seconds, p50 and p99 in milliseconds.
//
//   post http PORT FILE COUNT THREADS    FILE: whole requests, COUNT times; "%08d" in it becomes a number
//   post append PATH BYTES COUNT THREADS the limit: append so many bytes and fdatasync, each on its own file
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PLACES = 1024, DIGITS = 8, REQUEST = 16 << 20 };

struct work {
	bool http;
	int port;
	const char *path;
	char *request;
	size_t size;
	size_t numbers[PLACES]; // where eight digits stand in it
	size_t number_count;
	int count;
	double *took; // seconds, of each
	atomic_int next, bad, file;
};

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool send_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

static bool answered(int fd)
{
	char answer[4096];
	ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
	bool good = n > 12 && memcmp(answer + 9, "200", 3) == 0;
	while (n > 0)
		n = recv(fd, answer, sizeof answer - 1, 0);
	return good && n == 0;
}

static bool ask(const struct work *work, const char *request)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)work->port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
		    send_all(fd, request, work->size) && answered(fd);
	if (fd >= 0)
		close(fd);
	return good;
}

static void *run_http(void *self)
{
	struct work *work = self;
	char *request = malloc(work->size);
	if (!request)
		return NULL;
	memcpy(request, work->request, work->size);
	for (int i; (i = atomic_fetch_add(&work->next, 1)) < work->count;) {
		char digits[16];
		snprintf(digits, sizeof digits, "%08d", i);
		for (size_t k = 0; k < work->number_count; k++)
			memcpy(request + work->numbers[k], digits, DIGITS);
		double from = now();
		atomic_fetch_add(&work->bad, !ask(work, request));
		work->took[i] = now() - from;
	}
	free(request);
	return NULL;
}

static void *run_append(void *self)
{
	struct work *work = self;
	char path[512];
	snprintf(path, sizeof path, "%s.%d", work->path, atomic_fetch_add(&work->file, 1));
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (int i; (i = atomic_fetch_add(&work->next, 1)) < work->count;) {
		double from = now();
		bool good = write(fd, work->request, work->size) == (ssize_t)work->size &&
			    fdatasync(fd) == 0;
		atomic_fetch_add(&work->bad, !good);
		work->took[i] = now() - from;
	}
	close(fd);
	unlink(path);
	return NULL;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// "%08d" becomes eight digits.
static void read_request(struct work *work, const char *path)
{
	static const char place[] = "%08d";
	char *text = calloc(1, REQUEST);
	work->request = calloc(2, REQUEST);
	FILE *file = fopen(path, "rb");
	size_t n = file && text && work->request ? fread(text, 1, REQUEST - 1, file) : 0;
	if (file)
		fclose(file);
	for (size_t i = 0; i < n;) {
		if (work->number_count < PLACES && !memcmp(text + i, place, 4)) {
			work->numbers[work->number_count++] = work->size;
			work->size += DIGITS;
			i += 4;
		} else {
			work->request[work->size++] = text[i++];
		}
	}
	free(text);
}

static int run(struct work *work, int threads)
{
	pthread_t ids[64];
	double from = now();
	threads = threads > 64 ? 64 : threads;
	for (int i = 0; i < threads; i++)
		pthread_create(&ids[i], NULL, work->http ? run_http : run_append, work);
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	double seconds = now() - from;
	qsort(work->took, (size_t)work->count, sizeof *work->took, by_size);
	printf("%d %.6f %.3f %.3f\n", work->count, seconds, work->took[work->count / 2] * 1e3,
	       work->took[work->count * 99 / 100] * 1e3);
	return atomic_load(&work->bad) ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct work work = {0};
	if (argc != 6)
		return 2;
	work.http = strcmp(argv[1], "http") == 0;
	work.count = (int)strtol(argv[4], NULL, 10);
	work.took = calloc((size_t)work.count + 1, sizeof *work.took);
	if (work.http) {
		work.port = (int)strtol(argv[2], NULL, 10);
		read_request(&work, argv[3]);
	} else {
		work.path = argv[2];
		work.size = (size_t)strtol(argv[3], NULL, 10);
		work.request = calloc(1, work.size + 1);
	}
	return work.request && work.took && work.size ? run(&work, (int)strtol(argv[5], NULL, 10))
						      : 2;
}
