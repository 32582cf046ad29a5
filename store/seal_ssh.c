// SPDX-License-Identifier: Apache-2.0
// The same key as OpenSSH sees it: signatures of ssh-keygen -Y (PROTOCOL.sshsig), public keys.
#include "store/seal_parts.h"

#include <openssl/evp.h>
#include <stdlib.h>

static const char algorithm[] = "ssh-ed25519", space[] = "receiptd-seal", magic[] = "SSHSIG";
static const char begin[] = "-----BEGIN SSH SIGNATURE-----\n",
		  end[] = "-----END SSH SIGNATURE-----\n";
enum { LINE = 70, SHA512 = 64 };

static void put_string(struct buf *out, struct text text)
{
	buf_be32(out, (uint32_t)text.n);
	buf_text(out, text);
}

static void put_public(struct buf *out, const unsigned char key[ED25519])
{
	put_string(out, text_of(algorithm));
	put_string(out, (struct text){(const char *)key, ED25519});
}

static void base64(struct text bytes, size_t line, struct buf *out)
{
	size_t size = 4 * ((bytes.n + 2) / 3);
	unsigned char *text = xcalloc(size + 1, 1);
	EVP_EncodeBlock(text, (const unsigned char *)bytes.p, (int)bytes.n);
	for (size_t at = 0; at < size; at += line) {
		size_t n = size - at < line ? size - at : line;
		buf_add(out, text + at, n);
		if (line < SIZE_MAX)
			buf_char(out, '\n');
		if (line == SIZE_MAX)
			break;
	}
	free(text);
}

void seal_ssh_public(const unsigned char key[ED25519], struct buf *out)
{
	struct buf bytes = {0};
	put_public(&bytes, key);
	buf_printf(out, "%s ", algorithm);
	base64(buf_view(&bytes), SIZE_MAX, out);
	buf_free(&bytes);
}

// What is signed: not the text itself, so that no other use of the key can be taken for this one.
static bool signed_bytes(struct text text, struct buf *out)
{
	unsigned char hash[SHA512];
	unsigned size = 0;
	buf_zstr(out, magic);
	put_string(out, text_of(space));
	put_string(out, TEXT(""));
	put_string(out, TEXT("sha512"));
	if (EVP_Digest(text.p, text.n, hash, &size, EVP_sha512(), NULL) != 1)
		return false;
	put_string(out, (struct text){(const char *)hash, size});
	return true;
}

static void armor(const unsigned char key[ED25519], const unsigned char signature[SIGNATURE],
		  struct buf *out)
{
	struct buf bytes = {0}, part = {0};
	buf_zstr(&bytes, magic);
	buf_be32(&bytes, 1);
	put_public(&part, key);
	put_string(&bytes, buf_view(&part));
	put_string(&bytes, text_of(space));
	put_string(&bytes, TEXT(""));
	put_string(&bytes, TEXT("sha512"));
	part.len = 0;
	put_string(&part, text_of(algorithm));
	put_string(&part, (struct text){(const char *)signature, SIGNATURE});
	put_string(&bytes, buf_view(&part));
	buf_zstr(out, begin);
	base64(buf_view(&bytes), LINE, out);
	buf_zstr(out, end);
	buf_free(&bytes);
	buf_free(&part);
}

bool seal_ssh_sign(const struct seal_key *key, struct text text, struct buf *out)
{
	unsigned char public[ED25519], signature[SIGNATURE];
	struct buf bytes = {0};
	bool fine = signed_bytes(text, &bytes) && seal_sign(key, buf_view(&bytes), signature);
	seal_key_public(key, public);
	if (fine)
		armor(public, signature, out);
	buf_free(&bytes);
	return fine;
}

// Ed25519 has one signature of a text: it is enough to make it again around the one that is given.
static bool decode(struct text armored, unsigned char signature[SIGNATURE])
{
	struct text left = text_after(armored, begin);
	struct buf text = {0};
	unsigned char bytes[256];
	for (size_t i = 0; i < left.n && left.p[i] != '-'; i++)
		if (left.p[i] != '\n')
			buf_char(&text, left.p[i]);
	bool fits = text.len && text.len % 4 == 0 && text.len / 4 * 3 <= sizeof bytes;
	int size =
		fits ? EVP_DecodeBlock(bytes, (const unsigned char *)text.data, (int)text.len) : -1;
	for (size_t i = text.len; fits && i && text.data[i - 1] == '='; i--)
		size--;
	buf_free(&text);
	if (size < SIGNATURE)
		return false;
	memcpy(signature, bytes + size - SIGNATURE, SIGNATURE);
	return true;
}

bool seal_ssh_check(const unsigned char key[ED25519], struct text text, struct text armored)
{
	unsigned char signature[SIGNATURE];
	struct buf bytes = {0}, again = {0};
	bool fine = decode(armored, signature) && signed_bytes(text, &bytes) &&
		    seal_check_signature(key, buf_view(&bytes), signature);
	if (fine)
		armor(key, signature, &again);
	fine = fine && text_same(buf_view(&again), armored);
	buf_free(&bytes);
	buf_free(&again);
	return fine;
}
