#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What is said of sources: no file (F15), a file that cannot be a log (F36), a server that goes on logging
# but no stanzas (F51: a gap, which ends with the next stanza), and that all is well.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder" # else, as root, the cluster would be the shared one under /var/lib
log=$folder/p.log
echo "1..7"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; sed 's/^/# /' "$folder/out"; }
}
say() { "$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data" "$@" 2>/dev/null; }
state() { say export sources | grep "\"name\":\"$1\"" | grep -o '"state":"[a-z]*"' | cut -d'"' -f4; }
gaps() { say export gaps | grep "no stanzas" | grep -c "$1"; }
wait_for() { # up to a minute until the command says so
	wanted=$1; shift
	for _ in $(seq 1 200); do
		[ "$("$@")" = "$wanted" ] && return
		sleep 0.3
	done
}
cat >"$folder/conf" <<TXT
silence = "3s"
source p { path = "$log" dialect = "prosody" zone = UTC }
source later { path = "$folder/later.log" }
source folder { path = "$folder" }
TXT
line() { printf '2026-11-22T10:%02d:%02d+0000 %s\tdebug\t%s\n' "$1" "$2" "$3" "$4"; }
hello() { line "$1" "$2" c2saa01 "RECV: <message to='bob@acme.test' id='$1$2'><body>hello</body></message>"; }

{ line 0 0 c2saa01 "Resource bound: anna@acme.test/phone"; hello 0 1; } >"$log"
"$program" --log-level warn --set "data_dir=$folder/data" --set port=0 --config "$folder/conf" run >"$folder/out" 2>&1 &
process=$!
wait_for following state p
check "all is well" following "$(state p)"
check "there is no such file" waiting "$(state later)"
check "a folder is no log" failing "$(state folder)"

for second in $(seq 2 40); do line 1 "$second" mod_x "nothing of interest"; done >>"$log"
wait_for silent state p
check "other lines and no stanzas" silent "$(state p)"
check "that is a gap" 1 "$(gaps .)"
hello 2 0 >>"$log"
wait_for following state p
check "a stanza again" following "$(state p)"
for _ in $(seq 1 100); do [ "$(gaps '"to_at":"2026-11-22T10:02')" = 1 ] && break; sleep 0.2; done
check "the gap has an end" 1 "$(gaps '"to_at":"2026-11-22T10:02')"
kill -TERM "$process"; wait "$process"
rm -rf "$folder"
