#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# All vector files through pairing/ with other orders and other batches: one test a seed. A seed that
# fails is run again with: build/tests/vectors tests/vectors/data --mode memory --seed N
set -eu
count=10
[ -z "${RECEIPTD_LONG:-}" ] || count=300
first=$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')
echo "1..$count"
number=0
while [ "$number" -lt "$count" ]; do
	number=$((number + 1))
	seed=$((first + number))
	verdict="ok"
	"${BUILD:-build}/tests/vectors" tests/vectors/data --mode memory --seed "$seed" >/dev/null ||
		verdict="not ok"
	echo "$verdict $number - seed $seed"
done
