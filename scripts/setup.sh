#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that are missing for one or more goals, and says which and why.
# Usage: scripts/setup.sh [--look] run|check|lint|bench...
# --look: says only what is missing. Exit status 2: something is missing and stays so.
set -eu

cd "$(dirname "$0")/.."
look=
if [ "${1-}" = --look ]; then
	look=yes
	shift
fi

# goal|package|what proves that it is there (command or file; nothing: the package itself)|why
packages() {
	cat <<'TABLE'
run|libc6-dev||headers of the C library
run|pkg-config|pkg-config|finds the libraries for the compiler
run|libxml2-dev||parses the stanzas
run|libpq-dev||talks to PostgreSQL
run|libmicrohttpd-dev||serves HTTP
run|libjansson-dev||writes and reads JSON
run|libconfuse-dev||reads the configuration file
run|libarchive-dev||reads compressed logs
run|libsodium-dev||keyed hashes
run|zlib1g-dev||compresses answers (libarchive and libxml2 bring the library itself)
run|libssl-dev||digests and signatures
run|libunistring-dev||normalises addresses
run|postgresql|/usr/lib/postgresql/*/bin/initdb|the database that receiptd runs for itself
run|curl|curl|for the examples that make run prints
run|tzdata|/usr/share/zoneinfo/Europe/Berlin|the time zones of logs and reports
check|faketime|/usr/lib/*/faketime/libfaketime.so.1|a database server whose clock is wrong
check|libcmocka-dev||unit tests
check|perl|prove|prove, the one runner of all tests
check|procps|ps|tests look at the processes that the program leaves
check|python3|/usr/bin/python3|test scripts
check|sqlite3|sqlite3|the second reader of CSV in the tests
check|python3-yaml||reads docs/openapi.yaml in the tests
check|python3-jsonschema||checks replies against docs/openapi.yaml
check|openssl|openssl|checks the signatures of seals without receiptd
check|openssh-client|ssh-keygen|the same
check|systemd|systemd-analyze|says how exposed the shipped service unit is
check|valgrind|valgrind|counts instructions
check|clang|clang|fuzzing; the second compiler that must be content
check|prosody|prosody|a server that the live tests run for themselves
check|ejabberd|/usr/lib/*/ejabberd-*/ebin/ejabberd.beam|a server that the live tests run for themselves
check|python3-slixmpp||the users of the live tests
check|prometheus|promtool|promtool checks /metrics, alert rules and dashboard
check|python3-prometheus-client||reads OpenMetrics in the tests
check|chromium|chromium|the browser that the dashboard is tested in
check|nodejs|node|drives that browser
check|npm|npm|fetches what drives it, as tests/browser/package-lock.json says
check|lua5.4|lua5.4|what Prosody runs on, for the specs of its module
check|lua-busted|busted|specs of the Prosody module
check|lua-check|luacheck|static analysis of the Prosody module
bench|rsyslog|/usr/sbin/rsyslogd|make bench: stores the same lines as rows
bench|dbconfig-no-thanks||keeps rsyslog-pgsql from asking for a database
bench|rsyslog-pgsql|/usr/lib/*/rsyslog/ompgsql.so|make bench: its way to PostgreSQL
bench|apache2-utils|ab|make bench: asks the HTTP interface as fast as it answers
bench|goaccess|goaccess|make bench: counts as many lines
lint|clang-format|clang-format|format
lint|clang-tidy|clang-tidy|static analysis
lint|cppcheck|cppcheck|static analysis
TABLE
	if grep -qs '^#!.*bats' tests/*/*.t; then
		echo 'check|bats|bats|test scripts'
	fi
}

is_there() { # package, proof
	case $2 in
	/*) ls $2 >/dev/null 2>&1 ;; # unquoted: the proof may be a pattern
	?*) command -v "$2" >/dev/null 2>&1 ;;
	*) dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q ' installed$' ;;
	esac
}

# "check", "lint" and "bench" build the program first, so they need what "run" needs.
wanted() {
	for goal in run "$@"; do
		packages | grep "^$goal|" || :
	done | awk '!seen[$0]++'
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif [ -t 0 ]; then
		sudo "$@" # may ask for the password
	else
		sudo -n "$@"
	fi
}

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
		install --no-install-recommends "$@" </dev/null
}

have_lists() {
	ls /var/lib/apt/lists/*Packages* >/dev/null 2>&1
}

apt_update() {
	as_root apt-get -q -o DPkg::Lock::Timeout=300 update </dev/null
}

# Debian's server package makes a cluster on port 5432 when it is configured, unless it is told not
# to before. The package that owns the setting comes first; what an administrator wrote there stays.
forbid_main_cluster() {
	config=/etc/postgresql-common/createcluster.conf
	apt_install postgresql-common || return 1
	grep -qs '^[[:space:]]*create_main_cluster' "$config" && return 0
	echo 'create_main_cluster = false' | as_root tee -a "$config" >/dev/null
}

# Debian starts a server as soon as it is installed, and whenever the machine starts. The tests run one
# of their own, and so does the bench (rsyslog), so a server that was not there before stays silent: not
# started now (policy-rc.d), not later (masked; "systemctl unmask NAME" makes it an ordinary service).
silent_servers='prosody ejabberd rsyslog prometheus'
policy=/usr/sbin/policy-rc.d

quietly() { # command
	made=
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null || return 1
		as_root chmod 755 "$policy" || return 1
		made=yes
	fi
	status=0
	"$@" || status=$?
	[ -z "$made" ] || as_root rm -f "$policy"
	return "$status"
}

mask() { # name of a service
	unit=/etc/systemd/system/$1.service
	[ -d /etc/systemd/system ] && [ ! -e "$unit" ] || return 0
	as_root ln -s /dev/null "$unit"
}

install_all() {
	how=
	case " $* " in
	*' postgresql '*) forbid_main_cluster || return 1 ;;
	esac
	for server in $silent_servers; do
		case " $* " in
		*" $server "*)
			mask "$server" || return 1
			how=quietly
			;;
		esac
	done
	$how apt_install "$@"
}

give_up() {
	echo "$1. As root, this does it:" >&2
	case " $missing " in
	*' postgresql '*)
		cat >&2 <<'HINT'
  apt-get update && apt-get install -y postgresql-common
  echo 'create_main_cluster = false' >>/etc/postgresql-common/createcluster.conf
HINT
		;;
	esac
	for server in $silent_servers; do
		case " $missing " in
		*" $server "*) echo "  systemctl mask $server # else it would be started" >&2 ;;
		esac
	done
	echo "  apt-get update && apt-get install -y --no-install-recommends$missing" >&2
	exit 2
}

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo 'setup: not a Debian system; these have to be there under whatever name:'
	wanted "$@" | while IFS='|' read -r _ package _ why; do
		echo "  $package: $why"
	done
	exit 0
fi

missing=
while IFS='|' read -r _ package proof why; do
	[ -n "$package" ] || continue
	is_there "$package" "$proof" && continue
	[ -n "$missing" ] || echo 'Missing Debian packages:'
	echo "  $package: $why"
	missing="$missing $package"
done <<LIST
$(wanted "$@")
LIST
[ -n "$missing" ] || exit 0
if [ -n "$look" ]; then
	echo '"make setup" installs them.'
	exit 2
fi

if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null 2>&1; then
	give_up 'They cannot be installed: not root, and there is no sudo'
fi
echo 'Installing them with apt-get.'
have_lists || apt_update || :
# shellcheck disable=SC2086 # a list of words
install_all $missing || { apt_update && install_all $missing; } || give_up 'apt-get failed'
