// SPDX-License-Identifier: Apache-2.0
#include "api/http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <sys/stat.h>

bool tls_wanted(const struct settings *settings, bool *wanted, struct err *err)
{
	*wanted = settings->tls_cert || settings->tls_key;
	if (!settings->tls_cert != !settings->tls_key)
		return err_set(err, ERR_USAGE, "%s: is set, but %s is not; TLS needs both",
			       settings->tls_cert ? "tls_cert" : "tls_key",
			       settings->tls_cert ? "tls_key" : "tls_cert");
	return true;
}

// What OpenSSL says of it, without codes and places of its sources.
static bool bad_file(const char *setting, const char *path, struct err *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	ERR_clear_error();
	return err_set(err, ERR_USAGE, "%s %.300s: %s", setting, path,
		       reason ? reason : "is not a PEM file");
}

static bool check_file(const char *setting, const char *path, bool secret, struct err *err)
{
	struct stat status;
	if (stat(path, &status) != 0)
		return err_set(err, ERR_USAGE, "%s %.300s: %s", setting, path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return err_set(err, ERR_USAGE, "%s %.300s: is not a file", setting, path);
	if (secret && (status.st_mode & (S_IRWXO | S_IWGRP)))
		return err_set(err, ERR_USAGE,
			       "%s %.300s: can be read or written by others (chmod 600)", setting,
			       path);
	return true;
}

static bool check_dates(const SSL_CTX *context, const char *path, struct err *err)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);
	if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
		return err_set(err, ERR_USAGE, "tls_cert %.300s: is not valid yet", path);
	if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
		return err_set(err, ERR_USAGE, "tls_cert %.300s: has expired", path);
	return true;
}

static bool read_files(SSL_CTX *context, const struct settings *settings, struct err *err)
{
	const char *cert = settings->tls_cert, *key = settings->tls_key;
	if (!check_file("tls_cert", cert, false, err) || !check_file("tls_key", key, true, err))
		return false;
	if (SSL_CTX_use_certificate_chain_file(context, cert) != 1)
		return bad_file("tls_cert", cert, err);
	if (!check_dates(context, cert, err))
		return false;
	// Setting a key that is not that of the certificate fails here too: told apart by asking again.
	EVP_PKEY *wanted = X509_get0_pubkey(SSL_CTX_get0_certificate(context));
	bool read = SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1;
	bool own = read && SSL_CTX_check_private_key(context) == 1;
	if (own)
		return true;
	int reason = ERR_GET_REASON(ERR_peek_error());
	if (wanted &&
	    (read || reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH)) {
		ERR_clear_error();
		return err_set(err, ERR_USAGE,
			       "tls_key %.300s: is not the key of the certificate %.100s", key,
			       cert);
	}
	return bad_file("tls_key", key, err);
}

// There is one protocol; a client that offers others and not this one is left to find out.
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *size,
			   const unsigned char *in, unsigned in_size, void *self)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;
	(void)ssl;
	(void)self;
	if (SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, in, in_size) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

// A key with a pass phrase must not make a daemon ask for it on a terminal.
static int no_pass_phrase(char *out, int size, int writing, void *self)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)self;
	return -1;
}

static bool set_up(SSL_CTX *context)
{
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
					     SSL_OP_NO_COMPRESSION |
					     SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					  SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	SSL_CTX_set_default_passwd_cb(context, no_pass_phrase);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
}

bool tls_open(const struct settings *settings, SSL_CTX **opened, struct err *err)
{
	ERR_clear_error();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	if (!context || !set_up(context)) {
		SSL_CTX_free(context);
		return err_set(err, ERR_INTERNAL, "OpenSSL does not start");
	}
	if (!read_files(context, settings, err)) {
		SSL_CTX_free(context);
		return false;
	}
	*opened = context;
	return true;
}
