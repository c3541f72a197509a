# run · demo · test · check · fix · golden: each makes what it needs. Python 3.11 or newer with venv is enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run demo test check fix golden clean

run: $(VENV)/.run
	@$(BIN)/python supervisor.py

demo: $(VENV)/.run
	@$(BIN)/python supervisor.py --demo

test: $(VENV)/.test
	@$(BIN)/python -m pytest

check: $(VENV)/.test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

fix: $(VENV)/.test
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

golden: $(VENV)/.test
	@$(BIN)/python -m pytest -q tests/exchanges/test_golden.py --update-golden

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

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
