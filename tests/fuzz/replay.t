#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# F132: the kept corpora through every fuzz target, then each target for a few seconds, with the sanitizers.
# libFuzzer is clang's; without clang this says that it was skipped. RECEIPTD_LONG: 60 seconds of each.
set -u
cd "$(dirname "$0")/../.." || exit 1
folder=build-fuzz/tests/fuzz
seconds=${RECEIPTD_FUZZ_SECONDS:-2}
[ -z "${RECEIPTD_LONG:-}" ] || seconds=60
if ! command -v clang >/dev/null 2>&1; then
	echo '1..0 # SKIP clang is not installed: nothing was fuzzed'
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jobs=$(nproc 2>/dev/null || echo 2)
if ! env -u MAKEFLAGS -u MAKELEVEL make -j"$jobs" --no-print-directory CC=clang BUILD=build-fuzz \
	SANITIZE=fuzzer-no-link,address,undefined fuzz-built >"$work/make" 2>&1; then
	echo '1..1'
	echo 'not ok 1 - the fuzz targets build'
	tail -n 20 "$work/make" | sed 's/^/# /'
	exit 1
fi
targets=$(find "$folder" -maxdepth 1 -type f -perm -u+x -printf '%f\n' | sort)
number=0
for target in $targets; do
	seeds=tests/fuzz/corpus/$target
	[ -d "$seeds" ] || seeds=$work/new # none kept yet
	for how in replay random; do
		number=$((number + 1))
		if [ "$how" = replay ]; then
			set -- -runs=0
			export RECEIPTD_FUZZ_STRICT=1
			what="$target: the corpus"
		else
			unset RECEIPTD_FUZZ_STRICT
			# The same inputs each time: a test must not fail by luck. "make fuzz" looks for new ones.
			set -- -max_total_time="$seconds" -seed=1
			what="$target: $seconds seconds of fuzzing"
		fi
		mkdir -p "$work/new" "$seeds"
		if "$folder/$target" "$@" -timeout=20 -rss_limit_mb=2048 -max_len=8192 \
			-print_final_stats=1 -artifact_prefix="$work/" "$work/new" "$seeds" >"$work/log" 2>&1; then
			runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
			echo "ok $number - $what, ${runs:-?} executions"
		else
			echo "not ok $number - $what"
			tail -n 30 "$work/log" | sed 's/^/# /'
			for found in "$work"/crash-* "$work"/timeout-* "$work"/leak-* "$work"/oom-*; do
				[ -e "$found" ] && echo "# base64: $(base64 -w 0 <"$found")"
			done
		fi
		rm -rf "$work/new"
	done
done
echo "1..$number"
