# Everything a person runs by hand; `make help` lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
unexport PYTHONDONTWRITEBYTECODE  # the tests start hundreds of programs: each would compile all of clouddp again

.PHONY: help setup run test test-sample test-all check format bench lock clean

help: ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.run ## Install what clouddp needs to run

$(VENV)/.run: requirements/run.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("clouddp needs Python 3.11 or later, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

run: $(VENV)/.run ## Run the main job on this machine: ARGS=--exit, ARGS="--source DIR", ARGS="--lang fr"
	$(BIN)/clouddp demo $(ARGS)

test: $(VENV)/.dev ## Run the tests, the slow ones left out
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(ARGS)

test-sample: $(VENV)/.dev ## Run what CI adds to `test`: each real peer, a sample of the slow tests and of the faults
	$(BIN)/python -m pytest -n auto --dist worksteal -m "slow and (peer or sample or fault_sample)" $(ARGS)

test-all: $(VENV)/.dev ## Run every test
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

check: $(VENV)/.dev ## Check format, style, types and import contracts
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

format: $(VENV)/.dev ## Format the code
	$(BIN)/ruff format src tests benchmarks
	$(BIN)/ruff check --fix src tests benchmarks

bench: $(VENV)/.dev ## Run the benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## Make the locks anew (needs uv)
	uv pip compile pyproject.toml --group build --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--python-version 3.11 --universal --quiet --output-file requirements/run.txt
	uv pip compile pyproject.toml --group dev --constraint requirements/run.txt --generate-hashes --no-emit-index-url \
		--no-annotate --no-header --python-version 3.11 --universal --quiet --output-file requirements/dev.txt

clean: ## Remove what these commands made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
