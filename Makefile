# `make` lists what there is. ARGS goes to the command behind a target: make run ARGS="--port 9000"
# PYTHON chooses the interpreter: make PYTHON=/usr/bin/python3.11 setup
ARGS ?=
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup run test check bench eval clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with the leadlight command in it, and the browser code
	@scripts/setup

run: setup ## setup, then start everything on this machine
	@exec .venv/bin/leadlight up $(ARGS)

test: ## setup with test parts, then all checks and tests; with ARGS, only pytest with these
	@scripts/setup --dev
	@scripts/system-packages
	@scripts/test-parts
	@scripts/test $(ARGS)

check: ## lint, formatting, types and floors
	@scripts/setup --dev
	@scripts/test-parts
	@scripts/check

bench: ## measure what is said to be fast
	@scripts/setup --dev
	@scripts/test-parts
	@.venv/bin/python -m benchmarks $(ARGS)

eval: ## judge what is told of addresses, agents and e-mails by sets labelled by hand
	@scripts/setup --dev
	@.venv/bin/python -m evaluation --pull $(ARGS)

clean: ## remove everything that make made; your data stays
	rm -rf .venv .cache node_modules js-snippet/node_modules dist build services/*/static
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find leadlight services tests benchmarks evaluation -name __pycache__ -type d -prune -exec rm -rf {} +
