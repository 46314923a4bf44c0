# Everything runs in a virtual environment of the project's own; the first target that needs it makes it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Byte code is written where it is missing: some containers forbid it, and every process then compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

# The figures of the paper and twelve more, cheapest first: a folder of experiments/ each.
FIGURES := fig1 fig2-left bands cost infinite-width activations fig5a fig5d fig4 fig3-left fig5c fig5b subspace \
	scaling-law continual-learning structured-inputs averaging schedules reuse clipping fig3-right fig2-right

.PHONY: demo docs figures figures-quick atlas atlas-quick test check lint types bench notebooks mutants clean

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("sgdode needs Python 3.11 or newer: make PYTHON=python3.12") if sys.version_info < (3, 11) else 0'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --editable '.[dev]'
	@touch $(READY)

demo: $(READY)  ## simulate, integrate and plot the quickstart
	@mkdir -p demo
	@simulation=$$($(BIN)/sgdode simulate experiments/quickstart.yaml --out-dir demo) && \
	integration=$$($(BIN)/sgdode integrate experiments/quickstart.yaml --out-dir demo) && \
	picture=$$($(BIN)/sgdode plot $$simulation $$integration -o demo/quickstart.png) && \
	echo "The picture: $$picture"

figures: $(READY)  ## every figure at full size, into experiments/figures; a stopped one goes on where it was
	@for figure in $(FIGURES); do PATH="$(abspath $(BIN)):$$PATH" sh experiments/$$figure/figure.sh || exit; done

figures-quick: $(READY)  ## the same, smaller, in a few minutes, into experiments/*/results
	@for figure in $(FIGURES); do PATH="$(abspath $(BIN)):$$PATH" sh experiments/$$figure/figure.sh quick || exit; done

atlas: $(READY)  ## published results of the field, with their table, into experiments/literature
	$(BIN)/python experiments/literature/atlas.py

atlas-quick: $(READY)  ## the same, smaller, in a few minutes, into experiments/literature/*/results
	$(BIN)/python experiments/literature/atlas.py quick

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

docs: $(READY)  ## the documentation as a site, in build/docs; its pages run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/sphinx-build -q -W --keep-going -b html -d build/doctrees docs build/docs

notebooks: $(READY)  ## execute the notebooks of the documentation, with their outputs into build/notebooks
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[notebook]'
	$(BIN)/jupyter nbconvert --to notebook --execute --output-dir build/notebooks docs/notebooks/*.ipynb

mutants: $(READY)  ## damage the code here and there, for half an hour, and list what no test sees
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[mutants]'
	PYTHONPATH=tests $(BIN)/python tests/support/mutants.py

clean:
	rm -rf $(VENV) demo build *.egg-info
