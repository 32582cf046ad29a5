#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The house rules that no compiler knows: who may include what, banned calls, sizes, licence lines.
# Usage: tools/lint_rooms.sh [FOLDER]   (default: the tree it lies in)
set -u
export LC_ALL=C
cd "${1:-$(dirname "$0")/..}" || exit 2
complaints=$(mktemp) || exit 2 # a file, because every complaint comes out of a pipe
trap 'rm -f "$complaints"' EXIT

complain() { # heading; lines from standard input, nothing = fine
	lines=$(cat)
	[ -z "$lines" ] || printf '%s\n%s\n' "$1:" "$lines" | sed '2,$s/^/  /' >>"$complaints"
}

c_files() {
	find "$@" -name '*.[ch]' -type f 2>/dev/null | sort
}

all_c() {
	c_files core pairing ingest store api tests receiptd.c
}

# ---- who includes whom: core <- pairing <- store <- {ingest, api}

# room; headers of ours that it may include, as an extended regular expression
rooms() {
	cat <<'TABLE'
core;core/
pairing;(core|pairing)/
store;(core|pairing|store)/
ingest;((core|pairing|ingest)/|store/store\.h)
api;((core|pairing|api)/|store/store\.h)
TABLE
}

rooms | while IFS=';' read -r room allowed; do
	c_files "$room" | xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' /dev/null |
		grep -vE "\"$allowed"
done | complain 'a room includes headers of a room it must not know (paths start at the root)'

# header of a library; rooms that may include it (tests may include what they test)
libraries() {
	cat <<'TABLE'
libxml/;ingest
archive(_entry)?\.h;ingest
(libpq-fe|libpq-events|pg_config|libpq/.*|catalog/.*)\.h;store
microhttpd\.h;api
confuse\.h;core
sodium(/.*)?\.h;core ingest store api
uni(str|norm|case|ctype|type|width|conv)\.h;core pairing api
openssl/;ingest store api
zlib\.h;api
TABLE
}

libraries | while IFS=';' read -r header allowed; do
	for room in core pairing ingest store api receiptd.c; do
		case " $allowed " in *" $room "*) continue ;; esac
		c_files "$room" | xargs -r grep -nE "#[[:space:]]*include[[:space:]]*<$header" /dev/null
	done
done | complain 'a room includes a library that belongs to another'

# ---- calls that are not used here

banned='strcpy|strcat|stpcpy|sprintf|vsprintf|gets|atoi|atol|atoll|atof|strtok|strtok_r|system|popen|tmpnam|mktemp|setlocale'
all_c | xargs -r grep -nE "(^|[^A-Za-z0-9_])($banned)[[:space:]]*\(" /dev/null |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*(//|\*)' | complain 'banned call'

# ---- sizes: files to 600 lines (tests, being tables, to 900), functions to 70, nine in ten functions under 50

all_c | while read -r file; do
	lines=$(wc -l <"$file")
	case $file in tests/*) most=900 ;; *) most=600 ;; esac
	[ "$lines" -le "$most" ] || echo "$file: $lines lines"
done | complain 'file too long'

# A function's braces stand alone in the first column (the formatter sees to it).
function_sizes() {
	all_c | xargs -r awk '
		/^{/ { start = FNR }
		/^}$/ && start { print FNR - start - 1, FILENAME ":" start; start = 0 }'
}
function_sizes | awk '$1 > 70 { print $2 ": " $1 " lines" }' | complain 'function over 70 lines'
function_sizes | awk '
	$1 >= 50 { long++ }
	END { if (NR > 20 && long * 10 > NR) print long " of " NR " have 50 lines or more" }' |
	complain 'more than one function in ten is long'

# ---- every source says its licence; nothing names a place on somebody's machine

sources() {
	find . \( -path ./.git -o -path './build*' -o -path ./tests/data -o -path '*/node_modules' \) -prune -o \
		-type f \( -name '*.[cht]' -o -name '*.sh' -o -name '*.sql' -o -name '*.py' -o -name '*.lua' \
		-o -name '*.js' -o -name '*.css' -o -name '*.html' -o -name '*.yaml' -o -name '*.bats' \
		-o -name Makefile -o -path './.ci/*' \) ! -name '*.min.*' -print | sort
}

sources | while read -r file; do
	head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$file"
done | complain 'no SPDX line at the top'

{ sources; find . -maxdepth 2 -name '*.md' -not -path './.git/*' -not -path './build*'; } |
	xargs -r grep -nE '(^|[^A-Za-z0-9_.~$}-])/([h]ome|[r]oot|[w]ork|[U]sers)/' /dev/null |
	complain 'path of a particular machine'

# ---- the map names every file: docs/ARCHITECTURE.md, `a/b{,_c}.c` and `a/b*.c` are several

named() {
	grep -oE '`[^`]*`' docs/ARCHITECTURE.md | tr -d '`' | awk '
		{
			if (!match($0, /[{][^}]*[}]/)) { print; next }
			n = split(substr($0, RSTART + 1, RLENGTH - 2), parts, ",")
			if (n == 0) n = 1
			for (i = 1; i <= n; i++)
				print substr($0, 1, RSTART - 1) parts[i] substr($0, RSTART + RLENGTH)
		}' | sed 's/[.]/\\./g; s/[*]/[^\/]*/g'
}

if [ -f docs/ARCHITECTURE.md ]; then
	map=$(mktemp) || exit 2
	trap 'rm -f "$complaints" "$map"' EXIT
	named >"$map"
	c_files pairing store ingest | grep '\.c$' | grep -vxEf "$map" |
		complain 'docs/ARCHITECTURE.md does not name'
fi

cat "$complaints" >&2
[ ! -s "$complaints" ]
