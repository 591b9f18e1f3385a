# Everything there is to do with Atrium, one word each; `make` alone lists it.

VENV := .venv
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
PYTEST_ARGS ?= --no-header -n 2 --dist worksteal

# An environment without its note of completion for this folder is installed anew (install.sh).
ifneq ($(shell test -x $(VENV)/bin/python && cat $(VENV)/.complete 2>/dev/null),$(CURDIR))
.PHONY: $(RUNTIME) $(DEV)
endif

.PHONY: help setup run dev test test-long test-stock check format check-clients bench lock

help: ## list what there is
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: $(RUNTIME) ## install only, leaving .venv/bin/atrium

run: $(RUNTIME) ## serve on http://127.0.0.1:8000, with sample data
	@exec $(VENV)/bin/atrium serve --seed

dev: $(RUNTIME) ## the same, started again whenever a source file changes
	@exec $(VENV)/bin/atrium serve --seed --reload

test: $(DEV) ## run all tests but the long ones (PYTEST_ARGS="-k files" for some)
	@$(VENV)/bin/python -m pytest -m "not long" $(PYTEST_ARGS)

test-long: $(DEV) ## run the long tests: races, processes, browsers
	@$(VENV)/bin/python -m pytest -m long $(PYTEST_ARGS)

STOCK ?= tests/core/data tests/core/web/test_conventions.py tests/modules/posts \
	tests/api/test_workers.py tests/api/test_stopping.py -k "not postgresql"

test-stock: $(DEV) ## run some tests with both engines switched off (STOCK=tests for all)
	@ATRIUM_ENGINE_HTTP=stock ATRIUM_ENGINE_COMPILED_STATEMENTS=off \
		$(VENV)/bin/python -m pytest $(PYTEST_ARGS) -m "not engine" $(STOCK)

test-%: $(DEV) ## run the tests of one module, but the long ones: make test-posts
	@$(VENV)/bin/python -m pytest -m "not long" $(PYTEST_ARGS) tests/modules/$*

check: $(DEV) ## format, lint, strict types, import contracts, words, names, messages
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo
	@$(VENV)/bin/python -m tests.wording
	@$(VENV)/bin/python -m tests.names
	@$(VENV)/bin/python -m tests.messages
	@$(VENV)/bin/python -m tests.private

format: $(DEV) ## write the code in the form that check asks for
	@$(VENV)/bin/ruff format
	@$(VENV)/bin/ruff check --fix

check-clients: $(DEV) ## generate clients from the OpenAPI document, compile and use them
	@$(VENV)/bin/python -m tests.clients.check

bench: $(DEV) ## measure, and print each figure beside its target
	@$(VENV)/bin/python -m tests.bench

LOCK := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header

lock: $(DEV) ## pin requirements/*.in again (LOCK_ARGS=--upgrade for newer releases)
	@$(LOCK) $(LOCK_ARGS) requirements/runtime.in -o requirements/runtime.txt
	@$(LOCK) $(LOCK_ARGS) requirements/dev.in -o requirements/dev.txt

$(RUNTIME): requirements/runtime.txt pyproject.toml
	@sh requirements/install.sh runtime
	@touch $@

$(DEV): requirements/dev.txt pyproject.toml
	@sh requirements/install.sh dev
	@touch $(RUNTIME) $@
