#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The batch principle on random traffic: any order and any batches come to what was sent. A seed
# that fails becomes a file in tests/vectors/found.
set -eu
count=4
[ -z "${RECEIPTD_LONG:-}" ] || count=60
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 tests/oracle/vectors.py "$folder" --count "$count" \
	${RECEIPTD_SEED:+--seed "$RECEIPTD_SEED"}
"${BUILD:-build}/tests/vectors" "$folder" --mode all --tap
