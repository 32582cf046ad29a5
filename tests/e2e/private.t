#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Private acknowledgements from the configuration file to the export: a wrong declaration ends the program
# with status 2 and a line that says what to do; what rows say stays true when declarations are edited.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder"
trap 'rm -rf "$folder"' EXIT
run=(--log-level error --set database_wait=60s --set "data_dir=$folder/data" --config "$folder/conf")
number=0
echo "1..8"
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; }
}

declare_() { # name, element, more
	printf 'ack %s {\n\telement = %s\n\tnamespace = "app:%s"\n\tmeans = delivered\n\t%s\n}\n' "$1" "$2" "$1" "${3:-}"
}

line() { # minute, from, to, id, inside
	printf '{"ts":"2026-05-04T10:%s:00Z","feed":"c2s","dir":"in","session":"%s","stanza":"<message to='"'%s' id='%s' type='chat'>%s</message>"'"}\n' "$@"
}

exchange() { # hour-unique id, convention
	line "$3" ada@a.example/x ben@b.example "$1" "<body>hello $1</body>"
	line "$4" ben@b.example/y ada@a.example/x "r$1" "<ok xmlns='app:$2' id='$1'/>"
}

vias() {
	"$program" "${run[@]}" export messages | grep -o '"id":"[^"]*"\|"delivered_via":"[^"]*"' | cut -d'"' -f4 | paste -sd' '
}

declare_ bluebird ok 'ref = "one/two/three"' >"$folder/conf"
said=$("$program" "${run[@]}" export messages 2>&1)
check "a wrong declaration ends with status 2" 2 "$?"
check "and names file, line, key and what is expected" 1 \
	"$(grep -c 'conf: line 5: ref: "one/two/three".*child/@attr' <<<"$said")"
declare_ bluebird ok 'namespace = "urn:xmpp:receipts"' >"$folder/conf"
"$program" "${run[@]}" import /dev/null >/dev/null 2>&1
check "the same for import" 2 "$?"
check "help tells the keys" 7 "$("$program" --settings | grep -cE '^  (element|namespace|on|ref|means|request_element|request_namespace) ')"

{ declare_ bluebird ok; declare_ hive ok; } >"$folder/conf"
{ exchange m1 bluebird 00 01; exchange m2 hive 02 03; } >"$folder/one.ndjson"
"$program" "${run[@]}" import "$folder/one.ndjson" >/dev/null 2>"$folder/err"
check "imported" 0 "$?"
check "shown by name" "m1 private:bluebird m2 private:hive" "$(vias)"
{ declare_ owl ok; declare_ hive ok; } >"$folder/conf"
{ exchange m3 owl 04 05; exchange m4 hive 06 07; exchange m5 bluebird 08 09; } >"$folder/two.ndjson"
"$program" "${run[@]}" import "$folder/two.ndjson" >/dev/null 2>"$folder/err"
check "imported with other declarations" 0 "$?"
check "old rows keep their names" "m1 private:bluebird m2 private:hive m3 private:owl m4 private:hive m5" "$(vias)"
