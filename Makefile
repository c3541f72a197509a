# run · demo · test · deep · check · fix · golden · screens · screenshots · drills · bench · bench-quick · siege · soak · conformance · schemathesis · lock · sbom · audit · up: each makes what it needs. Python 3.11 or newer with venv is enough.

PYTHON ?= python3
VENV := .venv
# The screens are rebuilt and looked at by the tests, where there is an npm to do it.
SCREENS := $(if $(shell command -v npm),web/ui/node_modules/.package-lock.json)
BIN := $(VENV)/bin
BENCH := .bench-venv
LOCK := .lock-venv
# Whole files go to whoever is free, in the order of tests/conftest.py: those that take longest first.
SPREAD := -n 3 --dist loadfile --no-loadscope-reorder
LOCKED := --extra questdb --extra redis --extra nats --extra parquet

.PHONY: run demo test deep check fix golden screens screenshots drills bench bench-quick siege soak conformance schemathesis lock sbom audit up clean

run: $(VENV)/.run
	@$(BIN)/python supervisor.py

demo: $(VENV)/.run
	@$(BIN)/python supervisor.py --demo

# Hubs are started a hundred times: they are compiled once, whatever the environment says.
test: $(VENV)/.test $(SCREENS)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest $(SPREAD)

# The tests that search, with all their cases and not only some of them; nothing that opens a socket. Ten minutes.
deep: $(VENV)/.test
	@DEEP=1 $(BIN)/python -m pytest $(SPREAD) -m 'not loopback and not browser'

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

# Two minutes: pictures of the demo for the README, by a real Chromium, into docs/images.
screenshots: $(VENV)/.test
	@$(BIN)/python -m tests.screens

# Half an hour, as root: sinks, servers and disks that fail, at length; the tables of docs/reliability.md come out.
drills: $(VENV)/.test
	@$(BIN)/python -m tests.drills

# Three quarters of an hour: every question, and what came out goes into docs/performance.md.
bench: $(BENCH)/.made
	@$(BENCH)/bin/python -m benchmarks --write

# A minute: fewer runs, and without the questions that take long.
bench-quick: $(BENCH)/.made
	@$(BENCH)/bin/python -m benchmarks --quick

# Two minutes: ten thousand silent connections against a hub, and whether anybody else notices.
siege: $(VENV)/.test
	@$(BIN)/python -m tests.loopback.siege

# An hour: 5,000 messages a second, faults, clients that come and go; it fails if anything grows or does not add up.
SOAK_MINUTES ?= 60
soak: $(VENV)/.test
	@$(BIN)/python -m tests.soak --minutes $(SOAK_MINUTES)

# A minute: RFC 6455 and 7692, case by case; the table goes into docs/conformance.md.
conformance: $(VENV)/.test
	@$(BIN)/python -m tests.rfc6455 --write

# Some minutes: whatever /openapi.json describes is asked, well and badly.
schemathesis: $(VENV)/.test
	@$(BIN)/python -m tests.schema

# The exact versions that pyproject.toml leads to today, every file by its hash, for CPython 3.11 on Linux; no host is named.
lock: $(LOCK)/.made
	@$(LOCK)/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-header --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links $(LOCKED) --output-file requirements.lock pyproject.toml
	@sed -i '1i # Made by `make lock`. To install: pip install --require-hashes -r requirements.lock' requirements.lock

# What a release is made of, as CycloneDX: sbom.json.
sbom: $(LOCK)/.made
	@$(LOCK)/bin/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-format JSON --output-file sbom.json

# Known vulnerabilities of these versions. It asks the internet, and fails where it gets no answer.
audit: $(LOCK)/.made
	@$(LOCK)/bin/pip-audit --strict --requirement requirements.lock --require-hashes --disable-pip

# The hub in containers, with Redis, QuestDB, NATS, Prometheus and Grafana; the passwords are drawn once.
up: deploy/.env
	@docker compose -f deploy/compose.yaml up --build --detach

deploy/.env:
	@umask 077 && sh deploy/secrets.sh > $@

clean:
	rm -rf $(VENV) $(BENCH) $(LOCK) sbom.json .mypy_cache .ruff_cache .pytest_cache .hypothesis

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

$(LOCK)/.made:
	@echo "Installing what reads and writes requirements.lock …"
	@$(PYTHON) -m venv $(LOCK) || { echo "Python's venv is missing: install the package python3-venv"; exit 1; }
	@echo '*' > $(LOCK)/.gitignore
	@$(LOCK)/bin/python -m pip install --quiet --disable-pip-version-check 'pip-tools>=7.4,<8' 'cyclonedx-bom>=5,<8' 'pip-audit>=2.7,<3'
	@touch $@
