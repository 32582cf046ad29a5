// SPDX-License-Identifier: Apache-2.0
#include "core/privacy.h"

#include "core/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEX_BYTES = 2 * PRIVACY_BYTES }; // then a line end

static char *key_path(const struct settings *settings)
{
	char *path = NULL;
	if (settings->privacy_key)
		return xstrdup(settings->privacy_key);
	if (asprintf(&path, "%s/privacy.key", settings->data_dir) < 0)
		abort();
	return path;
}

// --- reading ---

static bool check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "privacy_key %.300s: is not a file", path);
	return !(st.st_mode & (S_IRWXG | S_IRWXO)) ||
	       err_set(err, ERR_USAGE, "privacy_key %.300s: others may use it (chmod 600)", path);
}

static bool take_key(const char *text, ssize_t n, struct privacy_key *key)
{
	size_t size = 0;
	const char *end = NULL;
	if (n < HEX_BYTES ||
	    sodium_hex2bin(key->bytes, sizeof key->bytes, text, HEX_BYTES, NULL, &size, &end) != 0)
		return false;
	return size == sizeof key->bytes && (n == HEX_BYTES || text[HEX_BYTES] == '\n');
}

static bool read_key(int fd, const char *path, struct privacy_key *key, struct err *err)
{
	char text[HEX_BYTES + 2];
	if (!check_mode(fd, path, err))
		return false;
	ssize_t n = read(fd, text, sizeof text);
	bool good = take_key(text, n, key);
	sodium_memzero(text, sizeof text);
	return good || err_set(err, ERR_USAGE, "privacy_key %.300s: is not a privacy key", path);
}

// --- making ---

static bool write_key(int fd, const struct privacy_key *key)
{
	char text[HEX_BYTES + 2];
	sodium_bin2hex(text, HEX_BYTES + 1, key->bytes, sizeof key->bytes);
	text[HEX_BYTES] = '\n';
	bool fine = write(fd, text, HEX_BYTES + 1) == HEX_BYTES + 1 && fsync(fd) == 0;
	sodium_memzero(text, sizeof text);
	return fine;
}

static void sync_folder(const char *path)
{
	char *folder = xstrdup(path), *slash = strrchr(folder, '/');
	if (slash)
		*slash = '\0';
	int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(folder);
}

// Durable under another name first; link() never replaces the key of somebody who was quicker.
static bool make_key(const char *path, struct err *err)
{
	struct privacy_key key;
	char *other = NULL;
	if (sodium_init() < 0 || asprintf(&other, "%s.%ld", path, (long)getpid()) < 0)
		abort();
	randombytes_buf(key.bytes, sizeof key.bytes);
	int fd = open(other, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && fchmod(fd, 0600) == 0 && write_key(fd, &key);
	int why = errno;
	if (fd >= 0)
		close(fd);
	if (fine && link(other, path) != 0 && errno != EEXIST) {
		why = errno;
		fine = false;
	}
	if (fd >= 0)
		unlink(other);
	if (fine)
		sync_folder(path);
	sodium_memzero(&key, sizeof key);
	free(other);
	return fine || err_set(err, ERR_STORAGE, "privacy_key %.300s: %s", path, strerror(why));
}

bool privacy_key_load(const struct settings *settings, bool make, struct privacy_key *key,
		      struct err *err)
{
	char *path = key_path(settings);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool fine = true;
	if (fd < 0 && errno == ENOENT && make) {
		fine = make_key(path, err);
		fd = fine ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	}
	if (fine && fd < 0)
		fine = err_set(err, ERR_USAGE, "privacy_key %.300s: %s", path, strerror(errno));
	fine = fine && read_key(fd, path, key, err);
	if (fd >= 0)
		close(fd);
	free(path);
	return fine;
}

// --- using ---

void privacy_print(const struct privacy_key *key, const char *purpose, struct text text,
		   unsigned char print[32])
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key->bytes, sizeof key->bytes);
	crypto_auth_hmacsha256_update(&state, (const unsigned char *)purpose, strlen(purpose) + 1);
	if (text.n)
		crypto_auth_hmacsha256_update(&state, (const unsigned char *)text.p, text.n);
	crypto_auth_hmacsha256_final(&state, print);
}

void privacy_fingerprint(const struct privacy_key *key, unsigned char print[32])
{
	privacy_print(key, "fingerprint", TEXT_NONE, print);
}

struct hash_key privacy_body_key(const struct privacy_key *key)
{
	unsigned char print[32];
	struct hash_key made;
	privacy_print(key, "bodies", TEXT_NONE, print);
	memcpy(made.bytes, print, sizeof made.bytes);
	return made;
}
