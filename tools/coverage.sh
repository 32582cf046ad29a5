#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# After "make coverage": executed lines per source file and in all, from gcov's own numbers.
set -eu
build=${BUILD:-build-cov}
for room in core pairing ingest store api; do
	[ ! -d "$build/obj/$room" ] || find "$build/obj/$room" -name '*.gcda'
done | xargs gcov -n 2>/dev/null | awk '
	/^File / { file = $2; gsub(/\047/, "", file) }
	/^Lines executed:/ && file ~ /\.c$/ && file !~ /^\// {
		split($0, part, /[:% ]+/)
		share[file] = part[3]; lines[file] = part[5]; file = ""
	}
	END {
		for (name in share) {
			printf "%6.1f %% of %5d  %s\n", share[name], lines[name], name | "sort -k5"
			all += lines[name]; run += lines[name] * share[name] / 100
		}
		close("sort -k5")
		if (all) printf "%6.1f %% of %5d  all\n", run * 100 / all, all
	}'
