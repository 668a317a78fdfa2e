# The two commands of the README: make run, make test. Every target does its own set-up first.
PYTHON := .venv/bin/python
.PHONY: run test demo setup check bench screenshots clean
.DEFAULT_GOAL := run

setup:
	@scripts/setup.sh

run: setup
	@$(PYTHON) main.py $(ARGS)

# Tests marked realtime have the machine to themselves; the rest is spread over its cores, at most four.
PYTEST := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(PYTHON) -m pytest

test: setup
ifdef ARGS
	@$(PYTEST) $(ARGS)
else
	@$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile -m "not realtime" tests
	@$(PYTEST) -m realtime tests
endif

demo: setup
	@$(PYTHON) main.py demo $(ARGS)

check: setup
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports

bench: setup
	@$(PYTHON) -m benchmarks $(ARGS)

screenshots: setup
	@$(PYTHON) -m scripts.screenshots $(ARGS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
