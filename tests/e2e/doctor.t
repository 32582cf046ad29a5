#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# doctor: each thing that can be wrong is said, with what to change; what is fine is no alarm.
set -u
program="${BUILD:-build}/receiptd"
folder=$(mktemp -d)
chmod 755 "$folder" # else, as root, the cluster would be the shared one under /var/lib
data=tests/data/prosody
echo "1..9"
number=0
check() { # what, wanted, got
	number=$((number + 1))
	[ "$2" = "$3" ] && echo "ok $number - $1" || { echo "not ok $number - $1"; echo "# wanted $2, got $3"; sed 's/^/# /' "$folder/said"; }
}
doctor() {
	"$program" --log-level error --set database_wait=60s --set "data_dir=$folder/data" --config "$folder/conf" doctor >"$folder/said" 2>&1
	echo "$?"
}
says() { grep -c "$1" "$folder/said"; }
zcat $data/stanza-debug/debug-iso.log.gz >"$folder/p.log"
zcat $data/plain-debug/debug-default.log.gz >"$folder/plain.log"
zcat $data/syslog/rsyslog-rfc3339.log.gz >"$folder/sys.log"
zcat $data/stanza-debug/stdout.log.gz >"$folder/out.log"
mkdir "$folder/dir.log"

echo "source p { path = \"$folder/p.log*\" zone = UTC }" >"$folder/conf"
check "all is well: exit status" 0 "$(doctor)"
check "all is well: no warning" 0 "$(says '^  \(warn\|bad\)')"
touch "$folder/p.log.1"
cat >"$folder/conf" <<TXT
source p { path = "$folder/p.log" zone = UTC }
source plain { path = "$folder/plain.log" }
source none { path = "$folder/none.log" }
source dir { path = "$folder/dir.log" }
source sys { path = "$folder/sys.log" }
source out { path = "$folder/out.log" }
TXT
check "something is wrong: exit status" 3 "$(doctor)"
check "a rotated file that is not matched" 1 "$(says "warn .*p.log.1.*Set path = \"$folder/p.log\*\"")"
check "no stanzas" 1 "$(says 'bad .*enable mod_stanza_debug')"
check "no file" 1 "$(says 'bad .*no file matches')"
check "a folder" 1 "$(says 'bad .*not a regular file')"
check "cut lines" 1 "$(says 'warn .*cut by the logger')"
check "no times" 1 "$(says 'note .*bear no time')"
rm -rf "$folder"
