#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz targets: run.sh FOLDER SECONDS TARGET... Each starts from its corpus in tests/fuzz/corpus and
# keeps what it finds beside the programs, never in the tree: a finding is copied there by hand, as a
# fixed test, when it is mended. Prints one line a target; exit status 1 when one broke.
set -u
export RECEIPTD_FUZZ_STRICT=1
folder=$1
seconds=$2
shift 2
status=0
for target in "$@"; do
	work=$folder/work/$target
	seeds=tests/fuzz/corpus/$target
	mkdir -p "$work/corpus" "$work/found"
	[ -d "$seeds" ] || seeds=
	# shellcheck disable=SC2086 # no corpus, no word
	"$folder/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 \
		-print_final_stats=1 -artifact_prefix="$work/found/" "$work/corpus" $seeds \
		>"$work/log" 2>&1
	result=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
	if [ "$result" -eq 0 ]; then
		echo "$target: ${runs:-?} executions in $seconds s, nothing found"
	else
		status=1
		echo "$target: BROKEN after ${runs:-?} executions, see $work/log and $work/found"
	fi
done
exit "$status"
