-- SPDX-License-Identifier: Apache-2.0
std = "lua54"
max_line_length = 130
files["*.lua"] = { globals = { "module" }, read_globals = { "prosody" } }
files["spec/*.lua"] = { std = "lua54+busted", read_globals = { "prosody" } }
-- The host's module is called as the global one is: so do all modules of Prosody.
ignore = { "431/module", "432/module" }
