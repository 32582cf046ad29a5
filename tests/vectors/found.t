#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the oracle found once: vectors of our own. By the database path a third of them, chosen by the seed; all with
# RECEIPTD_LONG.
exec "${BUILD:-build}/tests/vectors" tests/vectors/found --mode all --tap --not-yet tests/vectors/NOT_YET \
	--share "$([ -n "${RECEIPTD_LONG:-}" ] && echo 1 || echo 3)"
