#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The specs of the Prosody module (busted), on the Lua that Debian's Prosody runs on.
cd "$(dirname "$0")/../../ingest/hooks/prosody/mod_receiptd" || exit 1
exec lua5.4 "$(command -v busted)" --output=TAP spec
