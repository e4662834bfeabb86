# Doorstep: what one can do here. `make` alone lists it.
#
#   PYTHON=/path/to/python3   another Python of version 3.11 to 3.14 for the virtual environment
#   ONCE=1                    make demo: play the story, stop everything, say by the exit code whether it held
#   PYTEST_ARGS="-k slot"     make test, make test-all: further words for pytest
#   BROKER=HOST:PORT          make demo, test, test-all: a Kafka that runs already
#   POSTGRES=URL              make demo, test, test-all: a PostgreSQL that runs already

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all browser screenshots bench lint fmt kafka postgres lock vendor clean distclean

# A name on the path may be a stand-in that only complains, so each is asked for its version.
ifndef PYTHON
PYTHON := $(shell for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& echo "$$python" && break; done)
endif
BIN := .venv/bin
PARTS := $(if $(BROKER),--broker $(BROKER)) $(if $(POSTGRES),--postgres $(POSTGRES))
CODE := contracts chassis services deploy tests

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r goal text; do \
		printf '  make %-11s %s\n' "$$goal" "$$text"; done
	@echo
	@sed -n 's/^#   /  /p' $(MAKEFILE_LIST)

setup: ## everything that the other goals need, into .venv/ and var/ (they call it themselves)
	@if [ -z "$(PYTHON)" ]; then \
		echo "Doorstep needs a Python of version 3.11 to 3.14; none is on the path. Name one: make PYTHON=/path/to/python3" >&2; \
		exit 1; fi
	@MAKECMDGOALS="$(MAKECMDGOALS)" $(PYTHON) deploy/local/prepare.py

demo: setup ## play the main flows on a running system and leave it open to try, until Ctrl-C
	@$(BIN)/python -m doorstep_local.demo $(PARTS) $(if $(ONCE),--once)

test: setup ## all quick tests, on real Kafka and real PostgreSQL (minutes)
	$(BIN)/pytest -m "not slow" $(PARTS) $(PYTEST_ARGS)

test-all: setup ## all tests, also the slow ones
	$(BIN)/pytest -m "slow or not slow" $(PARTS) $(PYTEST_ARGS)

browser: setup ## the portals in headless Chromium, on a running stack (needs Chromium: apt-get install chromium)
	$(BIN)/pytest tests/browser $(PARTS) $(PYTEST_ARGS)

screenshots: setup ## each main page, phone and desktop, light and dark, into var/screenshots/
	$(BIN)/pytest tests/browser/test_screens.py $(PARTS) $(PYTEST_ARGS)

bench: setup ## measure ours, the plain way and the floor; writes var/bench.json
	$(BIN)/python -m tests.load.bench

lint: setup ## style, types, import contracts, public contracts, the API's description
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python -m doorstep_contracts check
	$(BIN)/python -m gateway.openapi check

fmt: setup ## put the code into the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

kafka: setup ## a broker alone, until Ctrl-C
	@$(BIN)/python -m doorstep_local kafka

postgres: setup ## a PostgreSQL alone, until Ctrl-C
	@$(BIN)/python -m doorstep_local postgres

OURS := doorstep-contracts doorstep-chassis doorstep-request-intake doorstep-client-directory doorstep-dispatch \
	doorstep-scheduling doorstep-gateway doorstep-operations doorstep-local

lock: setup ## compile requirements.lock anew from the packages' declarations
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make lock" $(UV_ARGS) \
		contracts/pyproject.toml chassis/pyproject.toml $(sort $(wildcard services/*/pyproject.toml)) \
		deploy/local/pyproject.toml --group pyproject.toml:dev \
		$(OURS:%=--no-emit-package %) -o requirements.lock

vendor: ## fetch htmx, pinned, into the gateway's static files (needs npm)
	@deploy/vendor.sh

clean: ## remove data, logs and tool caches; keep the environment and the downloads
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find var -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} + 2>/dev/null || true
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove all that `make` ever made
	rm -rf .venv var
