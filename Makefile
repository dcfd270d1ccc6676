# What one does with a clone of Watchfloor; `make` alone lists it.
VENV := .venv
BIN := $(VENV)/bin
# What runs the floor, and what tests it as well: the demo need not wait for the second.
RUNNABLE := $(VENV)/.runnable
INSTALLED := $(VENV)/.installed
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input -c constraints.txt
SECONDS ?=
RUNS ?= 60
SEED ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install demo test check chaos bench label-studio clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv with exactly the tested versions
	@echo "Installed: $(BIN)/watchfloor"

demo: $(RUNNABLE) ## Watch a simulated floor until Ctrl-C; SECONDS=60 ends by itself and checks the totals
	@exec $(BIN)/watchfloor demo $(if $(SECONDS),--seconds $(SECONDS))

test: $(INSTALLED) ## Run all tests on real Kafka, ClickHouse and Valkey; ARGS="-k name" runs some
	@echo "Running all tests on real parts: some minutes, and once a download of Kafka."
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || \
		$(BIN)/playwright install chromium || \
		echo "No Chromium to be had: the browser tests of the board are skipped (apt install chromium)."
	@$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED) ## Check style, types, imports and tidiness; about a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/test_tidy.py tests/test_house.py tests/test_manifests.py

chaos: $(INSTALLED) ## Break a real floor RUNS times, from SEED, and print what was lost, doubled or wrong
	@$(BIN)/python -m tests.chaos --runs $(RUNS) $(if $(SEED),--seed $(SEED)) $(ARGS)

bench: $(INSTALLED) ## Measure beside Faust, quixstreams, bytewax, Kafka Streams; ARGS=--help
	@$(BIN)/python -m tests.bench $(ARGS)

label-studio: $(INSTALLED) ## Compare with a real Label Studio, installed into .local (1 GB); ARGS=--tasks=100
	@$(BIN)/python -m tests.label_studio run $(ARGS)

clean: ## Stop the local stack, remove .venv and caches; its data in .local stays
	@if [ -x $(BIN)/watchfloor ]; then $(BIN)/watchfloor local down; fi
	@rm -rf $(VENV) build dist *.egg-info .hypothesis .*_cache
	@find streams schemas sinks deploy tests -name __pycache__ -prune -exec rm -rf {} +
	@if [ -d .local ]; then echo "Left: .local (the stack's data, the people key, Label Studio)"; fi

# A Python will do when it is new enough and can make environments.
$(RUNNABLE): pyproject.toml constraints.txt
	@bare=; found=; \
	for python in $(BIN)/python python3.13 python3.12 python3.11 python3; do \
	  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	  if $$python -c 'import ensurepip, venv' 2>/dev/null; then found=$$python; break; fi; \
	  bare=$${bare:-$$python}; \
	done; \
	if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	  echo "make: $$bare can't make environments." >&2; \
	  echo "  remedy: install its venv module (Debian, Ubuntu: apt install $$bare-venv)" >&2; \
	  exit 1; \
	elif [ -z "$$found" ]; then \
	  echo "make: there is no Python 3.11 or newer here." >&2; \
	  echo "  remedy: install Python 3.13 with its venv module, so that python3.13 is found" >&2; \
	  exit 1; \
	fi; \
	echo "Installing into $(VENV) with $$($$found --version); the first time it downloads 300 MB."; \
	if [ "$$found" != $(BIN)/python ]; then $$found -m venv --clear $(VENV); fi
	@$(PIP) -e '.[local]'
	@touch $(RUNNABLE)

$(INSTALLED): $(RUNNABLE)
	@echo "Installing what the tests and checks need."
	@$(PIP) -e '.[local,dev]'
	@touch $(INSTALLED)
