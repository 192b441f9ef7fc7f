# Two commands for a newcomer: `make demo` and `make test`. Each makes .venv if it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LFW ?= ../shared/lfw

.PHONY: demo test lint types tests format bench tables lock clean

demo: $(READY)
	$(BIN)/unveil demo --output runs/demo

test: lint types tests

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

tests: $(READY)
	$(BIN)/pytest

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Whole-process times, and training speed against the machine's own convolution rate.
bench: $(READY)
	$(BIN)/python benchmarks/start_time.py
	$(BIN)/python benchmarks/train_speed.py

# Every table in the documents, from the committed rows.
tables: $(READY)
	$(BIN)/unveil report README.md --rows results/foundation.jsonl

# Pin what pyproject.toml allows, for every platform, naming no registry.
lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade --output-file constraints.txt

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt \
		--build-constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv runs build dist
