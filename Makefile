# Two commands for a newcomer: `make demo` and `make test`. Each makes .venv if it is missing.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
LFW ?= ../shared/lfw
OLDEST := .venv-oldest
CORE := .venv-core

# A file's tests stay in one process, where they share what is made once; a process takes 1.5 GB.
# One thread each, since those of two processes would wait for each other; one process more than
# cores, since many tests wait for a process of their own.
PROCESSES := $(shell expr $$(nproc 2> /dev/null || echo 2) + 1)
PARALLEL := --numprocesses $(PROCESSES) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
TEST := OMP_NUM_THREADS=1 $(BIN)/pytest $(PARALLEL)
FAST := -m "not slow and not lfw"

.PHONY: demo test test-all coverage test-lfw test-ray test-oldest lint types tests format fuzz docs gallery bench bench-peers bench-streaming bench-wild mutants tables lock clean

demo: $(CORE)/.ready
	$(CORE)/bin/unveil demo --output runs/demo

# Lint, types and the fast tier of the tests: about two minutes on two cores.
test: lint types tests

tests: $(READY)
	$(TEST) $(FAST)

# Lint, types and all tests: what CI runs, with $UNVEIL_LFW where there are photos of LFW.
test-all: lint types
	$(TEST)

# All tests with the lines that they run; a third slower, so not in CI.
coverage: $(READY)
	$(TEST) --cov

# The checks that need photos of LFW.
test-lfw: $(READY)
	UNVEIL_LFW=$(LFW) $(TEST) -m lfw

# Files by a Ray of its own, which is large and takes most of two cores: not in CI.
test-ray: $(READY)
	$(BIN)/uv pip install --system-certs --python $(BIN)/python --constraint constraints.txt ray
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/batch/test_clusters.py

# The fast tier on the oldest versions that pyproject.toml allows, in an environment of its own.
test-oldest: $(OLDEST)/.ready
	OMP_NUM_THREADS=1 $(OLDEST)/bin/pytest $(PARALLEL) $(FAST)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(READY)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Spoiled files of every kind, read by the commands: about an hour; a part of it is among the tests.
PHOTOS ?= 10000
OTHERS ?= 2000
fuzz: $(READY)
	$(BIN)/python tools/fuzz.py --photos $(PHOTOS) --others $(OTHERS)

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
	$(BIN)/python benchmarks/inspect_speed.py
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

# What inspect sees in pictures as people have them; HALF=held-out only at the end.
HALF ?= development
bench-wild: $(READY)
	$(BIN)/uv pip install --system-certs --python $(BIN)/python --constraint constraints.txt '.[programs]'
	PYTHONPATH=tools $(BIN)/python benchmarks/wild_bench.py --data $(LFW) --half $(HALF) --append results/wild.jsonl
	PYTHONPATH=tools $(BIN)/python benchmarks/wild_restore.py --data $(LFW) --half $(HALF) --append results/wild-restore.jsonl
	$(BIN)/python tools/fill_tables.py docs/wild.md

# Small faults put into a copy of our code, and the share that the tests see; hours on two cores at
# the first time, for what tests reach is recorded. Ctrl-C stops it; the same command goes on.
COUNT ?= 100
SEED ?= 1
mutants: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python tools/mutate.py --count $(COUNT) --seed $(SEED)

# Every table and chart in the documents, from the committed rows.
tables: $(READY)
	$(BIN)/python tools/fill_tables.py
	$(BIN)/python tools/draw_perception.py
	$(BIN)/unveil study report results/study --raw results/study-raw --output docs --name study --no-page
	$(BIN)/unveil audit report results/audit/rows.jsonl results/audit/tuned.jsonl --output docs/audit-results.md

# Pin what pyproject.toml allows, for every platform, naming no registry.
lock: $(READY)
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra peers --extra perception --extra programs --extra ray --universal --python-version 3.11 \
		--no-header --no-annotate --no-emit-index-url --upgrade --output-file constraints.txt
	! grep --line-number "://" constraints.txt

# uv installs in seconds what takes pip minutes; pip is there for machines where uv cannot. Both
# compile what they install: without, every process that imports torch compiles it for two seconds.
PINNED := --quiet --constraint constraints.txt --editable '.[dev]'
UV_INSTALL := $(BIN)/uv pip install --system-certs --compile-bytecode --build-constraint constraints.txt
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	$(UV_INSTALL) --python $(BIN)/python $(PINNED) \
		|| PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install $(PINNED)
	touch $@

# What `pip install unveil` brings, without torch, in an environment of its own.
$(CORE)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(CORE)
	$(CORE)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

# All but torch, torchvision and what they bring: older ones are gigabytes more of CUDA.
KEPT := ^(torch|torchvision|triton|cuda-[a-z]+|nvidia-[a-z0-9-]+)==
$(OLDEST)/.ready: pyproject.toml constraints.txt $(READY)
	$(PYTHON) -m venv $(OLDEST)
	grep -E '$(KEPT)' constraints.txt > $(OLDEST)/kept.txt
	$(UV_INSTALL) --python $(OLDEST)/bin/python --quiet --resolution lowest-direct \
		--constraint $(OLDEST)/kept.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv $(OLDEST) $(CORE) runs build dist .coverage
