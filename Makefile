# Every command a person needs, one line each. `make` alone lists them.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help up demo test check bench down

help:  ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up:  ## Install what is missing and start Stadi
	@$(PYTHON) bin/setup
	@$(BIN)/stadi up

demo:  ## Start Stadi with an invented city, people and all
	@$(PYTHON) bin/setup
	@$(BIN)/stadi demo

down:  ## Stop Stadi; the data stay
	@$(PYTHON) bin/setup
	@$(BIN)/stadi down

test:  ## Run every test
	@$(PYTHON) bin/setup dev
	@$(BIN)/pytest -n 2 --dist loadfile

check:  ## Style, types, spelling, and who may import whom
	@$(PYTHON) bin/setup dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/djlint src --lint --quiet
	$(BIN)/codespell
	$(BIN)/deptry src

bench:  ## Measure, and compare with what the documents promise
	@$(PYTHON) bin/setup dev
	$(BIN)/python bench/run.py
