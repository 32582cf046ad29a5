#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Lists the C sources, or only those of the given folders.
set -eu
[ $# -gt 0 ] || set -- core pairing ingest store api tests receiptd.c
for place in "$@"; do
	[ ! -e "$place" ] || find "$place" -name '*.[ch]' -type f
done | LC_ALL=C sort
