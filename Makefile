# Everything runs in a virtual environment of the project's own; the first target that needs it makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check lint types bench clean

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("sgdode needs Python 3.11 or newer: make PYTHON=python3.12") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(READY)

demo: $(READY)  ## simulate, integrate and plot the quickstart
	@mkdir -p demo
	@simulation=$$($(BIN)/sgdode simulate experiments/quickstart.yaml --out-dir demo) && \
	integration=$$($(BIN)/sgdode integrate experiments/quickstart.yaml --out-dir demo) && \
	picture=$$($(BIN)/sgdode plot $$simulation $$integration -o demo/quickstart.png) && \
	echo "The picture: $$picture"

test: $(READY)  ## all tests
	$(BIN)/python -m pytest -n 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

check: lint types test  ## what a commit must pass

bench: $(READY)  ## timings, as a table in experiments/bench.txt
	$(BIN)/python experiments/bench.py

clean:
	rm -rf $(VENV) demo build *.egg-info
