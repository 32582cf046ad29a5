#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints a C file with the contents of files as tables of core/embedded.h.
# Usage: tools/embed.sh sql|migration|asset FILE...
# "-- include NAME" in a query stands for part/NAME.sql beside it, without its comments.
# Byte arrays instead of string literals: C17 promises no more than 4095 characters for those.
set -eu
export LC_ALL=C

kind=$1
shift

name_of() {
	case $kind in
	asset) printf '%s' "$1" | sed -e 's|^api/web/||' -e 's|^docs/||' -e 's|^.*/gen/web/||' ;;
	*) basename "$1" .sql ;;
	esac
}

row_of() { # name, number, size
	case $kind in
	sql) printf '\t{"%s", (const char *)file_%d},\n' "$1" "$2" ;;
	migration) printf '\t{"%s", (const char *)file_%d, %d},\n' "$1" "$2" "$3" ;;
	asset) printf '\t{"%s", file_%d, %d},\n' "$1" "$2" "$3" ;;
	esac
}

contents_of() {
	case $kind in
	sql)
		awk -v folder="$(dirname "$1")/part" '
			function show(file, text, words, status) { # a part may include others
				while ((status = (getline text <file)) > 0) {
					if (text ~ /^-- include /) {
						split(text, words)
						show(folder "/" words[3] ".sql")
					} else if (text !~ /^--/)
						print text
				}
				if (status < 0) exit 1
				close(file)
			}
			/^-- include / { show(folder "/" $3 ".sql"); next }
			{ print }' "$1"
		;;
	*) cat "$1" ;;
	esac
}

printf '// Made by tools/embed.sh. Do not edit.\n#include "core/embedded.h"\n\n'
rows=
count=0
for file in "$@"; do
	printf 'static const unsigned char file_%d[] = {\n' "$count"
	contents=$(mktemp)
	contents_of "$file" >"$contents"
	od -An -v -tu1 "$contents" | sed -e 's/^ *//' -e 's/  */,/g' -e 's/$/,/'
	printf '0};\n\n'
	size=$(wc -c <"$contents")
	rm -f "$contents"
	rows="$rows$(row_of "$(name_of "$file")" "$count" "$size")
"
	count=$((count + 1))
done
# An empty table is not C: one row of nothing keeps it legal, the count says zero.
[ "$count" -gt 0 ] || rows='	{0},
'
printf 'const struct %s_file %s_files[] = {\n%s};\n' "$kind" "$kind" "$rows"
printf 'const size_t %s_file_count = %d;\n' "$kind" "$count"
