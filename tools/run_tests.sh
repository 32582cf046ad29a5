#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the tests of the given kinds (folders of tests/) under one prove; everything prints TAP.
# A kind's tests are its test_*.c, built below $BUILD, and its *.t, run as they are.
# With RECEIPTD_LONG=1 the tests use their full counts and docs/TESTED.md is written.
set -eu
export LC_ALL=C CMOCKA_MESSAGE_OUTPUT=TAP
export BUILD="${BUILD:-build}"
jobs=${JOBS:-2}
long=${RECEIPTD_LONG:-}

list_tests() {
	for kind in "$@"; do
		for source in tests/"$kind"/test_*.c; do
			[ ! -e "$source" ] || echo "$BUILD/${source%.c}"
		done
		for script in tests/"$kind"/*.t; do
			[ ! -e "$script" ] || echo "$script"
		done
	done
}

write_tested() { # output of prove; what follows from "## Fuzzing" on is kept, it is written by hand
	by_hand=$(sed -n '/^## Fuzzing/,$p' docs/TESTED.md 2>/dev/null)
	{
		echo '# What was tested'
		echo
		echo "\`make check-long\` on $(date -u +%Y-%m-%d), with:"
		echo
		echo "- commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
		echo "- $(uname -srm), $(nproc) processors"
		echo "- $(${CC:-cc} --version | head -n 1)"
		echo "- $(pkg-config --modversion libpq | sed 's/^/libpq /')"
		echo
		echo '```'
		# Each file's verdict, and the lines that name a seed or a figure.
		grep -E '(^(tests|build)/|^Files=|^Result|^not ok|seed|interruptions)' "$1" |
			grep -vE '# TODO not yet|^ok [0-9]+ - (seed|memory|database)'
		echo '```'
		[ -z "$by_hand" ] || printf '\n%s\n' "$by_hand"
	} >docs/TESTED.md
}

tests=$(list_tests "$@")
for test in $tests; do # prove would end in the middle
	case $test in
	*.t) [ -x "$test" ] || { echo "not executable: $test (chmod +x)" >&2; exit 2; } ;;
	esac
done
if [ -z "$tests" ]; then
	echo "no tests of kind: $*" >&2
	exit 2
fi
# shellcheck disable=SC2086 # one word per test: paths of this tree have no blanks
if [ -z "$long" ]; then
	output=$BUILD/check.txt
	{
		status=0
		prove --timer --jobs "$jobs" --failures --comments -e '' $tests 2>&1 || status=$?
		echo "$status" >"$output.status"
	} | tee "$output"
	status=$(cat "$output.status")
	if [ "$status" != 0 ]; then # again, where the end of a long output is looked at
		grep -A 8 '^not ok' "$output" || true
		tail -n 2 "$output"
	fi
	exit "$status"
fi
output=$BUILD/check-long.txt
status=0
# shellcheck disable=SC2086
prove --jobs "$jobs" --timer --verbose -e '' $tests >"$output" 2>&1 || status=$?
write_tested "$output"
tail -n 40 "$output"
exit "$status"
