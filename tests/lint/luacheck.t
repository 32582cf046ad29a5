#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# luacheck is content with the Prosody module and its specs.
cd "$(dirname "$0")/../../ingest/hooks/prosody/mod_receiptd" || exit 1
echo 1..1
if found=$(luacheck --no-color --codes . 2>&1); then
	echo "ok 1 - luacheck"
else
	echo "not ok 1 - luacheck"
	printf '%s\n' "$found" | sed 's/^/# /'
	exit 1
fi
