# Every command works from a bare clone: it makes what it needs. `make help` lists them.

PYTHON ?= python3

ENVIRONMENT = $(PYTHON) -m tools.environment
BIN = .venv/bin
SERVICES = mariadb postgres redis browser

.DEFAULT_GOAL = help
.PHONY: help python demo test matrix django-tests lint format types docs screens bench clean

help:
	@echo 'make demo          run the example site on 127.0.0.1:$$PORT (8000)'
	@echo 'make test          the tests: SQLite, and what is found of MariaDB, PostgreSQL, Redis, Chromium'
	@echo 'make matrix        the tests on every supported Python and Django, the long run, the wheel'
	@echo "make django-tests  Django's own tests on jenk, with every supported Django"
	@echo 'make lint          style and the layers; make format applies the style'
	@echo 'make types         the type checker'
	@echo 'make docs          the tests of the documentation'
	@echo 'make screens       pictures of every page, in build/screens/'
	@echo 'make bench         what jenk costs beside its peers; BENCH=--help lists the parts of it'
	@echo 'make clean         remove what the commands above made, but for var/, the database of the demo'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null || { \
		echo 'jenk needs Python 3.12 or newer, and "$(PYTHON)" is:' \
			"$$($(PYTHON) --version 2>&1 | tail -n 1)." \
			'Name another: make $(firstword $(MAKECMDGOALS)) PYTHON=python3.13' >&2; exit 1; }

demo: python
	@$(ENVIRONMENT) .venv site --site-drivers
	@$(BIN)/python tools/demo.py

test: python
	@$(ENVIRONMENT) .venv test --try $(SERVICES)
	@$(BIN)/python -m tools.run_tests

matrix: python
	@$(PYTHON) -m tools.matrix

django-tests: python
	@$(PYTHON) -m tools.django_suite

lint: python
	@$(ENVIRONMENT) .venv lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

format: python
	@$(ENVIRONMENT) .venv lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: python
	@$(ENVIRONMENT) .venv types
	$(BIN)/mypy

docs: python
	@$(ENVIRONMENT) .venv test --try $(SERVICES)
	$(BIN)/python -m pytest tests/docs

screens: python
	@$(ENVIRONMENT) .venv site browser
	@$(BIN)/python tools/screens.py

bench: python
	@$(ENVIRONMENT) .bench bench --try mariadb postgres redis
	@.bench/bin/python -m benchmarks $(BENCH)

clean:
	rm -rf .venv .matrix .bench .coverage* build dist htmlcov .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
