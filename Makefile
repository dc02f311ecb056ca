# make demo   the whole story on a throw-away repository     make lint    format, lint, types, layers
# make test   every test                                     make check   lint, tests with coverage, docs: .ci/run
# make dev    every extra into .venv, and .wheelhouse        make bench   the benchmark table; bench-recall: the corpus
# make docs   rewrites what docs/check.py compares               make soak    hundreds of kills, thousands of examples
# make fuzz   looks for inputs that break the engine or a reader, for SECONDS=60 in all; FUZZ_TARGET=NAME: one of them
# make lock   renews requirements-action.txt: what the GitHub Action installs
#
# Needs Python 3.11+, git and make; each target makes .venv itself. `make PYTHON=/path/to/python3.13 …` chooses another.

SHELL = /bin/sh
# A caller's Python settings must not leak into .venv.
unexport PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX

# The first Python that is new enough and can make environments; a pyenv shim may exist and not run.
CANDIDATES = python3 python3.15 python3.14 python3.13 python3.12 python3.11 python
NEW_ENOUGH = import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))
PYTHON = $(shell for p in $(CANDIDATES); do \
	if $$p -I -c '$(NEW_ENOUGH)' >/dev/null 2>&1; then command -v $$p; break; fi; done)

PY = .venv/bin/python
PIP = $(PY) -m pip --disable-pip-version-check --no-input
# Labelled cases for bench-recall, one JSON object a line (bench/recall.py).
CORPUS ?= $(wildcard ../shared/corpus/cases.jsonl)

.PHONY: dev lint test covered soak fuzz check bench bench-recall demo docs lock
.DEFAULT_GOAL := check

dev: .venv/.dev
demo: .venv/.base
	@$(PY) -m scanner demo
lint: .venv/.dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
# Absolute, because worker processes write theirs from wherever a test has gone.
covered: export COVERAGE_FILE = $(CURDIR)/.coverage
covered: .venv/.dev
	$(PY) -m pytest -n auto --dist loadfile --cov --cov-report=term
# Without coverage, which makes it take twice as long.
test: .venv/.dev
	$(PY) -m pytest -n auto --dist loadfile
# The crash test with ten times as many kills, and ten times as many examples of what is drawn at random, other ones each
# time; many minutes.
soak: export XOXSCAN_KILLS = 300
soak: export XOXSCAN_MANY = 10
soak: .venv/.dev
	$(PY) -m pytest -n auto --dist worksteal tests/acceptance/test_crash.py
	$(PY) -m pytest -n auto --dist worksteal -m "hypothesis or many"
# Guided by coverage (tests/fuzz/README.md). atheris has an environment of its own: it has wheels for few systems.
SECONDS = 60
fuzz: .venv/fuzz/.made
	.venv/fuzz/bin/python -m tests.fuzz --seconds '$(SECONDS)' $(if $(FUZZ_TARGET),--target '$(FUZZ_TARGET)') $(ARGS)
.venv/fuzz/.made: .venv/pyvenv.cfg pyproject.toml
	"$(PY)" -m venv --clear .venv/fuzz
	@.venv/fuzz/bin/python -m pip --disable-pip-version-check install --quiet --only-binary atheris atheris || \
		{ echo "make: there is no atheris for this Python and system (it has wheels for Linux on x86-64, CPython 3.11 to" \
		"3.14): nothing can be fuzzed here; the kept inputs are part of make test" >&2; exit 2; }
	.venv/fuzz/bin/python -m pip --disable-pip-version-check install --quiet --editable '.[history]'
	@touch $@
docs: .venv/.dev
	$(PY) docs/check.py --write
# Every file of each version with its hash, whatever system this runs on. pip-tools has an environment of its own.
LOCK = requirements-action.txt
lock: .venv/pyvenv.cfg
	"$(PY)" -m venv --clear .venv/lock
	.venv/lock/bin/python -m pip --disable-pip-version-check install --quiet pip-tools
	.venv/lock/bin/python -m piptools compile --quiet --upgrade --generate-hashes --strip-extras --no-header \
		--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file .venv/lock/made.txt pyproject.toml
	@{ echo '# What the GitHub Action installs: the base dependencies of pyproject.toml, each version with the hashes of all its'; \
		echo '# files, for every system and Python. Made by `make lock`; do not edit.'; cat .venv/lock/made.txt; } >$(LOCK)
check: lint covered
	$(PY) docs/check.py
bench: .venv/.dev
	$(PY) -m bench.run $(ARGS)
bench-recall: .venv/.dev
	@test -n "$(CORPUS)" || { echo "make: say which labelled cases: make bench-recall CORPUS=FILE.jsonl" >&2; exit 1; }
	$(PY) -m bench.recall $(CORPUS)

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: xoxscan needs Python 3.11 or newer with venv and ensurepip" \
		"(on Debian and Ubuntu: apt install python3-venv); none of these is: $(CANDIDATES)" >&2; exit 1; }
	"$(PYTHON)" -m venv --clear .venv
# As old as the environment; the interpreter behind .venv/bin/python is older.
.venv/pyvenv.cfg: .venv/bin/python ;
.venv/.base: .venv/pyvenv.cfg pyproject.toml
	$(PIP) install --quiet --editable .
	@touch $@
.venv/.dev: .venv/pyvenv.cfg pyproject.toml .wheelhouse/.filled
	$(PIP) install --quiet --editable '.[dev,history]'
	@touch .venv/.base $@
# What an environment without network needs to build and to run xoxscan: the tests of packaging and of pre-commit use it.
# The action's own are locked.
.wheelhouse/.filled: .venv/pyvenv.cfg pyproject.toml $(LOCK)
	@mkdir -p .wheelhouse
	$(PY) -c '$(REQUIREMENTS)' >.wheelhouse/requirements.txt
	$(PIP) wheel --quiet --wheel-dir .wheelhouse --requirement .wheelhouse/requirements.txt
	$(PIP) download --quiet --dest .wheelhouse --require-hashes --only-binary :all: --requirement $(LOCK)
	@touch $@
REQUIREMENTS = import tomllib; p = tomllib.load(open("pyproject.toml", "rb")); \
	print(*p["build-system"]["requires"], *p["project"]["dependencies"], "editables", sep="\n")
