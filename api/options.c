// SPDX-License-Identifier: Apache-2.0
#include "api/options.h"

#include <string.h>

static const struct option *find(const struct option *table, int val)
{
	while (table->name && table->val != val)
		table++;
	return table->name ? table : NULL;
}

bool options_read(const char *command, int argc, char **argv, const struct option *table,
		  const char **given, struct err *err)
{
	optind = 0; // the front door used getopt too
	opterr = 0;
	for (int c; (c = getopt_long(argc, argv, "", table, NULL)) != -1;) {
		const struct option *option = find(table, c);
		if (!option)
			return err_set(err, ERR_USAGE,
				       "%s%sunknown option or missing value: %s (see --help)",
				       command ? command : "", command ? ": " : "",
				       argv[optind - 1]);
		given[c] = optarg ? optarg : "";
		if (strcmp(option->name, "help") == 0)
			return true;
	}
	return true;
}
