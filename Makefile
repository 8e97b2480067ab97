# make demo: the main job, with a report.   make test: everything that CI runs.
# Needs Python ≥ 3.10 with venv and pip; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

# A new tag is a new version: what is installed says which one it is.
TAGS := $(wildcard .git/refs/tags)

.PHONY: demo test lint types rooms tests fuzz pictures test-newest test-lowest test-tools test-browser docs bench clean

demo: $(VENV)/demo-ready
	$(BIN)/lsrl demo

test: lint types rooms tests

lint: $(VENV)/test-ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test-ready
	$(BIN)/mypy

rooms: $(VENV)/test-ready
	$(BIN)/lint-imports

tests: $(VENV)/test-ready
	$(BIN)/pytest -n auto

# N random programs, from the number SEED on, on all targets: make fuzz N=10000 SEED=5000
N ?= 1000
SEED ?= 0
fuzz: $(VENV)/test-ready
	$(BIN)/python -m tests.fuzz $(N) --seed $(SEED) --processes 2

# The tests with the newest versions that pyproject.toml allows, and with the lowest ones.
test-newest:
	$(PYTHON) -m venv $(VENV)-newest
	$(VENV)-newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager -e '.[test]'
	$(VENV)-newest/bin/pytest -n auto

test-lowest:
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade uv
	$(VENV)-lowest/bin/uv pip install --quiet --python $(VENV)-lowest/bin/python --upgrade --resolution lowest-direct -e '.[test]'
	$(VENV)-lowest/bin/pytest -n auto

# Sites in TransformerLens, nnsight and pyvene: an environment of its own, as these bring 66 packages.
test-tools:
	$(PYTHON) -m venv $(VENV)-tools
	$(VENV)-tools/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,tools]'
	$(VENV)-tools/bin/pytest -n0 tests/interp/test_tools.py

# The explorer's pages in a real Chromium: one that is installed (Debian: apt-get install chromium), or playwright's own.
test-browser: $(VENV)/test-ready
	$(PIP) -e '.[test,browser]'
	command -v chromium chromium-browser google-chrome > /dev/null || $(BIN)/playwright install chromium
	$(BIN)/pytest -n0 tests/explorer

# The pictures of README and docs, drawn anew.
pictures: $(VENV)/test-ready
	$(BIN)/python docs/draw_pictures.py

# The site, into site/index.html: links that lead nowhere fail. It needs nothing from a network, when built or when read.
docs: $(VENV)/docs-ready
	$(BIN)/pytest -n0 --doctest-modules website
	$(BIN)/python -m mkdocs build --strict -f website/mkdocs.yml

bench: $(VENV)/test-ready
	$(BIN)/lsrl bench

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/demo-ready: $(BIN)/python pyproject.toml constraints.txt $(TAGS)
	$(PIP) -e '.[hf,view]'
	touch $@

$(VENV)/test-ready: $(BIN)/python pyproject.toml constraints.txt $(TAGS)
	$(PIP) -e '.[test]'
	touch $@ $(VENV)/demo-ready

$(VENV)/docs-ready: $(VENV)/test-ready
	$(PIP) -e '.[test,docs]'
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-newest $(VENV)-lowest $(VENV)-tools demo-output site
