# Everything runs in .venv, which is made from the hashed pins when they have changed.
# Needs Python 3.11 or newer, make and git.

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
COMPILE := uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links --quiet

.PHONY: help demo demo-reset test quick clocks soak bench lint format pins venv

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

demo: .venv/runtime.stamp ## Start Numberdesk with a demo account and a Twilio stand-in; PORT=8000
	@scripts/demo

demo-reset: .venv/runtime.stamp ## The same, after deleting what the demo has stored
	@scripts/demo --reset

test: .venv/dev.stamp ## Run every check and every test
	@scripts/check

clocks: .venv/dev.stamp ## Run the tests on evenings and days when clocks are odd
	@scripts/check --clocks

quick: .venv/dev.stamp ## Run the checks and the tests without processes and browsers, on SQLite
	@scripts/check --quick

soak: .venv/dev.stamp ## Send odd requests to every door; SOAK_SEED=, SOAK_REQUESTS=20000
	@scripts/check --soak

bench: .venv/dev.stamp ## Measure speed and memory
	@$(BIN)/python -m bench

lint: .venv/dev.stamp ## Check format, style and types
	@scripts/check --lint

format: .venv/dev.stamp ## Format code and templates
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +

pins: ## Resolve the ranges of pyproject.toml again (needs uv)
	@$(COMPILE) --upgrade --output-file requirements.txt
	@$(COMPILE) --upgrade --group dev --constraint requirements.txt --output-file requirements-dev.txt

venv: .venv/dev.stamp ## Install what development needs

.venv/runtime.stamp: requirements.txt
	@scripts/venv requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt
	@scripts/venv requirements-dev.txt
	@touch $@ .venv/runtime.stamp
