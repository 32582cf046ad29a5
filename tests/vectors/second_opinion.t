#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Hostile histories: pairing/ and the database against a second reading of the rules. What fails is
# named by family and seed; `hostile.py --shrink FILE` makes it small.
exec env PYTHONHASHSEED=0 python3 tests/oracle/reference/hostile.py --tap ${RECEIPTD_LONG:+--long} \
	${RECEIPTD_SEED:+--seed "$RECEIPTD_SEED"}
