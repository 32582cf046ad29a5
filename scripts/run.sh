#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What "make run" does once everything is built: imports the sample logs, makes a token to try with,
# says what to open, and serves until Ctrl-C. A second run goes on with what is stored.
set -eu
cd "$(dirname "$0")/.."
receiptd="${BUILD:-build}/receiptd"
port="${PORT:-8480}"

if [ "$(id -u)" = 0 ]; then
	state="${RECEIPTD_DATA:-/var/lib/receiptd}"
else
	state="${RECEIPTD_DATA:-${XDG_STATE_HOME:-$HOME/.local/state}/receiptd}"
fi
set -- --set "data_dir=$state" --set "port=$port" --log-level warn

echo "== import of the sample logs (a file that was read before adds nothing)"
"$receiptd" "$@" import --zone UTC \
	tests/data/openfire/of416-en/jive.audit-*.log.gz \
	tests/data/prosody/stanza-debug/debug-iso.log.gz

# The token is shown by the program once; the demo keeps its own in a file that only its owner reads.
file="$state/demo.token"
if [ ! -s "$file" ] || ! "$receiptd" "$@" token list | grep -q '^demo '; then
	"$receiptd" "$@" token revoke demo >/dev/null 2>&1 || true
	(umask 077 && "$receiptd" "$@" token add demo --scopes metrics,messages,bodies,reports \
		>"$file.new" && mv "$file.new" "$file")
fi
token=$(grep -o 'rcd_[A-Za-z0-9_-]*' "$file" | head -n 1)
url="http://127.0.0.1:$port"
day='since=2026-11-22T00:00:00Z&until=2026-11-23T00:00:00Z'
auth="-H 'Authorization: Bearer $token'"

cat <<TXT

== receiptd serves on $url (Ctrl-C stops it)
Open:  $url/   and sign in with $token
Try, in another terminal:

delivery rate and time to deliver, by the hour:
  curl -s $auth '$url/v1/metrics/delivery?$day&bucket=1h'

the chat log of one user, newest first, with ticks:
  curl -s $auth '$url/v1/messages?participant=alice@of.test&order=desc&limit=5'

both directions of a pair, as CSV, with bodies (looking at bodies is recorded):
  curl -s $auth '$url/v1/messages?participant=alice@of.test&peer=bob@of.test&body=1&limit=5&format=csv'

what broke the rules of the XEPs:
  curl -s $auth '$url/v1/findings'

TXT
exec "$receiptd" "$@" run
