# make run: the service and a simulated WeChat.  make test: the whole suite.
# Both need Python 3.11 or newer and the package index, nothing else.
PYTHON ?= python3
PORT ?= 5000
SIMULATOR_PORT ?= 5001
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
export PORT SIMULATOR_PORT

.PHONY: run test check proof format translations clean

run: .venv/.run
	@$(BIN)/wxlogin demo

test: .venv/.dev
	@$(BIN)/python -m pytest -n auto $(ARGS)

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

proof: .venv/.dev
	$(BIN)/python -m tests.proof

format: .venv/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

CATALOG := wxlogin/translations/zh/LC_MESSAGES/messages
EXTRACT := $(BIN)/pybabel -q extract --no-location --sort-output -F wxlogin/babel.cfg -k _l -k lazy_gettext

translations: .venv/.dev
	$(EXTRACT) -o .catalog.pot wxlogin/web templates/base.html templates/error.html templates/login templates/account
	$(BIN)/pybabel -q update --no-fuzzy-matching -i .catalog.pot -o $(CATALOG).po -l zh
	$(BIN)/pybabel -q compile -i $(CATALOG).po -o $(CATALOG).mo
	@rm -f .catalog.pot

clean:
	rm -rf .venv dist build

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wxlogin needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@echo "Making .venv (once, under a minute) ..."
	@$(PYTHON) -m venv .venv

.venv/.run: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt -e .
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ .venv/.run
