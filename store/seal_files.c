// SPDX-License-Identifier: Apache-2.0
// Heads as files, so that they can be kept elsewhere: NNNNNN.head, .sig, .sshsig, the public keys as PEM
// and for ssh-keygen. Always a temporary file first; a name that somebody planted is replaced, not followed.
#include "store/seal_parts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

void seal_key_path(const struct app *app, const char *key_file, const char *ending,
		   char out[SEAL_PATH])
{
	const struct settings *settings = app->settings;
	if (key_file || settings->seal_key)
		snprintf(out, SEAL_PATH, "%.4000s%.16s", key_file ? key_file : settings->seal_key,
			 ending);
	else
		snprintf(out, SEAL_PATH, "%.4000s/seal.key%.16s", settings->data_dir, ending);
}

void seal_folder(const struct app *app, char out[SEAL_PATH])
{
	const struct settings *settings = app->settings;
	if (settings->seal_dir)
		snprintf(out, SEAL_PATH, "%.4000s", settings->seal_dir);
	else
		snprintf(out, SEAL_PATH, "%.4000s/seals", settings->data_dir);
}

// With a database of somebody else's nothing may have made it yet. Others may pass, as the cluster's user must.
void seal_data_dir(const struct app *app)
{
	mkdir(app->settings->data_dir, 0755); // what comes next says why it could not be
}

static bool write_all(int fd, struct text text)
{
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text = (struct text){text.p + n, text.n - (size_t)n};
	}
	return true;
}

static bool sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool fine = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		close(fd);
	return fine;
}

bool seal_file_put(const char *folder, const char *name, struct text text, struct err *err)
{
	char path[SEAL_PATH + 64], made[SEAL_PATH + 64];
	snprintf(path, sizeof path, "%s/%.40s", folder, name);
	snprintf(made, sizeof made, "%s/.%.40s.new", folder, name);
	unlink(made); // of a process that died
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	bool fine = fd >= 0 && fchmod(fd, 0640) == 0 && write_all(fd, text) && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		fine = false;
	if (fine && rename(made, path) == 0 && sync_folder(folder))
		return true;
	int why = errno;
	unlink(made);
	return err_set(err, ERR_STORAGE, "%s: %s", path, strerror(why));
}

bool seal_file_get(const char *path, struct buf *out, struct err *err)
{
	char bytes[4096];
	size_t n;
	FILE *file = fopen(path, "re");
	if (!file)
		return err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
	while ((n = fread(bytes, 1, sizeof bytes, file)) > 0 && out->len < 1 << 24)
		buf_add(out, bytes, n);
	bool fine = !ferror(file);
	fclose(file);
	return fine || err_set(err, ERR_INPUT, "%s: %s", path, strerror(errno));
}

static bool put_public(const char *folder, const unsigned char key[ED25519], struct err *err)
{
	char name[40], id[17], path[SEAL_PATH + 64];
	struct buf pem = {0}, known = {0}, line = {0};
	struct err ignored = {0};
	hex_print(key, 8, id);
	snprintf(name, sizeof name, "key-%s.pem", id);
	snprintf(path, sizeof path, "%s/allowed_signers", folder);
	seal_file_get(path, &known, &ignored);
	buf_zstr(&line, "receiptd namespaces=\"receiptd-seal\" ");
	seal_ssh_public(key, &line);
	buf_char(&line, '\n');
	bool has = known.len && memmem(known.data, known.len, line.data, line.len);
	buf_text(&known, buf_view(&line));
	bool fine = seal_public_pem(key, &pem) &&
		    (has || (seal_file_put(folder, name, buf_view(&pem), err) &&
			     seal_file_put(folder, "allowed_signers", buf_view(&known), err)));
	buf_free(&pem);
	buf_free(&known);
	buf_free(&line);
	return fine;
}

bool seal_folder_put(const struct app *app, const struct seal_head *head, struct text text,
		     const unsigned char signature[SIGNATURE], struct text ssh, struct err *err)
{
	char folder[SEAL_PATH], name[40];
	seal_folder(app, folder);
	seal_data_dir(app);
	if (mkdir(folder, 0750) != 0 && errno != EEXIST)
		return err_set(err, ERR_STORAGE, "%s: %s", folder, strerror(errno));
	snprintf(name, sizeof name, "%06d.sig", head->number);
	if (!put_public(folder, head->key, err) ||
	    !seal_file_put(folder, name, (struct text){(const char *)signature, SIGNATURE}, err))
		return false;
	snprintf(name, sizeof name, "%06d.sshsig", head->number);
	if (!seal_file_put(folder, name, ssh, err))
		return false;
	snprintf(name, sizeof name, "%06d.head", head->number);
	return seal_file_put(folder, name, text, err);
}

int32_t seal_folder_newest(const struct app *app)
{
	char folder[SEAL_PATH], ending[8];
	int32_t newest = 0, number = 0;
	seal_folder(app, folder);
	DIR *dir = opendir(folder);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char *end;
		long value = strtol(entry->d_name, &end, 10);
		snprintf(ending, sizeof ending, "%.7s", end);
		number = value > 0 && value < INT32_MAX ? (int32_t)value : 0;
		if (strcmp(ending, ".head") == 0 && number > newest)
			newest = number;
	}
	if (dir)
		closedir(dir);
	return newest;
}
