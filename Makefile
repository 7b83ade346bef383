# Yingda: `make` lists what can be done.

# The first Python on PATH that the app runs on; set-up says so when there is none.
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) -c \
  'import sys; (3, 11) <= sys.version_info[:2] <= (3, 13) and print("$(p)")' 2>/dev/null)) python3)
VENV := .venv/bin
# Compiled modules make every start several seconds faster.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test model check lint format types lock bench screenshots clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

setup: python ## build both environments, the pages and the encoder's served form
	@$(PYTHON) tools/bootstrap.py

run: python ## start everything and print the addresses; Ctrl-C stops it
	@$(PYTHON) tools/bootstrap.py --run
	@exec $(VENV)/yingda up

test: python ## run every check and every test
	@$(PYTHON) tools/bootstrap.py --tests
	@$(MAKE) --no-print-directory -j2 check model
	@$(VENV)/python -m pytest -n 2 --dist loadgroup

model: # the engine's model, which the tests of the whole path need
	@$(VENV)/yingda train

$(VENV)/ruff:
	@echo "The environment is missing: run 'make setup' first."; exit 1

check: $(VENV)/ruff ## import laws, lint, types, pages
	@$(VENV)/ruff format --check --quiet .
	@$(VENV)/ruff check --quiet .
	@$(VENV)/mypy --no-error-summary
	@$(VENV)/lint-imports --no-logo > .lint-imports.log || (cat .lint-imports.log; exit 1)
	@$(PYTHON) tools/bootstrap.py --npm run check
	@$(PYTHON) tools/bootstrap.py --npm test

format: ## format and mend what can be mended
	@$(VENV)/ruff format --quiet .
	@$(VENV)/ruff check --fix --quiet .

lock: python ## pin the requirements anew
	@$(PYTHON) tools/bootstrap.py --lock

bench: setup ## measure the stack against a plain Rasa project and draw the plot
	@$(VENV)/python -m bench

screenshots: setup ## take the pictures of the desk for docs/desk.md
	@$(VENV)/python -m tests.desk.screenshots

clean: ## remove what set-up made; var/ with the database and the chats stays
	rm -rf .venv .venv-engine .tools var/cache models/serve models/*.tar.gz models/*.inputs connectors/ui/dist connectors/ui/node_modules

.PHONY: python
python:
	@command -v $(PYTHON) > /dev/null || { echo "set-up stopped: $(PYTHON) is not on PATH: install Python 3.11, 3.12 or 3.13, or call 'make PYTHON=/path/to/python …'"; exit 1; }
