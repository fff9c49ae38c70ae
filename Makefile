# Mica: one obvious command each. Every target sees to its own set-up first.

SETUP := .ci/setup
CORE := stdlib/src/main/c
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

.PHONY: help tour test build install uninstall bench fmt fuzz clean
# The targets share build folders; what can run at the same time does so inside them.
.NOTPARALLEL:

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 16

tour: ## builds Mica and shows what it does, on real files
	@$(SETUP) build tour
	@.ci/build
	@./mica samples/tour.groovy

test: ## builds Mica and runs every test
	@$(SETUP) build test tour
	@.ci/test

build: ## builds Mica; ./mica runs it
	@$(SETUP) build
	@.ci/build

install: ## puts mica on the PATH, with its manual and completions: PREFIX=/usr/local, DESTDIR=
	@$(SETUP) build
	@.ci/build
	@DESTDIR='$(DESTDIR)' shell/src/main/sh/install '$(PREFIX)'

uninstall: ## takes away what make install put there
	@DESTDIR='$(DESTDIR)' shell/src/main/sh/install -u '$(PREFIX)'

bench: ## measures Mica beside its peers; JSON lines on stdout
	@$(SETUP) build bench >&2
	@.ci/build >&2
	@python3 -B shell/src/bench/bench.py

fmt: ## formats the sources
	@$(SETUP) build fmt
	@.ci/maven spotless:apply
	@find $(CORE) stdlib/src/test/c -name '*.[ch]' -exec clang-format-14 -i {} +

fuzz: ## runs each fuzzer of the C code, FUZZ_SECONDS (60) each
	@$(SETUP) build fuzz
	@$(MAKE) --no-print-directory -C $(CORE) fuzz FUZZ_SECONDS=$(FUZZ_SECONDS)

clean: ## removes what was built
	@rm -rf target */target
