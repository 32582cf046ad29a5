#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# "make lint": house rules, format, clang-tidy, cppcheck. All four are run; one complaint fails.
set -u
export LC_ALL=C
build=${BUILD:-build}
jobs=${JOBS:-2}
packages='jansson libconfuse libsodium libxml-2.0 libarchive libcrypto libssl libpq libmicrohttpd'
include=$(pkg-config --cflags $packages) || exit 2
failed=
rooms='core pairing ingest store api'
[ ! -f receiptd.c ] || rooms="$rooms receiptd.c"

step() { # name, command
	echo "  LINT  $1"
	shift
	"$@" || failed=yes
}

formatted() {
	wrong=$(tools/c_files.sh | xargs clang-format --dry-run -Werror 2>&1 |
		sed -n 's/^\([^ :]*\):[0-9]*:.*clang-formatted.*/\1/p' | sort -u)
	[ -z "$wrong" ] && return 0
	printf '%s\n' "$wrong" | sed 's/^/not formatted ("make format"): /' >&2
	return 1
}

# Not the tests: the analyzer does not know that a failed assertion leaves the function.
# Its count of suppressed warnings is of no use: standard error is shown only on failure.
# A third of the analyzer's usual depth (225000) takes a third of the time; LINT_DEPTH is how deep.
tidy() { # files
	depth="max-nodes=${LINT_DEPTH:-75000}"
	# shellcheck disable=SC2086 # $include is a list of flags
	clang-tidy --quiet --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang \
		--extra-arg="$depth" "$@" -- -std=c17 -D_GNU_SOURCE -I. $include 2>&1 |
		grep -v 'warnings\? generated\.$'
}

tidy_all() {
	# shellcheck disable=SC2086 # a list of words
	complaints=$(tools/c_files.sh $rooms | grep '\.c$' | xargs -P "$jobs" -n 2 "$0" --tidy)
	[ -z "$complaints" ] && return 0
	printf '%s\n' "$complaints" >&2
	return 1
}

check_all() {
	# identicalInnerCondition takes "if (*p) return *p;" for a mistake.
	# shellcheck disable=SC2086 # a list of words
	cppcheck --quiet --enable=warning,performance,portability --error-exitcode=1 \
		--inline-suppr --std=c11 --platform=unix64 -D_GNU_SOURCE -I. -j "$jobs" \
		--suppress=missingIncludeSystem --suppress=identicalInnerCondition \
		--cppcheck-build-dir="$build/cppcheck" $rooms
}

if [ "${1-}" = --tidy ]; then
	shift
	tidy "$@"
	exit 0
fi

mkdir -p "$build/cppcheck"
step 'rooms and house rules' tools/lint_rooms.sh
step 'format' formatted
step 'clang-tidy' tidy_all
step 'cppcheck' check_all
[ -z "$failed" ]
