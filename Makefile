# make run: a shop, the service and a simulated WeChat.  make test: the whole suite.
# Both need Python 3.11 or newer and the package index, nothing else.
PYTHON ?= python3
PORT ?= 5000
SIMULATOR_PORT ?= 5001
SHOP_PORT ?= 5002
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
export PORT SIMULATOR_PORT SHOP_PORT

.PHONY: help run test databases quick check proof mutants face format translations docs simulator requirements clean

# The first target, so also what `make` alone does.
help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

run: .venv/.run  ## a shop, the service and a simulated WeChat
	@$(BIN)/wxlogin demo

# Each worker and each process that a test starts would compile all of it again.
test databases quick mutants: export PYTHONDONTWRITEBYTECODE =

test: .venv/.dev  ## the whole suite; ARGS=... for pytest
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

# The rooms whose tests run on SQLite otherwise, once on each server.
ROOMS := $(addprefix tests/unit/,accounts db flows oidc sites telling tickets transfer)
databases: .venv/.dev  ## tests of accounts, sites, tickets, flows, oidc on PostgreSQL and MariaDB
	@for one in postgresql mariadb; do \
	  $(BIN)/python -m pytest -n auto --dist worksteal -q --database $$one $(ROOMS) $(ARGS) || exit 1; done

# Unit and web tests: no database server, no browser.
quick: .venv/.dev  ## unit and web tests, without servers and browsers
	@$(BIN)/python -m pytest -n auto --dist worksteal -q tests/unit tests/web tests/docs $(ARGS)

check: export SEMGREP_SEND_METRICS = off
check: export SEMGREP_ENABLE_VERSION_CHECK = 0
check: .venv/.dev .venv/.semgrep  ## lint, types, import contract, rules for security
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/bandit -q -r -ll wxlogin app.py
	@$(SEMGREP) scan --quiet --test .ci/semgrep >.venv/semgrep.log 2>&1 || { cat .venv/semgrep.log; exit 1; }
	$(SEMGREP) scan --quiet --error --config .ci/semgrep/rules.yml wxlogin templates app.py

proof: .venv/.dev  ## the long proofs: races, people, load (by hand)
	$(BIN)/python -m tests.proof

# Breaks the code in every way that mutmut knows, a copy each, and runs the tests that
# meet the line: docs/reliability.md. NAMES='wxlogin.tickets.*' for some of it.
mutants: .venv/.dev  ## which faults in the code no test would see (by hand, hours)
	@$(PIP) install -c constraints.txt 'mutmut>=3.8,<4'
	@$(BIN)/mutmut run $(foreach name,$(NAMES),'$(name)')
	@$(BIN)/mutmut results

# Two checkouts whose output is the same have the same public face.
face: .venv/.dev  ## what others hold on to, as text to compare
	@$(BIN)/python -m tests.proof.face

format: .venv/.dev  ## write the code as ruff wants it
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The examples, into the pages that quote them; then the pages, into site/.
docs: export NO_MKDOCS_2_WARNING = 1
docs: .venv/.dev  ## the documentation as a site, in Chinese and English: site/
	@$(BIN)/python docs/include.py
	@$(BIN)/mkdocs build -q --strict -f docs/mkdocs/zh.yml
	@$(BIN)/mkdocs build -q --strict -f docs/mkdocs/en.yml

# The simulator alone, as a distribution of its own, from the folder that ours holds.
simulator: .venv/.dev  ## the wheel of wechat-simulator: dist/
	@cd packaging/wechat-simulator && $(CURDIR)/$(BIN)/python -m hatchling build -t wheel -d $(CURDIR)/dist

# Catalogues of the service and of the simulator: new texts in, old ones out, compiled.
# The one in traditional characters is made of the one in simplified ones.
PAGES := wxlogin/web wxlogin/flows/doors.py wxlogin/wechat/errcodes.py templates
translations: .venv/.dev  ## new texts into the catalogues, old ones out, compiled
	@$(call catalogue,wxlogin/translations,$(PAGES))
	@$(call catalogue,wxlogin/simulator/translations,wxlogin/simulator)

define catalogue
$(BIN)/pybabel -q extract --no-location --sort-output -F wxlogin/babel.cfg -k lazy_gettext -o .catalogue.pot $(2) && \
$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date -i .catalogue.pot -d $(1) && \
$(BIN)/python -m tests.support.traditional $(1) && \
sed -i -e '/^"Report-Msgid-Bugs-To/d' -e '/FULL NAME/d' -e '/LL@li.org/d' $(1)/*/LC_MESSAGES/messages.po && \
$(BIN)/pybabel -q compile -f -d $(1) && \
rm -f .catalogue.pot
endef

# requirements.txt: what is shipped, with hashes, for every platform; the versions are
# those of constraints.txt. deploy/build-requirements.txt: what makes a wheel of it.
define pinned
	@$(BIN)/uv pip compile -q $(1) -c constraints.txt --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make requirements"
endef
requirements: .venv/.dev  ## requirements.txt, with hashes, from constraints.txt
	@$(PIP) install uv
	$(call pinned,pyproject.toml --extra gevent --extra mariadb --extra postgresql --extra redis -o requirements.txt)
	@echo hatchling > .build.in
	$(call pinned,.build.in -o deploy/build-requirements.txt)
	@rm .build.in

clean:  ## remove .venv and what was built
	rm -rf .venv dist build site

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "wxlogin needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@echo "Making .venv (once, under a minute) ..."
	@# One whose Python is gone, after an upgrade of the system, is made anew.
	@$(PYTHON) -m venv --clear .venv

.venv/.run: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt -e .
	@touch $@

# In an environment of its own: it wants older versions of what others here want.
SEMGREP := .venv/semgrep/bin/semgrep
.venv/.semgrep: .venv/bin/python .ci/semgrep/requirements.txt
	@echo "Making .venv/semgrep (once, under a minute) ..."
	@$(BIN)/python -m venv --clear .venv/semgrep
	@.venv/semgrep/bin/python -m pip --disable-pip-version-check -qq install -r .ci/semgrep/requirements.txt
	@touch $@

.venv/.dev: .venv/bin/python pyproject.toml constraints.txt
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ .venv/.run
