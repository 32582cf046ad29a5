# SPDX-License-Identifier: Apache-2.0
# "make help" lists the goals. Every kind of build has a folder of its own.
BUILD = build
WERROR = 1
SANITIZE =
COVERAGE =
PREFIX = /usr/local
DIR = tests/vectors/data
MESSAGES = 1000000
SECONDS = 60
TARGET =
JOBS := $(shell nproc 2>/dev/null || echo 2)
# Those whose longest test takes longest come early, or it would run alone at the end.
TEST_KINDS = unit browser fuzz db vectors e2e faults live lint

# A plain "make" uses all processors; a make below this one shares the slots of its parent.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(JOBS) --no-print-directory
endif
.DELETE_ON_ERROR:
.SUFFIXES:

# ---- what is built

sources := $(wildcard core/*.c pairing/*.c ingest/*.c ingest/*/*.c store/*.c api/*.c api/*/*.c)
embedded := $(addprefix $(BUILD)/gen/,sql.c migration.c asset.c)
objects := $(sources:%.c=$(BUILD)/obj/%.o) $(embedded:$(BUILD)/%.c=$(BUILD)/obj/%.o)
library := $(BUILD)/libreceiptd.a
program := $(BUILD)/receiptd

sql_files := $(sort $(wildcard store/sql/*.sql))
sql_parts := $(wildcard store/sql/part/*.sql)
migration_files := $(sort $(wildcard migrations/*.sql))
web_files := $(sort $(shell find api/web -type f 2>/dev/null))
web_made := $(addprefix $(BUILD)/gen/web/,index.html page.css page.js)
asset_files := $(filter-out api/web/index.html,$(web_files)) docs/openapi.yaml api/report/report.css $(web_made)

# tests/unit/test_x.c and tests/db/test_x.c: one program each, with the helpers beside them.
# tests/e2e/x.c, tests/faults/x.c: tools of the scripts there. tests/vectors/*.c: one program.
test_programs := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c tests/db/test_*.c))
test_tools := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/e2e/*.c tests/faults/*.c))
vectors_program := $(BUILD)/tests/vectors
bench_names := store pipeline dialects
bench_programs := $(addprefix $(BUILD)/tests/bench/,$(bench_names))
bench_parts = $(filter-out $(patsubst %,tests/bench/%.c,$(bench_names) post),$(wildcard tests/bench/*.c))
vectors_sources := $(wildcard tests/vectors/*.c)

# tests/fuzz/fuzz_x.c: a target each; fuzz_dialect.c is one for each dialect of the table.
fuzz_dialects := $(subst _,-,$(patsubst &%_dialect,%,$(shell grep -o '&[a-z_]*_dialect' ingest/dialects/table.c)))
fuzz_plain := $(filter-out dialect,$(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
fuzz_programs := $(addprefix $(BUILD)/tests/fuzz/,$(fuzz_plain) $(fuzz_dialects))
helpers = $(filter-out tests/$1/test_%,$(wildcard tests/$1/*.c))

# ---- how

# Only the room that may use a library finds its headers (where they have a folder of their own).
packages_core := jansson libconfuse libsodium
packages_pairing := jansson
packages_ingest := $(packages_core) libxml-2.0 libarchive libcrypto libssl
packages_store := $(packages_core) libpq libcrypto
packages_api := $(packages_core) libmicrohttpd libcrypto libssl zlib
packages_all := $(sort $(packages_core) $(packages_ingest) $(packages_store) $(packages_api))
packages_tests := $(packages_all) cmocka

# pkg-config is asked when the first recipe needs it, once per room: it may not be there yet.
asked = $(if $(done_$1),,$(eval done_$1 := 1)$(eval answer_$1 := $(shell pkg-config $2)))$(answer_$1)
room = $(firstword $(subst /, ,$1))
cflags_of = $(call asked,cflags_$1,--cflags $(or $(packages_$1),$(packages_core)))
libraries = $(call asked,libs,--libs $(packages_all)) -lunistring -lm -pthread

STANDARD := -std=c17 -D_GNU_SOURCE -I. -g -fPIE -pthread
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion $(if $(filter 1 true,$(WERROR) $(CI)),-Werror)
ifneq ($(SANITIZE),)
MODE := -O1 -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifneq ($(COVERAGE),)
MODE := -O0 --coverage
else
MODE := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	$(if $(filter x86_64 i686,$(shell uname -m)),-fcf-protection)
endif
compile = $(CC) $(STANDARD) $(WARNINGS) $(MODE) $(CPPFLAGS) $(CFLAGS) -MMD -MP
link = $(CC) $(MODE) -pie -pthread -Wl,-z,relro,-z,now $(CFLAGS) $(LDFLAGS)

# ---- goals

.PHONY: screenshots docs-examples all run check check-long check-built vectors bench lint format san tsan coverage clang tests \
	fuzz fuzz-built setup install clean help FORCE

all: $(program) ## build the program (default)

setup: ## install every Debian package that any goal needs
	@scripts/setup.sh run check lint

help: ## list the goals
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@echo '  variables: CC BUILD CFLAGS WERROR=0|1 JOBS PREFIX DIR (folder of make vectors)'
	@echo '             MESSAGES (of make bench) SECONDS TARGET (of make fuzz)'

run: ## install what is missing, build, and show it working with sample logs
	@scripts/setup.sh run
	@$(MAKE) all
	@exec env BUILD=$(BUILD) scripts/run.sh

check: ## install what the tests need and run all of them
	@scripts/setup.sh check
	@$(MAKE) check-built

check-long: ## the same with full counts; writes docs/TESTED.md
	@scripts/setup.sh check
	@RECEIPTD_LONG=1 $(MAKE) check-built

check-built: $(program) tests
	@BUILD=$(BUILD) JOBS=$(JOBS) tools/run_tests.sh $(TEST_KINDS)

tests: $(test_programs) $(test_tools) $(BUILD)/tests/bench/pipeline $(if $(vectors_sources),$(vectors_program))

vectors: ## run the vector files of DIR through the database path
	@scripts/setup.sh run
	@$(MAKE) $(program) $(vectors_program)
	@$(vectors_program) "$(DIR)"

bench: ## storing against COPY, import against its halves, other programs, a followed log; MESSAGES=10000000 for the long one
	@scripts/setup.sh run bench
	@$(MAKE) $(program) $(bench_programs) $(BUILD)/tests/bench/post
	@$(BUILD)/tests/bench/store --messages $(MESSAGES)
	@$(BUILD)/tests/bench/pipeline --messages $(MESSAGES)
	@$(BUILD)/tests/bench/dialects
	@BUILD=$(BUILD) tests/bench/beside.py
	@BUILD=$(BUILD) tests/bench/latency.py
	@BUILD=$(BUILD) tests/bench/webhook.py
	@BUILD=$(BUILD) tests/bench/component.py
	@BUILD=$(BUILD) tests/bench/api.py
	@BUILD=$(BUILD) MESSAGES=$(MESSAGES) tests/bench/report.py
	@BUILD=$(BUILD) tests/bench/page.py
	@BUILD=$(BUILD) MESSAGES=$(MESSAGES) tests/bench/seal.py

screenshots: $(program) ## take the pictures of docs/images anew: fixed traffic, fixed clock
	@scripts/setup.sh check
	@BUILD=$(BUILD) tests/browser/screenshots.py

docs-examples: $(program) ## make docs/EXAMPLES.md anew: each path asked of the sample logs
	@BUILD=$(BUILD) tools/examples.py

lint: ## rooms, format, clang-tidy, cppcheck
	@scripts/setup.sh lint
	@$(MAKE) $(embedded)
	@BUILD=$(BUILD) JOBS=$(JOBS) tools/lint.sh

format: ## reformat all C sources
	@scripts/setup.sh lint
	tools/c_files.sh | xargs clang-format -i

san: ## tests under address and undefined behaviour sanitizers
	@scripts/setup.sh check
	@$(MAKE) BUILD=build-asan SANITIZE=address,undefined TEST_KINDS="unit db vectors" check-built

tsan: ## tests under the thread sanitizer
	@scripts/setup.sh check
	@$(MAKE) BUILD=build-tsan SANITIZE=thread TEST_KINDS="unit db" check-built

coverage: ## tests with line coverage, one line per file
	@scripts/setup.sh check
	@$(MAKE) BUILD=build-cov COVERAGE=1 check-built
	@BUILD=build-cov tools/coverage.sh

# libFuzzer is clang's. The build has a folder of its own, the corpora are in tests/fuzz/corpus/TARGET.
fuzz_make = $(MAKE) CC=clang BUILD=build-fuzz SANITIZE=fuzzer-no-link,address,undefined

fuzz: ## look for inputs that break a promise; TARGET=name (default: each), SECONDS=60 of each
	@scripts/setup.sh check
	@$(fuzz_make) fuzz-built
	@tests/fuzz/run.sh build-fuzz/tests/fuzz $(SECONDS) $(or $(TARGET),$(notdir $(fuzz_programs)))

fuzz-built: $(fuzz_programs)

clang: ## build program and tests with clang, for its warnings
	@scripts/setup.sh check lint
	@$(MAKE) CC=clang BUILD=build-clang MODE='-O0 -g0' all tests # what it warns of needs no optimiser

install: $(program) ## copy the program below PREFIX
	install -D -m 0755 $(program) $(DESTDIR)$(PREFIX)/bin/receiptd

clean: ## remove what was built
	rm -rf build build-asan build-tsan build-cov build-clang build-fuzz build-hooks

# ---- rules

$(program): $(BUILD)/obj/receiptd.o $(library)
	@echo "  LINK  $@"
	@$(link) -o $@ $^ $(libraries)

# Made anew (an object whose source has gone must not stay) and by appending: two rooms may have a
# file of the same name.
$(library): $(objects)
	@echo "  AR    $@"
	@rm -f $@ && ar qcs $@ $^

# A missing library is named once, with the way to get it, before the compiler stumbles over it.
$(BUILD)/.packages: scripts/setup.sh
	@scripts/setup.sh --look run
	@mkdir -p $(@D) && touch $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/.packages
	@echo "  CC    $<"
	@mkdir -p $(@D)
	@$(compile) $(call cflags_of,$(call room,$<)) -c -o $@ $<

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c
	@mkdir -p $(@D)
	@$(compile) -c -o $@ $<

# The .list is touched only when a file was added or removed.
$(web_made) &: tools/bundle.sh $(web_files)
	@echo "  BUNDLE $(@D)"
	@tools/bundle.sh api/web $(BUILD)/gen/web

$(BUILD)/gen/%.list: FORCE
	@mkdir -p $(@D)
	@echo '$($*_files)' | cmp -s - $@ || echo '$($*_files)' >$@

.SECONDARY:
.SECONDEXPANSION:
$(BUILD)/gen/%.c: tools/embed.sh $(BUILD)/gen/%.list $$($$*_files) $$($$*_parts)
	@echo "  EMBED $*"
	@tools/embed.sh $* $($*_files) >$@

object_of = $(patsubst %.c,$(BUILD)/obj/%.o,$1)
$(filter $(BUILD)/tests/unit/%,$(test_programs)): $(call object_of,$(call helpers,unit))
$(filter $(BUILD)/tests/db/%,$(test_programs)): $(call object_of,$(call helpers,db))
$(test_programs) $(test_tools): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(library)
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(link) -o $@ $(filter %.o,$^) $(library) $(libraries) $(if $(findstring /test_,$@),-lcmocka)

# libFuzzer's main() calls the target.
$(fuzz_programs): MODE += -fsanitize=fuzzer
$(addprefix $(BUILD)/tests/fuzz/,$(fuzz_plain)): $(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o
$(addprefix $(BUILD)/tests/fuzz/,$(fuzz_dialects)): $(BUILD)/tests/fuzz/%: $(BUILD)/obj/tests/fuzz/dialect_%.o
$(fuzz_programs): $(library)
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(link) -o $@ $(filter %.o,$^) $(library) $(libraries)

$(BUILD)/obj/tests/fuzz/dialect_%.o: tests/fuzz/fuzz_dialect.c | $(BUILD)/.packages
	@echo "  CC    $< ($*)"
	@mkdir -p $(@D)
	@$(compile) $(call cflags_of,tests) '-DDIALECT="$*"' -c -o $@ $<

$(vectors_program): $(call object_of,$(vectors_sources)) $(library)
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(link) -o $@ $(filter %.o,$^) $(library) $(libraries)

$(BUILD)/tests/bench/post: $(BUILD)/obj/tests/bench/post.o
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(link) -o $@ $^ -lpthread

$(bench_programs): $(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(call object_of,$(bench_parts) tests/db/fixture.c) $(library)
	@echo "  LINK  $@"
	@mkdir -p $(@D)
	@$(link) -o $@ $(filter %.o,$^) $(library) $(libraries)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
