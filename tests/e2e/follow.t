#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Following: a renamed file that the pattern still matches is read once (F1, F43), a file that was truncated
# and has grown again is noticed (F8); importing: a cut archive gives what is there (F21).
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder" # else, as root, the cluster would be the shared one under /var/lib
sample=tests/data/prosody/stanza-debug/debug-iso.log.gz
echo "1..6"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; }
}
rows() { "$program" "$@" export counters 2>/dev/null | grep -o '"rows":[0-9]*' | cut -d: -f2; }
resends() { "$program" "$@" export counters 2>/dev/null | grep -c '"resends"'; }
wait_rows() { # wanted rows, then the program's options
	wanted=$1; shift
	for _ in $(seq 1 60); do
		[ "$(rows "$@")" = "$wanted" ] && return
		sleep 0.3
	done
}

wait_any() { # until the file is being read: before that a rename would be another test
	for _ in $(seq 1 80); do
		[ "$(rows "$@" || true)" -gt 0 ] 2>/dev/null && return
		sleep 0.25
	done
}

start() {
	set -- --log-level warn --set "data_dir=$folder/$1" --set port=0 --config "$folder/conf"
	"$program" "$@" run >"$folder/out" 2>&1 &
	process=$!
}

cat >"$folder/conf" <<TXT
source p { path = "$folder/p.log*" zone = UTC }
TXT
zcat "$sample" >"$folder/whole"
run=(--log-level error --set database_wait=60s --set "data_dir=$folder/a")

head -n 12000 "$folder/whole" >"$folder/p.log"
start a
wait_any "${run[@]}"
sleep 1
mv "$folder/p.log" "$folder/p.log.1"
tail -n +12001 "$folder/whole" >"$folder/p.log"
wait_rows 360 "${run[@]}"
sleep 4
check "renamed under the pattern: every row" 360 "$(rows "${run[@]}")"
check "renamed under the pattern: nothing twice" 0 "$(resends "${run[@]}")"
kill -TERM "$process"; wait "$process"
check "TERM ends it cleanly" 0 "$?"

rm -f "$folder"/p.log*
run=(--log-level error --set database_wait=60s --set "data_dir=$folder/b")
head -n 3000 "$folder/whole" >"$folder/p.log"
start b
wait_any "${run[@]}"
sleep 1
kill -STOP "$process"
cat "$folder/whole" "$folder/whole" | tail -n +5000 | head -n 14000 >"$folder/other"
cat "$folder/other" >"$folder/p.log" # the same inode, other bytes, longer than before
kill -CONT "$process"
for _ in $(seq 1 100); do grep -q file-truncated "$folder/out" && break; sleep 0.3; done
check "truncated and grown again: noticed" 1 "$(grep -c file-truncated "$folder/out")"
kill -TERM "$process"; wait "$process"

head -c 100000 "$sample" >"$folder/cut.gz"
"$program" "${run[@]}" --set "data_dir=$folder/c" import "$folder/cut.gz" >"$folder/said" 2>/dev/null
check "a cut archive: exit status" 5 "$?"
check "a cut archive: what is there, and a gap" 1 "$(grep -c 'rows added.*1 gaps' "$folder/said")"
rm -rf "$folder"
