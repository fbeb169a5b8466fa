# make run    the miniature study, from nothing to a report
# make test   all tests; make unit: those that take seconds
# make check  formatting and lint; make clean removes what was built
# The first of these that runs; a name alone may be pyenv's, of a version that it does not use.
PYTHON ?= $(firstword $(foreach version,3.11 3.12 3.13,$(shell \
	python$(version) -c 'print("python$(version)")' 2>/dev/null)) python3)
CORES ?= 2
STUDIES ?=
comma := ,
BIN := .venv/bin

export PATH := $(CURDIR)/$(BIN):$(PATH)
export TOKENIZERS_PARALLELISM = false
# Containers often forbid bytecode, and then each job and each test run compiles all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run unit test check clean environment
.DEFAULT_GOAL := run

environment: .venv/ready

.venv/ready: envs/lock.txt pyproject.toml
	@echo "Setting up .venv from envs/lock.txt (a minute or two, once)"
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement envs/lock.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

run: .venv/ready
	PYTHONPATH=workflow/scripts $(BIN)/python -m babelmerge run --cores $(CORES) $(subst $(comma), ,$(STUDIES))

unit: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/pytest tests/unit --numprocesses $(CORES) --dist worksteal

# All in one run: where a study waits for one job, tests of units use the other core.
test: .venv/ready
	OMP_NUM_THREADS=1 $(BIN)/python workflow/scripts/warm.py $(BIN)/pytest tests \
		--numprocesses $(CORES) --dist worksteal

check: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/rules
	PYTHONPATH=workflow/scripts $(BIN)/lint-imports

clean:
	rm -rf results logs .snakemake
