#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes one script and one style sheet of the dashboard's sources, so that a browser asks once instead of module by
# module, and the page that names both by what they hold: they may be kept for ever.
# Usage: tools/bundle.sh SOURCES TARGET
# A module becomes a function that gives what it exports, in the order in which they need each other. Only forms that the
# sources use are understood: import { a, b } from "./x.js"; in one line, and export before function, const or class.
set -eu
export LC_ALL=C

sources=$1
target=$2
mkdir -p "$target"

(
	cat "$sources/vendor/uPlot.iife.min.js"
	cd "$sources"
	awk '
		function name_of(file) {
			gsub(/[^A-Za-z0-9]/, "_", file)
			return "m_" file
		}
		function resolved(from, to) { # to: ./x.js or ../x.js
			sub(/[^\/]*$/, "", from)
			while (to ~ /^\.\.?\//) {
				if (to ~ /^\.\.\//) sub(/[^\/]*\/$/, "", from)
				sub(/^\.\.?\//, "", to)
			}
			return from to
		}
		function fail(file, text) {
			print "bundle: " file ": " text >"/dev/stderr"
			exit 1
		}
		function load(file, text, status, words, body, exported, imported) {
			if (file in seen) return
			seen[file] = 1
			while ((status = (getline text <file)) > 0) {
				if (text ~ /^import /) {
					if (text !~ /^import \{[^}]*\} from "\.[^"]*";$/) fail(file, text)
					split(text, words, "\"")
					load(resolved(file, words[2]))
					sub(/^import /, "const ", text)
					sub(/ from .*/, " = " name_of(resolved(file, words[2])) ";", text)
					imported = imported text "\n"
					continue
				}
				if (text ~ /^export /) {
					sub(/^export /, "", text)
					if (text !~ /^(async )?function |^const [A-Za-z]+ =|^class /) fail(file, text)
					split(text, words, /[ (]+/)
					exported = exported (words[1] == "async" ? words[3] : words[2]) ", "
				}
				if (text !~ /^[ \t]*\/\//) body = body text "\n"
			}
			if (status < 0) fail(file, "cannot be read")
			close(file)
			if (file == "main.js") printf "{\n%s%s}\n", imported, body
			else printf "const %s = (() => {\n%s%sreturn { %s };\n})();\n", name_of(file), imported, body, exported
		}
		BEGIN { load("main.js") }' </dev/null
) >"$target/page.js"

cat "$sources/vendor/uPlot.min.css" "$sources/app.css" >"$target/page.css"
version=$(cat "$target/page.js" "$target/page.css" | sha256sum | cut -c 1-16)
sed "s|{version}|$version|" "$sources/index.html" >"$target/index.html"
