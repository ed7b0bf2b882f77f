# All that is needed beforehand: make, git, Python 3.10 or later. Everything else lands in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Named after what it was made from, so that an unchanged set-up is recognised without asking pip.
STAMP := $(VENV)/.installed-$(shell git hash-object pyproject.toml)

.PHONY: session-end test quick check lint house bench help clean

session-end: $(STAMP) ## verify the kernels, then write SESSION_SUMMARY.md (the main job)
	$(BIN)/repoops session-end

test: $(STAMP) ## the whole test suite
	$(BIN)/python -m pytest -q -n auto --dist worksteal

quick: $(STAMP) ## every kernel version on its smallest cases, without mutants
	$(BIN)/repoops verify --quick

check: $(STAMP) lint house ## what CI asks beside the tests: style, types, layers, our own hygiene
	$(BIN)/repoops check

lint: $(STAMP) ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

house: $(STAMP) ## the arrows between packages
	$(BIN)/lint-imports --no-cache

bench: $(STAMP) ## every benchmark, each against its named baseline in the same run
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12")'
	@echo "setting up $(VENV): a minute or two, once" >&2
	@rm -f $(VENV)/.installed-*
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@
