// SPDX-License-Identifier: Apache-2.0
// Ed25519 keys as PEM files of mode 0600, and plain signatures: what openssl pkeyutl -rawin checks.
#include "store/seal_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct seal_key {
	EVP_PKEY *pkey;
};

static struct seal_key *wrap(EVP_PKEY *pkey)
{
	struct seal_key *key = xcalloc(1, sizeof *key);
	key->pkey = pkey;
	return key;
}

void seal_key_free(struct seal_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

// F196: a key that others can read is no key.
static FILE *open_key(const char *path, struct err *err)
{
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		err_set(err, ERR_DIFFERS,
			"there is no signing key %s (make one: receiptd seal --new-key)", path);
		return NULL;
	}
	if (fd < 0 || fstat(fd, &about) != 0) {
		err_set(err, ERR_USAGE, "signing key %s: %s", path, strerror(errno));
	} else if (!S_ISREG(about.st_mode) || about.st_mode & 077) {
		err_set(err, ERR_USAGE,
			"signing key %s can be read by others (mode %04o): chmod 600, or make a new "
			"one",
			path, (unsigned)about.st_mode & 07777);
	} else {
		return fdopen(fd, "r");
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

// Never asks a terminal: a key with a passphrase is refused.
static int no_passphrase(char *buf, int size, int writing, void *self)
{
	(void)buf, (void)size, (void)writing, (void)self;
	return 0;
}

struct seal_key *seal_key_load(const char *path, struct err *err)
{
	FILE *file = open_key(path, err);
	if (!file)
		return NULL;
	EVP_PKEY *pkey = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
	fclose(file);
	if (pkey && EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519)
		return wrap(pkey);
	EVP_PKEY_free(pkey);
	err_set(err, ERR_USAGE, "signing key %s: not an Ed25519 key in PEM form", path);
	return NULL;
}

static bool write_key(EVP_PKEY *pkey, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	if (!file)
		return false;
	bool fine = PEM_write_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL) == 1;
	fine = fflush(file) == 0 && fine && fsync(fd) == 0;
	fine = fclose(file) == 0 && fine;
	if (!fine)
		unlink(path);
	return fine;
}

bool seal_key_make(const char *path, struct err *err)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	errno = 0;
	bool fine = pkey && write_key(pkey, path);
	EVP_PKEY_free(pkey);
	return fine || err_set(err, errno == EEXIST ? ERR_USAGE : ERR_STORAGE, "signing key %s: %s",
			       path, strerror(errno));
}

void seal_key_public(const struct seal_key *key, unsigned char out[ED25519])
{
	size_t size = ED25519;
	if (EVP_PKEY_get_raw_public_key(key->pkey, out, &size) != 1)
		abort();
}

// --- signatures ---

bool seal_sign(const struct seal_key *key, struct text text, unsigned char out[SIGNATURE])
{
	size_t size = SIGNATURE;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool fine = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
		    EVP_DigestSign(context, out, &size, (const unsigned char *)text.p, text.n) == 1;
	EVP_MD_CTX_free(context);
	return fine && size == SIGNATURE;
}

bool seal_check_signature(const unsigned char key[ED25519], struct text text,
			  const unsigned char signature[SIGNATURE])
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool fine = pkey && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
		    EVP_DigestVerify(context, signature, SIGNATURE, (const unsigned char *)text.p,
				     text.n) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return fine;
}

// --- public keys ---

bool seal_public_pem(const unsigned char key[ED25519], struct buf *out)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, ED25519);
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	bool fine = pkey && bio && PEM_write_bio_PUBKEY(bio, pkey) == 1;
	long size = fine ? BIO_get_mem_data(bio, &bytes) : 0;
	if (size > 0)
		buf_add(out, bytes, (size_t)size);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return size > 0;
}

bool seal_public_load(const char *path, unsigned char out[ED25519], struct err *err)
{
	size_t size = ED25519;
	FILE *file = fopen(path, "re");
	EVP_PKEY *pkey = file ? PEM_read_PUBKEY(file, NULL, no_passphrase, NULL) : NULL;
	bool fine = pkey && EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519 &&
		    EVP_PKEY_get_raw_public_key(pkey, out, &size) == 1;
	if (file)
		fclose(file);
	EVP_PKEY_free(pkey);
	return fine || err_set(err, ERR_INPUT, "%s: not a public Ed25519 key in PEM form", path);
}
