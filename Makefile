# run · demo · test · check · fix · golden · screens · drills · bench · bench-quick: each makes what it needs. Python 3.11 or newer with venv is enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BENCH := .bench-venv

.PHONY: run demo test check fix golden screens drills bench bench-quick clean

run: $(VENV)/.run
	@$(BIN)/python supervisor.py

demo: $(VENV)/.run
	@$(BIN)/python supervisor.py --demo

test: $(VENV)/.test
	@$(BIN)/python -m pytest -n 3 --dist loadfile

check: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: $(VENV)/.test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

golden: $(VENV)/.test
	@$(BIN)/python -m pytest -q tests/exchanges/test_golden.py --update-golden

# What browsers are served, made anew from web/ui; needs Node.js 20.19 or newer. What it makes is checked in.
screens: web/ui/node_modules/.package-lock.json
	@cd web/ui && npm run --silent build

# Half an hour, as root: sinks, servers and disks that fail, at length; the tables of docs/reliability.md come out.
drills: $(VENV)/.test
	@$(BIN)/python -m tests.drills

# Three quarters of an hour: every question, and what came out goes into docs/performance.md.
bench: $(BENCH)/.made
	@$(BENCH)/bin/python -m benchmarks --write

# A minute: fewer runs, and without the questions that take long.
bench-quick: $(BENCH)/.made
	@$(BENCH)/bin/python -m benchmarks --quick

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis

web/ui/node_modules/.package-lock.json: web/ui/package-lock.json
	@echo "Installing what the screens are built with …"
	@cd web/ui && npm ci --silent
	@touch $@

$(VENV)/bin/python:
	@echo "Creating $(VENV) …"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tickwell needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: install the package python3-venv"; exit 1; }

$(VENV)/.run: $(VENV)/bin/python pyproject.toml
	@echo "Installing what Tickwell needs …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(VENV)/bin/python pyproject.toml
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/.run

$(BENCH)/.made: pyproject.toml benchmarks/requirements.txt
	@echo "Installing what the benchmarks compare with …"
	@$(PYTHON) -m venv $(BENCH) || { echo "Python's venv is missing: install the package python3-venv"; exit 1; }
	@echo '*' > $(BENCH)/.gitignore
	@$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check --editable . -r benchmarks/requirements.txt
	@touch $@
