# Two commands for a newcomer: `make demo` and `make test`. Each makes .venv if it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LFW ?= ../shared/lfw

.PHONY: demo test lint types tests format docs gallery bench bench-peers bench-streaming tables lock clean

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

# The site, into runs/site: open runs/site/index.html. Warnings (a dead link, say) are errors.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The pictures of docs/gallery.md, by the commands that stand there.
gallery: $(READY)
	$(BIN)/python tools/draw_gallery.py

# Whole-process times, and training speed against the machine's own convolution rate.
bench: $(READY)
	$(BIN)/python benchmarks/start_time.py
	$(BIN)/python benchmarks/train_speed.py
	$(BIN)/python benchmarks/restore_speed.py --data $(LFW)
	$(BIN)/python benchmarks/storage_speed.py
	$(BIN)/python benchmarks/audit_speed.py
	$(BIN)/python benchmarks/engine_speed.py
	$(BIN)/python benchmarks/video_speed.py
	$(BIN)/python benchmarks/page_speed.py

# unveil beside other libraries and networks, all trained here for the same time; about an hour.
bench-peers: $(READY)
	$(BIN)/uv pip install --system-certs --python $(BIN)/python --constraint constraints.txt '.[peers]'
	$(BIN)/python benchmarks/peers.py --data $(LFW)
	$(BIN)/python tools/draw_peers.py

# One blind network for compression and noise beside DnCNN, both trained here for eight minutes.
bench-streaming: $(READY)
	$(BIN)/python benchmarks/streaming.py --data $(LFW) --seconds 480
	$(BIN)/python tools/fill_tables.py docs/restorers.md

# Every table and chart in the documents, from the committed rows.
tables: $(READY)
	$(BIN)/python tools/fill_tables.py
	$(BIN)/unveil study report results/study --out docs --name study --no-page
	$(BIN)/unveil audit report results/audit/rows.jsonl --out docs/audit-results.md

# Pin what pyproject.toml allows, for every platform, naming no registry.
lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra peers --extra programs --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade --output-file constraints.txt
	! grep --line-number "://" constraints.txt

# uv installs in seconds what takes pip minutes; pip is there for machines where uv cannot.
PINNED := --quiet --constraint constraints.txt --editable '.[dev]'
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(BIN)/uv pip install --system-certs --python $(BIN)/python --build-constraint constraints.txt $(PINNED) \
		|| PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install $(PINNED)
	touch $@

clean:
	rm -rf .venv runs build dist
