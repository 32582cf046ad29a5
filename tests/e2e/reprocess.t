#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# reprocess: an interval that is dropped and read again is what it was, byte for byte; also after a kill,
# also when rows were wrong before; what is outside stays; nothing is dropped when a file is gone.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; tail -n 3 "$folder/errors" | sed 's/^/# /'; }
}
run=("$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data")
receiptd() { "${run[@]}" "$@" 2>>"$folder/errors"; }
state() { # everything that is exported, as one text
	for what in messages findings counters; do
		receiptd export "$what" --format ndjson --now last
	done
}
# Without how often a finding of single lines was seen: that depends on where batches end.
facts() { sed 's/"last_at":"[^"]*","count":[0-9]*}$/}/' "$@"; }
log() { # name, day, hosts, seed
	python3 tests/oracle/generate.py --format prosody --out "$folder/$1" --manifest "$folder/m" \
		--records 400 --seed "$4" --start "2026-03-${2}T06:00:00Z" --gap-ms 60000 --hosts "$3" \
		2>>"$folder/errors"
}
mkdir "$folder/a" "$folder/b"
log a/a-20260301.log 01 sea.example,hill.example 1
log a/a-20260302.log 02 sea.example,hill.example 2
log a/a-20260303.log 03 sea.example,hill.example 3
log b/b-20260320.log 20 lake.example,dune.example 4
receiptd import --zone UTC "$folder"/a/*.log >"$folder/first"
receiptd import --zone UTC "$folder"/b/*.log >>"$folder/first"
state >"$folder/before"
check "there is something" 1 "$(grep -c '"rows":' "$folder/before")"

# --- what would be done
receiptd reprocess --since 2026-03-02T00:00:00Z --until 2026-03-03T00:00:00Z --dry-run >"$folder/said"
check "dry run: exit status" 0 "$?"
check "dry run: all of the source, nothing of the other" 3 "$(grep -c '^would read .*/a/' "$folder/said")"
check "dry run: not the other one" 0 "$(grep -c '/b/' "$folder/said")"
state | cmp -s - "$folder/before"
check "dry run: changes nothing" 0 "$?"

# --- again, and it is the same
receiptd reprocess --zone UTC --since 2026-03-02T00:00:00Z --until 2026-03-03T00:00:00Z >"$folder/said"
check "an interval: exit status" 0 "$?"
check "an interval: three files were read" 3 "$(grep -c 'prosody, .* rows added' "$folder/said")"
state | cmp - "$folder/before"
check "an interval: nothing differs" 0 "$?"
receiptd import --zone UTC "$folder"/a/*.log >"$folder/said"
check "its files count as read" 3 "$(grep -c 'was read before' "$folder/said")"

# --- a dialect that had read them wrongly: here with another setting
receiptd --set "data_dir=$folder/wrong" --set w_match=1ms import --zone UTC "$folder"/a/*.log \
	>/dev/null
receiptd --set "data_dir=$folder/wrong" import --zone UTC "$folder"/b/*.log >/dev/null
receiptd --set "data_dir=$folder/wrong" export messages --now last >"$folder/wrong.messages"
receiptd export messages --now last >"$folder/right.messages"
cmp -s "$folder/wrong.messages" "$folder/right.messages"
check "read wrongly it differs" 1 "$?"
receiptd --set "data_dir=$folder/wrong" reprocess --zone UTC --since 2026-03-01T00:00:00Z \
	--until 2026-03-04T00:00:00Z >/dev/null
check "read rightly: exit status" 0 "$?"
receiptd --set "data_dir=$folder/wrong" export messages --now last | cmp - "$folder/right.messages"
check "read rightly it is the same" 0 "$?"

# --- a file that is gone or changed: refused before anything is dropped
mv "$folder/a/a-20260302.log" "$folder/moved"
receiptd reprocess --zone UTC --since 2026-03-01T00:00:00Z >"$folder/said"
check "a file is gone: exit status" 5 "$?"
sed '1s/^./X/' "$folder/moved" >"$folder/a/a-20260302.log"
receiptd reprocess --zone UTC --since 2026-03-01T00:00:00Z >"$folder/said"
check "a file has changed: exit status" 5 "$?"
state | cmp - "$folder/before"
check "refused: nothing differs" 0 "$?"
rm "$folder/a/a-20260302.log"
gzip -c "$folder/moved" >"$folder/elsewhere.gz"
receiptd reprocess --zone UTC --since 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z \
	"$folder/elsewhere.gz" >"$folder/said"
check "found by its content elsewhere, compressed" 0 "$?"
state | cmp - "$folder/before"
check "found elsewhere: nothing differs" 0 "$?"

# --- killed in the middle, again and again, and once left to end
facts "$folder/before" >"$folder/facts"
unfinished=0
silent=0
# What it has said so far tells where it is: about to drop, with one file read, with the next one.
begun="^(dropping|going on)"
for point in "$begun" " rows added" " rows added" "$begun" " rows added"; do
	: >"$folder/killed"
	"${run[@]}" --set flush_events=50 reprocess --zone UTC --source \
		"prosody:$(realpath "$folder")/a/a" "$folder/elsewhere.gz" \
		>>"$folder/killed" 2>&1 &
	process=$!
	until grep -Eq "$point" "$folder/killed" || ! kill -0 "$process" 2>/dev/null; do sleep 0.002; done
	kill -KILL "$process" 2>/dev/null
	wait "$process" 2>/dev/null
	if ! state | facts | cmp -s - "$folder/facts"; then
		unfinished=$((unfinished + 1))
		receiptd reprocess --dry-run --since 2026-03-01T00:00:00Z >/dev/null
		[ "$?" = 3 ] || silent=$((silent + 1))
	fi
done
echo "# $unfinished of 5 kills in the middle"
check "some kills hit the middle" 1 "$((unfinished >= 2))"
receiptd reprocess --zone UTC --since 2026-03-01T00:00:00Z --until 2026-03-02T00:00:00Z \
	"$folder/elsewhere.gz" >"$folder/said"
check "run again: exit status" 0 "$?"
check "none of them was silent" 0 "$silent"
state | facts | cmp - "$folder/facts"
check "run again: nothing differs" 0 "$?"

# --- usage
receiptd reprocess >/dev/null
check "no interval: usage" 2 "$?"
receiptd reprocess --since yesterday >/dev/null
check "no time: usage" 2 "$?"
receiptd reprocess --since 2030-01-01T00:00:00Z >"$folder/said"
check "nothing there: done" 0 "$?"
receiptd reprocess --help >"$folder/said"
check "help" 1 "$(grep -c '^usage: receiptd reprocess' "$folder/said")"
echo "1..$number"
rm -rf "$folder"
