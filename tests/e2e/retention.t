#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# retention: a log over many days; days go by age and by size, bodies by age; what comes late is counted;
# run does it by itself; a kill in the middle leaves whole days.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; }
}
receiptd() { "$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data" "$@" 2>>"$folder/errors"; }
left=$((86400 - $(date -u +%s) % 86400)) # all of it on one day
[ "$left" -lt 180 ] && sleep "$left"
ago() { date -u -d "$1 days ago" +%Y-%m-%dT00:00:00Z; }
rows() { receiptd export messages --now last "$@" | wc -l; }
# Messages without an id are numbered among those that are there.
kept() { receiptd export messages --now last --since "$(ago 95)" | sed 's/"id":"","n":[0-9]*/"id":""/'; }
counter() { receiptd export counters --now last | grep -o "\"$1\":[0-9]*" | cut -d: -f2; }

# 14 days: 100 to 87 days ago.
python3 tests/oracle/generate.py --format prosody --out "$folder/p.log" --manifest "$folder/m" \
	--records 2000 --seed 7 --start "$(ago 100)" --gap-ms 600000 2>/dev/null
receiptd import "$folder/p.log" >"$folder/said"
total=$(rows)
old=$(rows --until "$(ago 95)")
check "there are days to keep and days to drop" 1 "$((old > 100 && total > old + 100))"
kept >"$folder/kept.before"

# --- off by default
receiptd retention >"$folder/said"
check "off: exit status" 0 "$?"
check "off: says which settings" 1 "$(grep -c keep_bodies_days "$folder/said")"

# --- bodies
receiptd --set keep_bodies_days=95 retention --dry-run >"$folder/said"
days=$(grep -c 'would be taken out' "$folder/said")
receiptd --set keep_bodies_days=95 retention >"$folder/said"
check "bodies of old days: all that were named" "$days" "$(grep -c 'bodies taken out' "$folder/said")"
check "bodies of old days: every message is there" "$total" "$(rows)"
receiptd --set keep_bodies_days=95 retention >"$folder/said"
check "bodies of old days: once" "nothing to do" "$(cat "$folder/said")"

# --- killed in the middle: whole days only, and the next one goes on
for pause in 0.12 0.15 0.18; do
	"$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data" --set keep_days=95 retention \
		>>"$folder/killed" 2>&1 &
	process=$!
	sleep "$pause"
	kill -KILL "$process" 2>/dev/null
	wait "$process" 2>/dev/null
done

# --- by age
receiptd --set keep_days=95 retention >"$folder/said"
check "by age: exit status" 0 "$?"
check "by age: nothing older is there" 0 "$(rows --until "$(ago 95)")"
kept | cmp - "$folder/kept.before"
check "by age: what is younger is as it was" 0 "$?"
check "by age: nothing came late so far" "" "$(counter late_dropped)"

# --- late: the same traffic under other lines, as another node's log would bring it
python3 tests/oracle/generate.py --format prosody --out "$folder/late.log" --manifest "$folder/m" \
	--records 200 --seed 8 --start "$(ago 99)" --gap-ms 60000 2>/dev/null
receiptd import --strict "$folder/late.log" >"$folder/said"
check "late: no row is added" 1 "$(grep -c ', 0 rows added' "$folder/said")"
check "late: nothing is there" 0 "$(rows --until "$(ago 95)")"
check "late: it is counted" 1 "$(($(counter late_dropped) > 150))"
once=$(counter late_dropped)
receiptd import "$folder/late.log" >"$folder/said"
check "late: it is read" 1 "$(grep -c 'was read before' "$folder/said")"
check "late: counted once" "$once" "$(counter late_dropped)"
receiptd reprocess --since "$(ago 90)" >/dev/null
check "an interval with dropped days is not read again" 3 "$?"

# --- by run itself
"$program" --set "data_dir=$folder/data" --set port=0 --set keep_days=93 run >"$folder/out" 2>&1 &
process=$!
for _ in $(seq 1 240); do
	[ "$(grep -c day-dropped "$folder/out")" -ge 2 ] && break
	sleep 0.25
done
kill -TERM "$process"
wait "$process"
check "run: ends cleanly" 0 "$?"
check "run: dropped two days" 2 "$(grep -c day-dropped "$folder/out")"
check "run: nothing older is there" 0 "$(rows --until "$(ago 93)")"

# --- by size
receiptd --set keep_disk=1kB retention >"$folder/said"
check "by size: exit status" 0 "$?"
check "by size: all days are old, all go" 0 "$(rows)"

# --- a day that is not done
python3 tests/oracle/generate.py --format prosody --out "$folder/new.log" --manifest "$folder/m" \
	--records 200 --seed 9 --start "$(ago 6)" --gap-ms 60000 2>/dev/null
receiptd import "$folder/new.log" >/dev/null
receiptd --set keep_days=2 retention >"$folder/said"
check "not done: exit status" 3 "$?"
check "not done: says what to change" 1 "$(grep -c 'w_match' "$folder/said")"
check "not done: it is there" 1 "$(($(rows) > 100))"

receiptd --set keep_days=many retention >/dev/null
check "no number of days: usage" 2 "$?"
receiptd retention --help >"$folder/said"
check "help" 1 "$(grep -c '^usage: receiptd retention' "$folder/said")"
echo "1..$number"
rm -rf "$folder"
