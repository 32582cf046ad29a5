#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Rotated logs that were compressed before they were read to their end are read on inside the archive (F4,
# F19), not before they are complete (F20); what was rotated away where no pattern finds it is a gap.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder" # else, as root, the cluster would be the shared one under /var/lib
sample=tests/data/prosody/stanza-debug/debug-iso.log.gz
log=$folder/p.log
echo "1..10"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; sed 's/^/# /' "$folder/out"; }
}
say() { "$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data" "$@" 2>/dev/null; }
counter() { say export counters | grep -o "\"$1\":[0-9]*" | cut -d: -f2; }
gaps() { say export gaps | grep -c "$1"; }
wait_for() { # up to half a minute until the command says so
	wanted=$1; shift
	for _ in $(seq 1 100); do
		[ "$("$@")" = "$wanted" ] && return
		sleep 0.3
	done
}
start() {
	"$program" --log-level warn --set "data_dir=$folder/data" --set port=0 --config "$folder/conf" run \
		>"$folder/out" 2>&1 &
	process=$!
}
stop() { kill -TERM "$process"; wait "$process"; }
begin() { # pattern
	rm -rf "$folder/data" "$log"*
	printf 'source p { path = "%s" dialect = "prosody" zone = UTC }\n' "$1" >"$folder/conf"
	head -n 9000 "$folder/whole" >"$log"
	start
	wait_for "$early" counter rows
}
zcat "$sample" >"$folder/whole"
head -n 9000 "$folder/whole" >"$folder/early"
"$program" --log-level error --set "data_dir=$folder/first" import --zone UTC "$folder/early" >/dev/null 2>&1
early=$("$program" --log-level error --set "data_dir=$folder/first" export counters 2>/dev/null |
	grep -o '"rows":[0-9]*' | cut -d: -f2)

rotate() { # written on, renamed, compressed, begun anew
	sed -n '9001,12000p' "$folder/whole" >>"$log"
	mv "$log" "$log.1"
	gzip "$log.1"
	tail -n +12001 "$folder/whole" >"$log"
}

begin "$log*"
stop
rotate
start
wait_for 360 counter rows
check "compressed while down: every row" 360 "$(counter rows)"
check "compressed while down: nothing twice" "" "$(counter resends)"
check "compressed while down: no gap" 0 "$(gaps .)"
stop
start
sleep 3
check "read again after a restart: nothing twice" "" "$(counter resends)"
stop

begin "$log*"
kill -STOP "$process"
rotate
kill -CONT "$process"
wait_for 360 counter rows
check "compressed while frozen: every row" 360 "$(counter rows)"
check "compressed while frozen: nothing twice" "" "$(counter resends)"

tail -n +12001 "$folder/whole" | sed 's/2026-11-22/2026-11-23/' | gzip >"$folder/next.gz"
head -c 60000 "$folder/next.gz" >"$log.2.gz"
sleep 5
check "half of an archive: not read yet" 360 "$(counter rows)"
cat "$folder/next.gz" >"$log.2.gz"
for _ in $(seq 1 100); do
	[ "$(counter rows)" -gt 360 ] && break
	sleep 0.3
done
check "the whole archive: read" "1 0" "$([ "$(counter rows)" -gt 360 ] && echo 1) $(gaps .)"
stop

begin "$log"
stop
rotate
start
wait_for 1 gaps "gone before"
check "no pattern finds it: a gap" 1 "$(gaps 'gone before')"
stop
printf 'source p { path = "%s" dialect = "prosody" zone = UTC }\n' "$log*" >"$folder/conf"
start
wait_for 0 gaps "gone before"
check "a pattern that finds it: no gap any more" 0 "$(gaps 'gone before')"
stop
rm -rf "$folder"
