// SPDX-License-Identifier: Apache-2.0
// The options of a command, as texts by their number.
#ifndef API_OPTIONS_H
#define API_OPTIONS_H

#include "core/err.h"

#include <getopt.h>

// table: val counts from 0; ends with zeros. given[val]: the value, "" of an option that takes none, NULL where it
// was not given. command: NULL where whoever prints err names it. Nothing behind --help is looked at. False: err says which option is wrong. What is no option is in
// argv from optind on. Not for several threads (getopt).
bool options_read(const char *command, int argc, char **argv, const struct option *table,
		  const char **given, struct err *err);

#endif
