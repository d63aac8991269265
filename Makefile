# `make demo` searches a circuit for the Bessel series, `make test` runs the whole suite. Both need Python 3.11+ only.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SEEDS ?= 1

.PHONY: demo test lint types docs unit package reliability clean

demo: $(VENV)/.demo
	$(BIN)/diffqas search bessel --seeds $(SEEDS)

test: lint types docs unit

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.dev
	$(BIN)/pyright --pythonpath $(BIN)/python

# The documentation site: site/index.html. Asks no network. Every page anew (-E): an old page's warning counts, too.
docs: $(VENV)/.dev
	$(BIN)/sphinx-build -q -E -W --keep-going -b html -c docs . site

unit: $(VENV)/.dev
	$(BIN)/pytest -n 2 --dist worksteal

# What `make test` tries a few of: kills, damaged checkpoints, full disks and files with anything in them.
reliability: $(VENV)/.dev
	DIFFQAS_EXAMPLES=1000 $(BIN)/pytest tests/reliability/test_fuzzing.py
	$(BIN)/python benchmarks/reliability.py

# torch first and by its pin: a range would take the newest build with its GPU packages.
$(VENV)/.demo: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade "pip>=25.1"
	$(PIP) install --quiet --constraint constraints.txt torch
	$(PIP) install --quiet --constraint constraints.txt --editable ".[fast,rl]"
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	$(PIP) install --quiet --constraint constraints.txt --editable ".[all]" --group dev --group docs
	touch $@

# Builds what others install, and uses it in an environment of its own.
package: $(VENV)/.dev
	rm -rf dist build/package
	$(BIN)/python -m build --outdir dist
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv build/package
	build/package/bin/python -m pip install --quiet --constraint constraints.txt torch
	build/package/bin/python -m pip install --quiet --constraint constraints.txt dist/*.whl
	build/package/bin/diffqas candidates
	build/package/bin/diffqas search bessel --epochs 2 --output build/package/run --overwrite

clean:
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .hypothesis
