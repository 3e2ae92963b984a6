# Every target does its own set-up. `make demo` and `make test` are the two to begin with.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXTRAS ?= dev,embedded,harness,languages,parquet,sandbox
STAMP := $(VENV)/.stamp-$(shell printf '%s' '$(PYTHON) $(EXTRAS)' | cksum | cut -d' ' -f1)
JOBS ?= auto
TESTS ?= tests

MODEL ?=
PRESET ?=
RUN ?=
BASE_URL ?=
DATASET ?= verified
REPOS ?=
LIMIT ?=
GPUS ?=
WORKERS ?=
VERIFIED = --model="$(MODEL)" --preset="$(PRESET)" --run-dir="$(RUN)" --base-url="$(BASE_URL)" \
	--dataset="$(DATASET)" --repos="$(REPOS)" --limit="$(LIMIT)" --gpus="$(GPUS)" --workers="$(WORKERS)"

.DEFAULT_GOAL := help
.PHONY: help setup demo swe-verified ladder test test-vllm check build golden format clean constraints

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 22
	@echo '  SWE-bench takes MODEL= PRESET= RUN= BASE_URL= DATASET= REPOS= LIMIT= GPUS='

setup: $(STAMP) ## a virtual environment in .venv, with pinned versions

$(STAMP): pyproject.toml constraints.txt .ci/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" EXTRAS="$(EXTRAS)" sh .ci/setup.sh
	@rm -f $(VENV)/.stamp* && touch $(STAMP)

demo: setup ## a real model fixes a real bug in Flask on this CPU
	@$(BIN)/python -m tests.instances.demo

test: setup ## all tests
	@$(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup $(TESTS)

test-vllm: setup ## the real vLLM on this CPU (3.2 GB once, then 5 minutes)
	@program=$$(PYTHON="$(PYTHON)" sh .ci/vllm.sh) && AGENTLESS_VLLM="$$program" AGENTLESS_CI=1 \
		AGENTLESS_VLLM_REQUIRED=1 $(BIN)/python -m pytest -q tests/vllm

swe-verified: setup ## score a model on SWE-bench Verified
	@$(BIN)/python -m agentless.cli.verified $(VERIFIED)

ladder: setup ## the six checkpoints of the 8B, in one table
	@$(BIN)/python -m agentless.cli.verified --ladder $(VERIFIED)

check: setup ## lint, format, types, layers, code budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python .ci/budgets.py

format: setup ## rewrite the sources in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

golden: setup ## refresh the golden prompts; then read the diff
	AGENTLESS_GOLDEN=1 $(BIN)/python -m pytest -q tests -k golden

build: setup ## wheel and sdist, and a trial of the wheel
	@PYTHON="$(PYTHON)" BIN="$(BIN)" sh .ci/build.sh

constraints: ## pin what a fresh resolution gives today
	@PYTHON="$(PYTHON)" EXTRAS="$(EXTRAS)" sh .ci/constraints.sh

clean: ## remove what the targets made; the cache stays
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
