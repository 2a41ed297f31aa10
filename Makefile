# Everything runs in .venv, which the first target that needs it sets up.
# On a machine with Python 3.11 or later, make and a C compiler, `make demo` is all it takes.

VENV   := .venv
BIN    := $(VENV)/bin
JOBS   ?= 2
DATA   ?= ../shared/data
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

# Stamps: touched when the environment has what pyproject.toml asks for.
RUN := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help install demo flagship gallery test test-data bench bench-esmini bench-learn bench-peers bench-reach bench-rl bench-sim bench-sweep bench-verify conformance lanes mutants soundness exhaustive lint format clean onnx-cases

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | \
	while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "syncml needs Python 3.11 or later with the venv module" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUN): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[plot]'
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(RUN)

install: $(RUN) ## set up .venv with what running needs

demo: $(RUN) ## check, prove, simulate, export and compare the flagship pipeline
	$(BIN)/syncml demo

flagship: $(DEV) ## train the policy of the flagship, draw its learning curve, judge it: docs/how-to/train-the-flagship.md
	rm -rf build/flagship
	$(BIN)/syncml train scenarios/highway_acc/learn_in_language.py --steps 468480 --every 36060 --checkpoint build/flagship --plot docs/how-to/train-the-flagship.svg
	$(BIN)/python scenarios/highway_acc/learn_in_language.py build/flagship/weights.safetensors -o build/flagship/policy.safetensors --judge

gallery: $(DEV) ## make the pictures of docs/gallery.md
	$(BIN)/python -m tools.gallery

test: lint ## linter, type checker and all tests
	$(BIN)/python -m pytest -n $(JOBS)

test-data: $(DEV) ## trained networks and scenarios of others, from DATA/onnx and DATA/openscenario
	SYNCML_TEST_DATA="$(abspath $(DATA))" $(BIN)/python -m pytest tests/data

onnx-cases: $(DEV) ## the node test cases of the onnx package, for the operators that are read
	$(BIN)/python -m tests.networks.cases

bench: $(DEV) ## exported C and simulation against C written by hand, start-up times, large programs
	$(BIN)/python -m benchmarks.export_c.run --rounds 3
	$(BIN)/python -m benchmarks.startup --runs 3
	$(BIN)/python -m benchmarks.large check 1000 5000
	$(BIN)/python -m benchmarks.large verify 1000 10000

bench-reach: $(DEV) ## closed loops with the networks in DATA/onnx: verdicts, times, TRACES random runs against reach sets
	@test -n "$(DATA)" || { echo "make bench-reach DATA=folder [TRACES=1000000]" >&2; exit 2; }
	$(BIN)/python -m benchmarks.reach.run "$(DATA)/onnx" --traces "$(or $(TRACES),10000)"

bench-learn: $(DEV) ## a GRU that learns against PyTorch in the interpreter TORCH and JAX in JAX; products of matrices against NumPy
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m benchmarks.learn.run $(if $(TORCH),--torch "$(TORCH)") $(if $(JAX),--jax "$(JAX)") $(ARGS)

bench-peers: $(DEV) ## exported code against ONNX2C, HEPTAGON (programs), runtimes and emlearn in the interpreter PEERS, C by hand; KWS is the keyword network
	$(BIN)/python -m benchmarks.export_c.peers.run $(if $(ONNX2C),--onnx2c "$(ONNX2C)") $(if $(KWS),--kws "$(KWS)") \
		$(if $(HEPTAGON),--heptagon "$(HEPTAGON)") $(if $(PEERS),--python "$(PEERS)") $(ARGS)

bench-rl: $(DEV) ## PPO with all its updates against Stable-Baselines3 in the interpreter SB3 and JAX in the interpreter JAX
	$(BIN)/python -m benchmarks.rl.run $(if $(SB3),--sb3 "$(SB3)") $(if $(JAX),--jax "$(JAX)") $(ARGS)

bench-sim: $(DEV) ## many runs at once against C written by hand, JAX in the interpreter JAX, EnvPool in ENVPOOL; the scenarios of the folder SUITE
	$(BIN)/python -m benchmarks.sim.run $(if $(JAX),--jax "$(JAX)") $(ARGS)
	$(BIN)/python -W ignore -m benchmarks.sim.environments
	$(BIN)/python -W ignore -m benchmarks.sim.traffic $(if $(ENVPOOL),--envpool "$(ENVPOOL)")
	$(if $(SUITE),$(BIN)/python -m benchmarks.sim.suite "$(SUITE)")

bench-esmini: $(DEV) ## where actors are in syncml and in the program ESMINI, for the OpenSCENARIO files of the folder SUITE
	@test -n "$(ESMINI)" -a -n "$(SUITE)" || { echo "make bench-esmini ESMINI=path of esmini SUITE=folder" >&2; exit 2; }
	$(BIN)/python -m benchmarks.sim.esmini "$(ESMINI)" "$(SUITE)" $(ARGS)

bench-sweep: $(DEV) ## time and memory of sweeps of 10^3 to MOST runs
	$(BIN)/python -m benchmarks.sweep.run --most $(or $(MOST),1e6) $(ARGS)

bench-verify: $(DEV) ## verification on a random sample of the folder SUITE, beside KIND2 and JKIND; COUNT files, LIMIT seconds
	@test -n "$(SUITE)" || { echo "make bench-verify SUITE=folder [KIND2=path] [JKIND=path] [COUNT=300] [LIMIT=20]" >&2; exit 2; }
	$(BIN)/python -m benchmarks.verify.run "$(SUITE)" $(if $(KIND2),--kind2 "$(KIND2)") $(if $(JKIND),--jkind "$(JKIND)") \
		--count $(or $(COUNT),300) --limit $(or $(LIMIT),20) $(ARGS)

conformance: $(DEV) ## public suites of other compilers in the folder SUITES, Lustre V6 against its interpreter LV6
	@test -n "$(SUITES)" || { echo "make conformance SUITES=folder [LV6=path of lv6]" >&2; exit 2; }
	LV6="$(LV6)" $(BIN)/python -m tests.conformance "$(SUITES)" -v

mutants: $(DEV) ## sow faults in the flagship and the examples and show what catches each of them
	$(BIN)/python -m tests.mutants.runner
	$(BIN)/python -m tests.mutants.examples

soundness: $(DEV) ## hold verdicts against 10 million steps of the exported C (an hour)
	$(BIN)/python -m tests.soundness

lanes: $(DEV) ## hold many runs at once against the interpreter: all accepted programs, COUNT random ones (minutes)
	$(BIN)/python -m tests.differential.fuzz_lanes $(or $(COUNT),200)

exhaustive: $(DEV) ## measure the error of the elementary functions on every f32 input (20 minutes)
	$(BIN)/python tests/exhaustive/check_elementary.py --jobs $(JOBS)

lint: $(DEV) ## ruff and basedpyright (strict)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(DEV) ## reformat the sources and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
