// SPDX-License-Identifier: Apache-2.0
#include "ingest/spool_veil.h"

#include "ingest/spool_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

static const char mark[] = "veiled\n";
_Static_assert((int)SPOOL_VEIL ==
		       sizeof mark - 1 + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
	       "what stands before the encrypted bytes");
_Static_assert((int)SPOOL_KEY == crypto_secretbox_KEYBYTES, "a key of the library's size");

// ---- keys

static void key_path(const char *segment, char *path, size_t size)
{
	const char *dot = strrchr(segment, '.');
	int n = dot ? (int)(dot - segment) : (int)strlen(segment);
	snprintf(path, size, "%.*s.key", n, segment);
}

// A key without a segment is of a process that died between the two: it is written over.
bool spool_key_make(const char *segment, struct spool_key *key)
{
	char path[PATH_MAX];
	key_path(segment, path, sizeof path);
	randombytes_buf(key->bytes, sizeof key->bytes);
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	key->there = spool_write_all(fd, (struct text){(const char *)key->bytes, SPOOL_KEY}) &&
		     fsync(fd) == 0;
	int why = errno;
	close(fd);
	if (!key->there)
		unlink(path);
	errno = why;
	return key->there;
}

void spool_key_load(const char *segment, struct spool_key *key)
{
	char path[PATH_MAX];
	key_path(segment, path, sizeof path);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	key->there = fd >= 0 && read(fd, key->bytes, SPOOL_KEY) == SPOOL_KEY;
	if (fd >= 0)
		close(fd);
}

void spool_key_remove(const char *segment)
{
	static const char nothing[SPOOL_KEY];
	char path[PATH_MAX];
	key_path(segment, path, sizeof path);
	int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	if (spool_write_all(fd, (struct text){nothing, SPOOL_KEY}))
		fsync(fd);
	close(fd);
	unlink(path);
}

void spool_key_forget(struct spool_key *key)
{
	sodium_memzero(key, sizeof *key);
}

// ---- payloads

void spool_veil(const struct spool_key *key, struct buf *payload)
{
	struct buf out = {0};
	unsigned char nonce[crypto_secretbox_NONCEBYTES];
	randombytes_buf(nonce, sizeof nonce);
	buf_zstr(&out, mark);
	buf_add(&out, nonce, sizeof nonce);
	size_t n = payload->len + crypto_secretbox_MACBYTES;
	buf_reserve(&out, n);
	crypto_secretbox_easy((unsigned char *)out.data + out.len,
			      (const unsigned char *)payload->data, payload->len, nonce,
			      key->bytes);
	out.len += n;
	out.data[out.len] = '\0';
	if (payload->data)
		sodium_memzero(payload->data, payload->len);
	buf_free(payload);
	*payload = out;
}

bool spool_is_veiled(struct text payload)
{
	return payload.n >= SPOOL_VEIL && text_starts(payload, mark);
}

bool spool_unveil(const struct spool_key *key, struct text payload, struct buf *out,
		  struct text *plain)
{
	if (!spool_is_veiled(payload) || !key->there)
		return false;
	const unsigned char *nonce = (const unsigned char *)payload.p + sizeof mark - 1;
	const unsigned char *sealed = nonce + crypto_secretbox_NONCEBYTES;
	size_t n = payload.n - SPOOL_VEIL;
	out->len = 0;
	buf_reserve(out, n);
	if (crypto_secretbox_open_easy((unsigned char *)out->data, sealed,
				       n + crypto_secretbox_MACBYTES, nonce, key->bytes) != 0)
		return false;
	out->len = n;
	out->data[n] = '\0';
	*plain = (struct text){out->data, n};
	return true;
}
