#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The batch principle on chat states, receipts and content over days (I, F5, F6, CS-*): any order, any
# batches, settled at any moments, come to what pairing/ alone makes of the lines in order.
set -eu
count=3
[ -z "${RECEIPTD_LONG:-}" ] || count=60
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 tests/oracle/sequences.py "$folder" --count "$count" \
	${RECEIPTD_SEED:+--seed "$RECEIPTD_SEED"}
"${BUILD:-build}/tests/vectors" "$folder" --mode all --tap
