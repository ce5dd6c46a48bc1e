# `make help` lists the targets. PYTHON chooses the interpreter, PORT the port, ARGS adds options.
PYTHON ?= python3
PORT ?= 8000
ARGS ?=
VENV := .venv/bin

.PHONY: help up demo test test-fast test-all test-tools bench check messages lock clean-var python run-venv dev-venv

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | sort

up: run-venv ## install what is missing, then run everything on http://localhost:8000 (PORT=...)
	@exec $(VENV)/python manage.py up --port $(PORT) $(ARGS)

demo: run-venv ## the same with example data: the retirement of 2024-01-04, in a database of its own
	@exec $(VENV)/python manage.py up --demo --port $(PORT) $(ARGS)

test: test-tools ## every test on SQLite, then those that touch the database on PostgreSQL
	@exec $(VENV)/python -m tests.run $(ARGS)

test-fast: dev-venv ## the inner loop: SQLite only, without browser, stack, kill tests and whole-catalog loads
	@exec $(VENV)/python -m tests.run --fast $(ARGS)

test-all: test-tools ## as test, with every kill point and ten times as many examples of property tests
	@exec $(VENV)/python -m tests.run --all $(ARGS)

bench: dev-venv ## measure ingest, scan and pages
	@exec $(VENV)/python -m benchmarks.run $(ARGS)

check: dev-venv ## lint, types, import rules, templates, migrations, settings
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/djlint --lint --quiet templates dashboard
	$(VENV)/python manage.py makemigrations --check --dry-run
	$(VENV)/python manage.py check --fail-level WARNING

messages: dev-venv ## bring the translations in locale/ up to date, and compile them
	@$(VENV)/python scripts/messages.py

lock: dev-venv ## remake constraints.txt from the pins in requirements-dev.txt
	.tools/bin/uv pip compile requirements-dev.txt --universal --python-version 3.11 \
		--no-header --no-annotate --quiet --output-file constraints.txt

clean-var: ## delete all state: database, catalog edits, mail, inbox
	@printf 'Delete everything under var/? [y/N] ' && read answer && [ "$$answer" = y ] && rm -rf var

test-tools: dev-venv
	@$(PYTHON) scripts/bootstrap.py chromium
	@$(PYTHON) scripts/bootstrap.py mariadb

run-venv: python
	@$(PYTHON) scripts/bootstrap.py run

dev-venv: python
	@$(PYTHON) scripts/bootstrap.py dev

python:
	@command -v $(PYTHON) >/dev/null || { echo "sundial: Python 3.11 or newer is needed, and $(PYTHON) was not found" >&2; exit 2; }
