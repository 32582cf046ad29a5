// SPDX-License-Identifier: Apache-2.0
#include "ingest/own_files.h"

#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// By what it is, not by its name: a link may lead to it.
static bool is_written_to(int descriptor, const struct stat *file)
{
	struct stat st;
	return !fstat(descriptor, &st) && S_ISREG(st.st_mode) && st.st_dev == file->st_dev &&
	       st.st_ino == file->st_ino;
}

static bool is_below(const char *folder, const char *path)
{
	char *whole_folder = realpath(folder, NULL), *whole_path = realpath(path, NULL);
	size_t n = whole_folder ? strlen(whole_folder) : 0;
	bool below = whole_folder && whole_path && !strncmp(whole_path, whole_folder, n) &&
		     whole_path[n] == '/';
	free(whole_folder);
	free(whole_path);
	return below;
}

const char *own_file(const struct settings *settings, const char *path)
{
	struct stat st;
	if (stat(path, &st))
		return NULL;
	if (is_written_to(STDERR_FILENO, &st) || is_written_to(STDOUT_FILENO, &st))
		return "the log of receiptd itself";
	if (settings->data_dir && is_below(settings->data_dir, path))
		return "in data_dir, where receiptd keeps its own files";
	return NULL;
}

bool own_files_check(const struct settings *settings, struct err *err)
{
	bool ok = true;
	for (size_t i = 0; i < settings->source_count && ok; i++) {
		const struct source_setting *source = &settings->sources[i];
		glob_t found;
		if (source_is_spool(source) || glob(source->path, 0, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc && ok; j++) {
			const char *why = own_file(settings, found.gl_pathv[j]);
			if (why)
				ok = err_set(err, ERR_USAGE,
					     "source %s: path \"%s\" matches %s, %s", source->name,
					     source->path, found.gl_pathv[j], why);
		}
		globfree(&found);
	}
	return ok;
}
