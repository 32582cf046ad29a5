#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The house rules hold in this tree, and each of them is noticed when it is broken.
set -u
cd "$(dirname "$0")/../.." || exit 2
lint=$PWD/tools/lint_rooms.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
number=0

report() { # good?, name
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; fi
}

# A file with the given text must be refused, with the words of the rule.
refused() { # name, path, words, text
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/$(dirname "$2")"
	printf '// SPDX-License-Identifier: Apache-2.0\n%b' "$4" >"$tree/$2"
	output=$("$lint" "$tree" 2>&1)
	status=$?
	case $status-$output in
	1-*"$3"*) report 0 "$1" ;;
	*)
		echo "# status $status: $output"
		report 1 "$1"
		;;
	esac
}

accepted() { # name, path, text
	rm -rf "${tree:?}"/*
	mkdir -p "$tree/$(dirname "$2")"
	printf '// SPDX-License-Identifier: Apache-2.0\n%b' "$3" >"$tree/$2"
	output=$("$lint" "$tree" 2>&1)
	status=$?
	[ "$status" = 0 ] || echo "# $output"
	report "$status" "$1"
}

long_function() { # lines
	printf 'void f(void)\\n{\\n'
	i=0
	while [ "$i" -lt "$1" ]; do
		printf '\\tg();\\n'
		i=$((i + 1))
	done
	printf '}\\n'
}

echo 1..18
"$lint" >/dev/null 2>"$tree/out"
status=$?
sed 's/^/# /' "$tree/out"
report "$status" 'this tree'

know='must not know'
refused 'core includes store' core/a.c "$know" '#include "store/store.h"\n'
refused 'pairing includes store' pairing/a.c "$know" '#include "store/store.h"\n'
refused 'api includes ingest' api/http/a.c "$know" '# include "ingest/dialect.h"\n'
refused 'ingest includes the inside of store' ingest/a.c "$know" '#include "store/pq.h"\n'
refused 'a path not from the root' core/a.c "$know" '#include "text.h"\n'
accepted 'api includes the door of store' api/a.c '#include "store/store.h"\n#include "api/b.h"\n'

refused 'libxml2 in store' store/a.c 'belongs to another' '#include <libxml/parser.h>\n'
refused 'libpq in api' api/a.c 'belongs to another' '#include <libpq-fe.h>\n'
refused 'libmicrohttpd in receiptd.c' receiptd.c 'belongs to another' '#include <microhttpd.h>\n'
accepted 'libpq in store' store/a.c '#include <libpq-fe.h>\n'

refused 'banned call' core/a.c 'banned call' 'int f(char *a)\n{\n\treturn atoi(a);\n}\n'
accepted 'a name that ends like one' core/a.c 'int f(char *a)\n{\n\treturn my_atoi(a);\n}\n'
refused 'long function' core/a.c 'over 70 lines' "$(long_function 71)"
accepted 'function of 70 lines' core/a.c "$(long_function 70)"
refused 'path of a machine' core/a.c 'particular machine' '// see /'"home"'/me/x\n'

rm -rf "${tree:?}"/*
mkdir "$tree/core"
echo 'int x;' >"$tree/core/a.c"
"$lint" "$tree" 2>&1 | grep -q 'no SPDX'
report $? 'file without a licence line'

rm -rf "${tree:?}"/*
mkdir "$tree/store" "$tree/docs"
for name in a a_b xa; do
	echo '// SPDX-License-Identifier: Apache-2.0' >"$tree/store/$name.c"
done
echo 'Rows are in `store/a{,_b}.c`.' >"$tree/docs/ARCHITECTURE.md"
[ "$("$lint" "$tree" 2>&1 | tr '\n' '|')" = 'docs/ARCHITECTURE.md does not name:|  store/xa.c|' ]
report $? 'file that the map does not name'
